"""Curves, areas and the bootstrap against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from cxr.metrics import bootstrap, confidence_bands, curves


def drawn(rng: np.random.Generator, n: int, ties: bool) -> tuple[np.ndarray, np.ndarray]:
    positive = rng.random(n) < 0.3
    score = rng.normal(size=n) + positive
    return np.round(score, 1) if ties else score, positive


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("n", [5, 40, 700])
def test_areas_and_curves_equal_scikit_learns(n: int, ties: bool, rng: np.random.Generator) -> None:
    score, positive = drawn(rng, n, ties)
    positive[:2] = [True, False]
    counts = curves.count(score, positive)
    assert curves.auroc(counts) == pytest.approx(roc_auc_score(positive, score))
    assert curves.average_precision(counts) == pytest.approx(
        average_precision_score(positive, score)
    )
    for ours, theirs in zip(
        (*curves.roc(counts), counts.threshold),
        roc_curve(positive, score, drop_intermediate=False),
        strict=True,
    ):
        np.testing.assert_allclose(ours, theirs)
    precision, recall, _ = precision_recall_curve(positive, score)
    ours = curves.precision_recall(counts)
    np.testing.assert_allclose(ours[0][::-1], precision[: len(ours[0])])
    np.testing.assert_allclose(ours[1][::-1], recall[: len(ours[1])])


def test_without_one_side_there_is_no_area() -> None:
    score = np.arange(4.0)
    for side in (True, False):
        counts = curves.count(score, np.full(4, side))
        assert np.isnan(curves.auroc(counts))
    assert np.isnan(curves.average_precision(curves.count(score, np.zeros(4, bool))))
    again = curves.resample(score, np.ones(4, bool), np.arange(4), bootstrap.draw(np.arange(4), 9))
    assert np.isnan(again.auroc).all()


@pytest.mark.parametrize("ties", [False, True])
def test_each_resample_equals_scikit_learn_on_repeated_films(
    ties: bool, rng: np.random.Generator
) -> None:
    score, positive = drawn(rng, 300, ties)
    patients = np.unique(rng.integers(0, 90, 300), return_inverse=True)[1]
    counts = bootstrap.draw(patients, 2 * bootstrap.CHUNK + 3)
    at = np.array([-0.5, 0.3, 1.0])
    again = curves.resample(score, positive, patients, counts, at)
    for r in range(0, len(counts), 7):
        weight = counts[r][patients]
        assert again.auroc[r] == pytest.approx(roc_auc_score(positive, score, sample_weight=weight))
        assert again.average_precision[r] == pytest.approx(
            average_precision_score(positive, score, sample_weight=weight)
        )
        for k, threshold in enumerate(at):
            called = score >= threshold
            assert again.true[r, k] == pytest.approx(
                weight[called & positive].sum() / weight[positive].sum()
            )
            assert again.false[r, k] == pytest.approx(
                weight[called & ~positive].sum() / weight[~positive].sum()
            )
            assert again.precision[r, k] == pytest.approx(
                weight[called & positive].sum() / weight[called].sum()
            )


def test_patients_are_drawn_whole_and_as_many_as_there_are() -> None:
    counts = bootstrap.draw(np.array([0, 0, 1, 2, 2]), 50)
    assert counts.shape == (50, 3)
    assert (counts.sum(1) == 3).all()
    assert len(np.unique(counts[:, 0])) > 2


def test_sums_are_those_of_repeated_films(rng: np.random.Generator) -> None:
    patients = rng.integers(0, 9, 60)
    patients[:9] = np.arange(9)
    columns = rng.normal(size=(60, 2))
    counts = bootstrap.draw(patients, 70)
    expected = [np.repeat(columns, row[patients], 0).sum(0) for row in counts]
    np.testing.assert_allclose(bootstrap.sums(counts, patients, columns), expected)


def test_the_interval_covers_what_it_should() -> None:
    """Of 200 samples of known mean, about 95 % of the intervals hold it."""
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        films = np.repeat(rng.random(60) < 0.7, 3).astype(float)
        patients = np.repeat(np.arange(60), 3)
        means = bootstrap.sums(bootstrap.draw(patients, 400, seed), patients, films[:, None])
        low, high = bootstrap.interval(means[:, 0] / 180)
        held += low <= 0.7 <= high
    assert 180 <= held <= 198


def test_an_interval_leaves_out_resamples_without_the_figure() -> None:
    values = np.array([[np.nan, np.nan], [1.0, np.nan], [3.0, np.nan]])
    found = bootstrap.interval(values)
    np.testing.assert_allclose(found[:, 0], [1.05, 2.95])
    assert np.isnan(found[:, 1]).all()


def test_bands_hold_the_curve(rng: np.random.Generator) -> None:
    score, positive = drawn(rng, 900, False)
    roc, precision = confidence_bands.both(score, positive, np.arange(900), 300)
    for curve in (roc, precision):
        at = np.interp(confidence_bands.GRID[5:], np.sort(curve.x), curve.y[np.argsort(curve.x)])
        inside = (curve.low[5:] - 0.02 <= at) & (at <= curve.high[5:] + 0.02)
        assert inside.mean() > 0.95
        assert curve.area.low < curve.area.value < curve.area.high
        assert len(curve.x) <= confidence_bands.POINTS


def test_one_patient_has_curves_without_bands() -> None:
    positive = np.arange(6) < 3
    roc, _ = confidence_bands.both(np.arange(6.0), positive, np.zeros(6, int), 100)
    assert roc.area.value == 0
    assert np.isnan(roc.area.low)
    assert not len(roc.low)


def test_risk_and_coverage_count_films_of_equal_confidence_together() -> None:
    confidence = np.array([0.9, 0.8, 0.8, 0.5])
    right = np.array([True, False, True, False])
    threshold, coverage, risk = curves.risk_coverage(confidence, right)
    assert threshold.tolist() == [0.9, 0.8, 0.5]
    assert coverage.tolist() == [0.25, 0.75, 1.0]
    np.testing.assert_allclose(risk, [0, 1 / 3, 0.5])
