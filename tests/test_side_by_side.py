"""Films of one patient laid over each other by their lungs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cxr.errors import AlignmentError
from cxr.imaging.radiograph import Radiograph
from cxr.model import lungs
from cxr.model.side_by_side import Alignment, aligned
from cxr.teaching import phantom

SHAPE = (900, 760)
SIDE = 224


def drawn(taller: float = 1.0, sides: tuple[float, ...] = (0.3, 0.7)) -> NDArray[np.uint8]:
    """Two lungs, white on black."""
    film = np.zeros(SHAPE, np.uint8)
    for x in sides:
        centre = round(x * SHAPE[1]), round(0.5 * SHAPE[0])
        axes = round(0.13 * SHAPE[1]), round(taller * 0.28 * SHAPE[0])
        cv2.ellipse(film, centre, axes, 4, 0, 360, 255, -1)
    return film


def laid(film: NDArray[np.uint8], known: Alignment, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """The film on another of this size, where `known` says."""
    matrix = np.array([[known.scale, 0, known.right], [0, known.scale, known.down]])
    return np.asarray(cv2.warpAffine(film, matrix, shape[::-1]), np.uint8)


def seen(film: NDArray[np.uint8]) -> lungs.Probability:
    """What a finder of lungs says of such a drawing, on its square."""
    small = cv2.resize(film, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small / 255, np.float32)


@pytest.mark.parametrize(
    ("known", "shape"),
    [
        (Alignment(1.0, 0.0, 0.0), SHAPE),
        (Alignment(1.0, 55.0, -40.0), SHAPE),
        (Alignment(0.8, 90.0, 30.0), SHAPE),
        (Alignment(2.5, -120.0, 210.0), (2500, 2000)),
        (Alignment(0.4, 60.0, 12.0), (400, 480)),
    ],
)
def test_a_known_size_and_shift_are_found(known: Alignment, shape: tuple[int, int]) -> None:
    film = drawn()
    found = aligned(seen(film), SHAPE, seen(laid(film, known, shape)), shape)
    assert found.scale == pytest.approx(known.scale, rel=0.015)
    x, y = SHAPE[1] / 2, SHAPE[0] / 2  # between the lungs
    off_x = found.scale * x + found.right - (known.scale * x + known.right)
    off_y = found.scale * y + found.down - (known.scale * y + known.down)
    assert abs(off_x) < 0.005 * shape[1]
    assert abs(off_y) < 0.005 * shape[0]


def test_there_and_back_is_where_it_was() -> None:
    film = drawn()
    other = laid(film, Alignment(0.7, 140.0, 20.0), SHAPE)
    there = aligned(seen(film), SHAPE, seen(other), SHAPE)
    back = aligned(seen(other), SHAPE, seen(film), SHAPE)
    assert there.scale * back.scale == pytest.approx(1)
    assert there.scale * back.right + there.right == pytest.approx(0, abs=1e-6)
    assert there.scale * back.down + there.down == pytest.approx(0, abs=1e-6)


def test_a_deep_breath_moves_both_ends_alike() -> None:
    found = aligned(seen(drawn()), SHAPE, seen(drawn(taller=1.2)), SHAPE)
    middle = SHAPE[0] / 2
    assert found.scale * middle + found.down == pytest.approx(middle, abs=2)


def test_what_cannot_be_laid_over_is_refused() -> None:
    both, one = seen(drawn()), seen(drawn(sides=(0.3,)))
    for there in (None, np.zeros((SIDE, SIDE), np.float32)):
        with pytest.raises(AlignmentError) as caught:
            aligned(both, SHAPE, there, SHAPE)
        assert caught.value.code == "no_lungs"
    for pair in ((both, one), (one, both)):
        with pytest.raises(AlignmentError) as caught:
            aligned(pair[0], SHAPE, pair[1], SHAPE)
        assert caught.value.code == "lungs_differ"


def test_the_shipped_finder_does_for_drawn_films(models: Path) -> None:
    finder = lungs.load(models / "lungs")
    film = np.ascontiguousarray(phantom.draw("lower"))
    known = Alignment(0.85, 0.1 * film.shape[1], 0.05 * film.shape[0])
    matrix = np.array([[known.scale, 0, known.right], [0, known.scale, known.down]])
    smaller = cv2.warpAffine(film, matrix, film.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    here, there = (
        finder.find(Radiograph(np.asarray(each, np.uint8), 8, "", "PNG"))
        for each in (film, smaller)
    )
    found = aligned(here, film.shape, there, film.shape)
    assert found.scale == pytest.approx(known.scale, rel=0.05)
    x, y = film.shape[1] / 2, film.shape[0] / 2
    off = np.hypot(
        found.scale * x + found.right - (known.scale * x + known.right),
        found.scale * y + found.down - (known.scale * y + known.down),
    )
    assert off < 0.03 * film.shape[0]
