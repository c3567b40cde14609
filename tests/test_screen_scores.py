"""A run's scores beside known ones."""

from __future__ import annotations

import numpy as np
import pytest

from cxr.batch import scores, summary
from cxr.batch.scores import Comparison, Known, Scores

RNG = np.random.default_rng(4)
KNOWN = Known(
    "drawn films",
    {"T": np.sort(RNG.normal(2, 1, 400)), "N": np.sort(RNG.normal(-2, 1, 600))},
)


def compared(odds: np.ndarray, parts: int = 1) -> Comparison:
    found = Scores(KNOWN)
    for part in np.array_split(odds, parts):
        found.add(part)
    told = found.compare()
    assert told is not None
    return told


def drawn(healthy: int, ill: int, shift: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(5)
    return np.concatenate([rng.normal(-2, 1, healthy), rng.normal(2, 1, ill)]) + shift


@pytest.mark.parametrize(("healthy", "ill"), [(1000, 0), (950, 50), (500, 500), (0, 1000)])
def test_another_share_of_ill_people_is_no_drift(healthy: int, ill: int) -> None:
    told = compared(drawn(healthy, ill))
    assert not told.alarm
    assert told.shares["T"] == pytest.approx(ill / 1000, abs=0.08)
    assert "none found" in summary.verdict(told)


def test_scores_that_no_mix_explains_alarm() -> None:
    told = compared(drawn(950, 50, shift=1.0))
    assert told.alarm
    assert summary.verdict(told).startswith("DRIFT")
    few = compared(drawn(40, 0, shift=3.0))
    assert few.distance > few.limit
    assert not few.alarm
    assert "not asked" in summary.verdict(few)


def test_the_distance_is_the_largest_one_anywhere() -> None:
    odds = drawn(300, 100, shift=0.4)
    told = compared(odds)
    axis = np.linspace(-8, 8, 20_001)
    mixed = sum(
        share * (KNOWN.groups[label] <= axis[:, None]).mean(1)
        for label, share in told.shares.items()
    )
    assert told.distance == pytest.approx(
        np.abs(mixed - (odds <= axis[:, None]).mean(1)).max(), abs=0.01
    )


def test_counted_in_parts_it_is_the_same_and_films_without_a_score_do_not_count() -> None:
    odds = np.append(drawn(300, 100), [np.nan, np.nan])
    told = compared(odds, parts=7)
    assert told == compared(odds)
    assert told.films == 400
    assert sum(told.run) == pytest.approx(1)
    assert sum(told.known) == pytest.approx(1)
    assert Scores(KNOWN).compare() is None


def test_the_histogram_has_a_line_for_each_bin() -> None:
    lines = list(summary.compared(compared(drawn(900, 100)), ("T", "N")))
    assert len(lines) == scores.BINS + 2
    assert "drawn films" in lines[0]
    assert "#" in "".join(lines[1:-1])
    assert all("|" in line for line in lines[1:-1])
