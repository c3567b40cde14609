"""Scores of one patient's films over time."""

from __future__ import annotations

from math import log

import pytest

from cxr.explain_eval.stability import Stability
from cxr.model.classifier import Prediction
from cxr.screening.over_time import differences, heights, noise


def scores(n: float, p: float, t: float) -> dict[str, float]:
    return {"N": n, "P": p, "T": t}


def test_heights_are_the_log_odds_that_the_page_shows() -> None:
    p = scores(0.2, 0.5, 0.3)
    shown = Prediction("P", p, {}, None)
    found = heights(p)
    assert list(found) == ["Abnormal", "P : N", "T : N"]
    assert found["Abnormal"] == pytest.approx(shown.abnormal("N"))
    assert found["T : N"] == pytest.approx(shown.log_odds("T", "N"))


def test_without_a_normal_label_each_stands_against_the_rest() -> None:
    assert heights({"A": 0.8, "B": 0.1, "C": 0.1})["A"] == pytest.approx(log(4))


def test_noise_is_the_most_that_a_change_moves_a_film_either_way() -> None:
    base, up, down = scores(0.5, 0.25, 0.25), scores(0.4, 0.3, 0.3), scores(0.9, 0.05, 0.05)
    found = noise(Stability(base, {("gamma", 0.8): up, ("jpeg", 50): down}))
    assert found["Abnormal"] == pytest.approx(log(9))


def test_a_difference_counts_beyond_the_noise_of_either_film() -> None:
    still, loud = {"Abnormal": 0.1}, {"Abnormal": 1.5}
    at = {"Abnormal": -1.0}, {"Abnormal": 0.0}
    for before, after, more in ((still, still, True), (still, loud, False), (loud, still, False)):
        found = differences((at[0], before), (at[1], after))["Abnormal"]
        assert found.change == pytest.approx(1)
        assert found.more is more
    fell = differences((at[1], still), (at[0], still))["Abnormal"]
    assert fell.change == pytest.approx(-1)
    assert fell.more
