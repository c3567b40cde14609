"""How far readers agree."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from cxr.review.agreement import agreement, cohen_kappa, fleiss_kappa, with_consensus

# Fleiss 1971's form of table as it is worked through in textbooks: 14 readers, 10 cases, .210.
PUBLISHED = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]


def test_cohen_is_scikit_learn_s(rng: np.random.Generator) -> None:
    for kinds in ("ab", "abcde"):
        first = rng.choice(list(kinds), 60).tolist()
        second = np.where(rng.random(60) < 0.6, first, rng.choice(list("abz"), 60)).tolist()
        assert cohen_kappa(first, second) == pytest.approx(cohen_kappa_score(first, second))


def test_fleiss_is_the_published_figure() -> None:
    assert fleiss_kappa(np.array(PUBLISHED)) == pytest.approx(0.20993, abs=5e-6)


def test_fleiss_of_two_readers_with_one_habit_is_cohen() -> None:
    """Cohen's and Fleiss' chance are the same where both readers use each answer as often."""
    first, second = list("aabbccab"), list("aabbcbac")
    counts = np.array(
        [[(x == k) + (y == k) for k in "abc"] for x, y in zip(first, second, strict=True)]
    )
    assert sorted(first) == sorted(second)
    assert fleiss_kappa(counts) == pytest.approx(cohen_kappa(first, second))


@pytest.mark.parametrize("answers", [[], ["a", "a"]])
def test_kappa_is_undefined_where_chance_explains_all(answers: list[str]) -> None:
    assert np.isnan(cohen_kappa(answers, answers))
    counts = np.array([[2]] * len(answers), int).reshape(-1, 1)
    assert np.isnan(fleiss_kappa(counts))


def test_agreement_compares_the_cases_that_readers_share() -> None:
    answers = {("1", "A"): "x", ("1", "B"): "x", ("2", "A"): "y", ("2", "B"): "x", ("3", "C"): "x"}
    answers |= {("4", "A"): "x", ("4", "B"): "x", ("4", "C"): "y"}
    found = agreement(answers)
    assert (found.cases, found.readers) == (3, 3)
    pair = found.pairs[0]
    assert (pair.first, pair.second, pair.cases) == ("A", "B", 3)
    assert pair.observed == pytest.approx(2 / 3)
    assert pair.kappa == pytest.approx(cohen_kappa_score(["x", "y", "x"], ["x", "x", "x"]))
    assert found.kappa == pytest.approx(fleiss_kappa(np.array([[2, 0], [1, 1], [2, 1]])))
    assert agreement({}).cases == 0


def test_each_reader_stands_beside_the_consensus() -> None:
    answers = {("1", "A"): "x", ("2", "A"): "y", ("1", "B"): "x", ("2", "B"): "x", ("3", "B"): "x"}
    first, second = with_consensus(answers, {"1": "x", "2": "x", "3": "y"})
    assert (first.first, first.second, first.cases) == ("B", "consensus", 3)
    assert first.observed == pytest.approx(2 / 3)
    assert (second.first, second.cases, second.observed) == ("A", 2, 0.5)
    assert with_consensus(answers, {"9": "x"}) == ()
