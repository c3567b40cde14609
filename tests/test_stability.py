"""Small changes of a film, and the word for what they do to its score."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from films import film, png

import cxr
from cxr.explain import make_map
from cxr.explain.target import to_square
from cxr.explain_eval.map_stability import (
    EMPTY,
    GRID,
    LEAST,
    MapStability,
    map_stability,
    moved_back,
)
from cxr.explain_eval.similarity import rank_correlation
from cxr.explain_eval.stability import (
    CHANGES,
    LIMIT,
    STABLE,
    UNSTABLE,
    Stability,
    change,
    stability,
)

FILM = film(150, 110)


def test_a_film_turns_clockwise_and_shifts_to_the_right() -> None:
    dot = np.zeros((101, 101), np.uint8)
    dot[10, 50] = 255  # above the centre
    row, column = np.unravel_index(change(dot, "rotated", 5).argmax(), dot.shape)
    assert (row, column) == (10, 53)
    row, column = np.unravel_index(change(dot, "shifted", 10 / 101).argmax(), dot.shape)
    assert (row, column) == (10, 60)


def test_a_film_is_cropped_on_all_sides() -> None:
    cut = change(FILM, "cropped", 0.1)
    assert np.array_equal(cut, FILM[15:135, 11:99])


def test_gamma_below_1_is_lighter_and_keeps_black_and_white() -> None:
    grey = np.array([[0, 100, 255]], np.uint8)
    light, dark = change(grey, "gamma", 0.8)[0], change(grey, "gamma", 1.25)[0]
    assert light[1] > 100 > dark[1]
    assert [*light[::2], *dark[::2]] == [0, 255, 0, 255]


def test_the_least_of_a_change_is_none() -> None:
    for kind, amount in (("rotated", 0), ("shifted", 0), ("cropped", 0), ("gamma", 1)):
        assert np.array_equal(change(FILM, kind, amount), FILM)


def test_what_comes_in_over_the_edge_is_the_edge() -> None:
    flat = np.full((60, 50), 130, np.uint8)
    for kind in ("rotated", "shifted"):
        for amount in CHANGES[kind][1]:
            assert np.array_equal(change(flat, kind, amount), flat)


def test_jpeg_is_a_little_off() -> None:
    off = [
        np.abs(change(FILM, "jpeg", q).astype(int) - FILM).mean()
        for q in sorted(CHANGES["jpeg"][1])
    ]
    assert 0 < off[-1] < off[0] < 10


def test_an_unknown_change_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="pink"):
        change(FILM, "pink", 1)


def made(*others: float, base: float = 0.7) -> Stability:
    of = lambda p: {"N": 1 - p, "T": p}  # noqa: E731
    return Stability(of(base), {("gamma", float(i)): of(p) for i, p in enumerate(others)})


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (made(0.7, 0.7), STABLE),
        (made(0.7 + 0.9 * LIMIT, 0.7 - 0.9 * LIMIT), STABLE),
        (made(0.7, 0.7 - 1.1 * LIMIT), UNSTABLE),
        (made(0.7, 0.7 + 1.1 * LIMIT), UNSTABLE),
        (made(0.51, 0.49, base=0.52), UNSTABLE),  # a small move to another class
        (made(0.51, base=0.52), STABLE),
    ],
)
def test_the_word_follows_its_rule(found: Stability, word: str) -> None:
    assert found.word == word


def test_which_changes_turned_the_film() -> None:
    found = made(0.6, 0.4, 0.8)
    assert found.label == "T"
    assert found.turned == [("gamma", 1.0)]
    assert found.move == pytest.approx(0.3)
    assert found.of("gamma", "T") == [0.6, 0.4, 0.8]


def test_scores_are_those_of_the_changed_films(phantom_model: cxr.Classifier) -> None:
    read = cxr.read(png(FILM))
    shares: list[float] = []
    found = stability(phantom_model, read, shares.append)
    assert found.base == phantom_model.predict([read])[0].probabilities
    assert len(found.changed) == sum(len(amounts) for _, amounts in CHANGES.values())
    turned = cxr.read(png(change(FILM, "rotated", 5)))
    assert found.changed["rotated", 5] == phantom_model.predict([turned])[0].probabilities
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_it_can_be_stopped(phantom_model: cxr.Classifier) -> None:
    with pytest.raises(cxr.Cancelled):
        stability(phantom_model, cxr.read(png(FILM)), lambda share: share < 0.5)


@pytest.mark.parametrize("kind", CHANGES)
def test_a_map_is_moved_back_to_where_the_film_was(kind: str) -> None:
    """A copy's map that is the copy itself must come back as the film."""
    smooth = cv2.GaussianBlur(film(640, 480), (0, 0), 24)
    own = to_square(smooth, GRID)
    for amount in CHANGES[kind][1]:
        if kind == "gamma":
            continue  # changes the values, and nothing moves
        back = moved_back(to_square(change(smooth, kind, amount), GRID), kind, amount, (640, 480))
        both = ~np.isnan(back)
        assert both.mean() > 0.75
        assert np.abs(back - own)[both].mean() < 1.0
        assert (
            np.abs(back - own)[both].mean()
            < 0.6 * np.abs(to_square(change(smooth, kind, amount), GRID) - own)[both].mean()
            or kind == "jpeg"
        )


def test_a_steady_map_is_called_stable(phantom_model: cxr.Classifier) -> None:
    read = cxr.read(png(film(300, 260)))
    told: list[float] = []
    found = map_stability(phantom_model, read, "T", "gradcam", told.append)
    asked = [(kind, amount) for kind, (_, amounts) in CHANGES.items() for amount in amounts]
    assert list(found.ranks) == asked
    assert all(-1 <= rank <= 1 for rank in found.ranks.values())
    assert told[-1] == 1.0
    own = to_square(make_map(phantom_model, read, "T", "gradcam"), GRID)
    assert np.array_equal(found.base, own)
    light = cxr.read(png(change(read.eight_bit, "gamma", 0.8)))
    wanted = rank_correlation(own, to_square(make_map(phantom_model, light, "T", "gradcam"), GRID))
    assert found.ranks["gamma", 0.8] == pytest.approx(wanted, abs=0.02)


def test_the_word_for_a_map_goes_by_the_worst_change() -> None:
    base = np.ones((GRID, GRID), np.float32)

    def word(*ranks: float) -> str:
        return MapStability(base, {("jpeg", i): r for i, r in enumerate(ranks)}, base).word

    assert word(0.9, LEAST) == STABLE
    assert word(0.9, LEAST - 0.01) == UNSTABLE
    assert MapStability(0 * base, {("jpeg", 50): 0.0}, base).word == EMPTY
