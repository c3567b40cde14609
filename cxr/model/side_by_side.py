"""Two films of one patient side by side: which place of the one is which of the other.

Told by where the lungs are. What comes out is a size and a shift, for a viewer to go by: no pixel
is changed, and what is scored is the film as it is. No film is turned: people stand upright.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from ..errors import AlignmentError
from .lungs import Probability

EDGE = 0.01
"""Share of the lungs that may lie beyond each side of their box: specks move it little."""
UNLIKE = 1.4
"""How many times as wide for its height the lungs of the one film may be found as the other's. A
deep breath gives 1.2; one lung that is white, or lies beyond the film, 2."""


@dataclass(frozen=True)
class Box:
    """Where the lungs lie on a film, in its pixels: their middle, width and height."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Alignment:
    """Where a place of one film lies on another, in pixels: ``scale * x + right``,
    ``scale * y + down``."""

    scale: float
    right: float
    down: float


def box_of(found: Probability, height: int, width: int) -> Box | None:
    """The box round the lungs of a film of so many pixels; None where no place is one.

    Parameters
    ----------
    found : float32 (S, S)
        As :meth:`cxr.model.lungs.LungFinder.find` gives it, over the whole film.
    """
    lungs = found >= 0.5
    if not lungs.any():
        return None
    left, right = _ends(lungs.sum(axis=0))
    top, bottom = _ends(lungs.sum(axis=1))
    middle = (left + right) / 2 * width, (top + bottom) / 2 * height
    return Box(*middle, (right - left) * width, (bottom - top) * height)


def aligned(
    found: Probability | None,
    shape: tuple[int, ...],
    onto: Probability | None,
    onto_shape: tuple[int, ...],
) -> Alignment:
    """Lay the lungs of one film on those of another.

    Their boxes get the same middle and the same area: half of what a deeper breath adds to their
    height then lies above, and half below.

    Parameters
    ----------
    found, onto : float32 (S, S) or None
        Where the lungs of either film are; None where it shows none.
    shape, onto_shape : (int, int)
        Height and width of the films, pixels.

    Raises
    ------
    AlignmentError
        ``no_lungs``, ``lungs_differ``.
    """
    box = None if found is None else box_of(found, *shape)
    there = None if onto is None else box_of(onto, *onto_shape)
    if box is None or there is None:
        raise AlignmentError(
            "no_lungs", "No lungs were found on one of the films: they are shown as filed."
        )
    wider, higher = there.width / box.width, there.height / box.height
    if max(wider / higher, higher / wider) > UNLIKE:
        raise AlignmentError(
            "lungs_differ",
            "The lungs that were found on the two films are too unlike: they are shown as filed.",
        )
    scale = sqrt(wider * higher)
    return Alignment(scale, there.x - scale * box.x, there.y - scale * box.y)


def _ends(mass: NDArray[np.integer]) -> tuple[float, float]:
    """Where the first and the last :data:`EDGE` of it lie, in shares of the side."""
    sums = np.concatenate([[0.0], np.cumsum(mass) / mass.sum()])
    low, high = np.interp([EDGE, 1 - EDGE], sums, np.linspace(0, 1, len(sums)))
    return float(low), float(high)
