"""Thresholds and calibration, against counting and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, confusion_matrix

from cxr.metrics import operating_points
from cxr.metrics.bootstrap import draw
from cxr.model import calibration


@pytest.fixture
def scored(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    positive = rng.random(500) < 0.2
    return np.round(np.clip(rng.normal(0.3 + 0.3 * positive, 0.2), 0, 1), 2), positive


def test_the_bench_counts_as_scikit_learn_does_at_200_thresholds(
    scored: tuple[np.ndarray, np.ndarray], rng: np.random.Generator
) -> None:
    score, positive = scored
    for threshold in rng.choice(np.r_[score, rng.random(100)], 200):
        (tn, fp), (fn, tp) = confusion_matrix(positive, score >= threshold)
        point = operating_points.at_threshold(score, positive, threshold)
        assert (point.found, point.missed, point.alarms, point.passed) == (tp, fn, fp, tn)
        assert point.sensitivity == pytest.approx(tp / (tp + fn))
        assert point.specificity == pytest.approx(tn / (tn + fp))


def test_predictive_values_at_the_films_own_prevalence_are_those_counted(
    scored: tuple[np.ndarray, np.ndarray],
) -> None:
    score, positive = scored
    point = operating_points.at_threshold(score, positive, 0.5)
    found = operating_points.per_thousand(point.sensitivity, point.specificity, positive.mean())
    assert found.ppv == pytest.approx(positive[score >= 0.5].mean())
    assert found.npv == pytest.approx((~positive)[score < 0.5].mean())
    assert found.called == pytest.approx(1000 * (score >= 0.5).mean())
    assert found.missed == pytest.approx(1000 * ((score < 0.5) & positive).mean())
    assert found.alarms == pytest.approx(1000 * ((score >= 0.5) & ~positive).mean())


@pytest.mark.parametrize(("prevalence", "ppv"), [(0.12, 0.29), (0.02, 0.058), (0.005, 0.015)])
def test_predictive_value_of_the_who_minimum(prevalence: float, ppv: float) -> None:
    found = operating_points.per_thousand(0.9, 0.7, prevalence)
    assert found.ppv == pytest.approx(ppv, abs=0.001)
    assert operating_points.meets_who(0.9, 0.7)
    assert not operating_points.meets_who(0.89, 0.99)
    assert not operating_points.meets_who(0.99, 0.69)


def test_what_is_divided_by_nothing_is_not_a_number() -> None:
    point = operating_points.at_threshold(np.array([0.2, 0.4]), np.zeros(2, bool), 0.5)
    assert np.isnan(point.sensitivity)
    assert point.specificity == 1
    assert np.isnan(operating_points.per_thousand(0.0, 1.0, 0.1).ppv)


def test_thresholds_that_reach_a_rate(scored: tuple[np.ndarray, np.ndarray]) -> None:
    score, positive = scored
    for wanted in (0.5, 0.9, 1.0):
        threshold = operating_points.reaching(score, positive, sensitivity=wanted)
        assert threshold is not None
        assert (score[positive] >= threshold).mean() >= wanted
        assert (score[positive] > threshold).mean() < wanted
        threshold = operating_points.reaching(score, positive, specificity=wanted)
        if threshold is not None:
            assert (score[~positive] < threshold).mean() >= wanted
            lower = score[score < threshold].max()
            assert (score[~positive] < lower).mean() < wanted
    assert operating_points.reaching(score, np.zeros(500, bool), sensitivity=0.9) is None
    assert operating_points.reaching(np.ones(3), np.zeros(3, bool), specificity=0.5) is None


def test_rates_have_no_interval_for_one_patient(scored: tuple[np.ndarray, np.ndarray]) -> None:
    score, positive = scored
    patients = np.where(positive, 0, np.arange(500))
    patients = np.unique(patients, return_inverse=True)[1]
    sensitivity, specificity = operating_points.rates(
        score, positive, 0.5, patients, draw(patients)
    )
    assert np.isnan(sensitivity.low)
    assert specificity.low < specificity.value < specificity.high


def test_reliability_equals_scikit_learns(rng: np.random.Generator) -> None:
    said = np.r_[rng.random(400), 0.0, 1.0, 0.2]
    came = rng.random(403) < said
    ours = calibration.reliability(said, came, 10)
    true, predicted = calibration_curve(came, said, n_bins=10)
    np.testing.assert_allclose(ours.said[ours.films > 0], predicted)
    np.testing.assert_allclose(ours.came[ours.films > 0], true)
    gaps = np.abs(ours.said - ours.came) * ours.films / 403
    assert ours.error == pytest.approx(np.nansum(gaps))
    assert ours.films.sum() == 403


def test_brier_equals_scikit_learns(rng: np.random.Generator) -> None:
    p = calibration.softmax(rng.normal(size=(200, 3)), 0.7)
    truth = rng.integers(0, 3, 200)
    expected = brier_score_loss(truth, p, labels=[0, 1, 2], scale_by_half=False)
    assert calibration.brier(p, truth) == pytest.approx(expected)
