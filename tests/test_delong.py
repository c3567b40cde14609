"""Areas and their covariance without a resample."""

from __future__ import annotations

import numpy as np
import pytest

from cxr.metrics import curves, delong
from cxr.metrics.bootstrap import draw


def _films(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    positive = np.arange(n) % 2 == 0
    score = rng.normal(size=n) + positive
    return np.stack([score, score + rng.normal(size=n)]), positive


def test_one_film_a_patient_is_delongs_own_formula(rng: np.random.Generator) -> None:
    scores, positive = _films(rng, 41)
    scores = scores.round(1)  # ties
    found, covariance = delong.areas(scores, positive, np.arange(41))
    ill, well = scores[:, positive], scores[:, ~positive]
    beats = (ill[:, :, None] > well[:, None]) + 0.5 * (ill[:, :, None] == well[:, None])
    want = np.cov(beats.mean(2)) / ill.shape[1] + np.cov(beats.mean(1)) / well.shape[1]
    np.testing.assert_allclose(covariance, want)
    for area, score in zip(found, scores, strict=True):
        assert area == pytest.approx(curves.auroc(curves.count(score, positive)))


def test_a_patients_films_count_as_they_do_in_resamples(rng: np.random.Generator) -> None:
    """Each patient's four films are alike: as sure as a quarter of the films."""
    scores, positive = _films(rng, 60)
    many, ill = np.repeat(scores, 4, 1), np.repeat(positive, 4)
    patients = np.repeat(np.arange(60), 4)
    _, once = delong.areas(scores, positive, np.arange(60))
    _, again = delong.areas(many, ill, patients)
    np.testing.assert_allclose(again, once, rtol=1e-9)
    spread = curves.resample(many[0], ill, patients, draw(patients)).auroc
    assert np.sqrt(again[0, 0]) == pytest.approx(spread.std(), rel=0.2)
    both_sides = np.arange(60) // 2  # one film of either label
    _, paired = delong.areas(scores, positive, both_sides)
    spread = curves.resample(scores[0], positive, both_sides, draw(both_sides)).auroc
    assert np.sqrt(paired[0, 0]) == pytest.approx(spread.std(), rel=0.2)


def test_intervals_hold_their_area(rng: np.random.Generator) -> None:
    scores, positive = _films(rng, 40)
    for one in (
        delong.area(scores[0], positive, np.arange(40)),
        delong.gain(scores[0], scores[1], positive, np.arange(40)),
    ):
        assert one.low < one.value < one.high
    same = delong.gain(scores[0], scores[0], positive, np.arange(40))
    assert (same.low, same.value, same.high) == pytest.approx((0, 0, 0), abs=1e-9)


def test_an_area_of_one_is_not_taken_for_certain() -> None:
    """Ten of ten in order: the least share behind that is binom.test(10, 10)'s."""
    positive, score = np.arange(30) >= 20, np.arange(30.0)
    surely = delong.area(score, positive, np.arange(30))
    assert (surely.value, surely.high) == (1, 1)
    assert surely.low == pytest.approx(0.6915029, abs=1e-6)
    never = delong.area(-score, positive, np.arange(30))
    assert (never.value, never.low) == (0, 0)
    assert never.high == pytest.approx(1 - surely.low)
    nearly = np.where(np.arange(30) == 20, 10.5, score)
    ahead = delong.gain(score, nearly, positive, np.arange(30))
    assert ahead.low < 0 < ahead.value, "no head is offered for being perfect on ten films"


def test_what_cannot_be_told_is_nan(rng: np.random.Generator) -> None:
    scores = _films(rng, 10)[0]
    assert np.isnan(delong.areas(scores, np.zeros(10, bool), np.arange(10))[0]).all()
    one = np.arange(10) == 0
    found, covariance = delong.areas(scores, one, np.arange(10))
    assert np.isfinite(found).all()
    assert np.isnan(covariance).all()
    assert np.isnan(delong.area(scores[0], one, np.arange(10)).low)
