"""Occlusion that shows a rough map at once and refines it where it matters (after the adaptive
drill-down of Krypton: Nakandala, Kumar and Papakonstantinou, SIGMOD 2019).

The patches of :func:`cxr.explain.occlusion` form a grid. First every so many of them are measured
and the rest is interpolated; then the gaps are halved, level by level, the strongest places first.
Run to its end, nothing is interpolated any more and the map is that of ``occlusion``, to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..imaging.radiograph import Radiograph
from ..model.classifier import Classifier
from .occlusion import average_over_cover, hider, patch_and_stride, patch_boxes, patch_starts
from .target import Progress, tell, to_film

FIRST = 7
"""Places along a side that the first map has at least, where the grid has as many."""

Effects = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PartialMap:
    """A map on its way.

    Attributes
    ----------
    values : float32 (H, W)
        As :func:`cxr.explain.occlusion` gives them, as far as they are known.
    forwards : int
        Forward passes so far.
    full : int
        Those of the full map.
    """

    values: NDArray[np.float32]
    forwards: int
    full: int

    @property
    def exact(self) -> bool:
        """Nothing is interpolated."""
        return self.forwards == self.full


def drill_down(
    model: Classifier,
    film: Radiograph,
    label: str,
    patch: int | None = None,
    stride: int | None = None,
    fill: str = "blur",
    share: float = 1.0,
    progress: Progress | None = None,
) -> Iterator[PartialMap]:
    """Occlusion by stages: a first map, then one for each quarter of every finer level.

    Parameters
    ----------
    model, film, label, patch, stride, fill
        See :func:`cxr.explain.occlusion`.
    share : float
        Of each finer level's places, the strongest that are measured, 0 to 1. With 1 the last
        stage is exact.
    progress : callable, optional
        Told the share of all passes that this call will take.

    Yields
    ------
    PartialMap

    Raises
    ------
    ExplainError
        ``unknown_class``, ``bad_patch``, ``unknown_fill``.
    Cancelled
    """
    patch, stride = patch_and_stride(model.size, patch, stride)
    starts = patch_starts(model.size, patch, stride)
    boxes = patch_boxes(model.size, patch, stride)
    levels = [_coarse_grid(len(starts), step) for step in _grid_distances(len(starts))]
    total = 1 + round(levels[0].sum() + share * (levels[-1].sum() - levels[0].sum()))
    probability = hider(model, film, label, fill)
    base = probability(None)
    effects = np.zeros(levels[0].shape)
    known = np.zeros(levels[0].shape, np.bool_)
    forwards = 1

    def measure(places: NDArray[np.intp]) -> None:
        nonlocal forwards
        for place in places:
            tell(progress, min(forwards / total, 1.0))
            effects.flat[place] = base - probability(boxes[place])
            known.flat[place] = True
            forwards += 1

    def so_far() -> PartialMap:
        cells = average_over_cover(effects, starts, patch, model.size)
        return PartialMap(to_film(cells, film.eight_bit.shape), forwards, len(boxes) + 1)

    measure(np.flatnonzero(levels[0]))
    grid = levels[0]
    for finer in (*levels[1:], None):
        _interpolate(effects, known, grid)
        yield so_far()
        if finer is None:
            break
        grid = finer
        new = np.flatnonzero(finer & ~known)
        strongest = new[np.argsort(-np.abs(effects.flat[new]), kind="stable")]
        wanted = strongest[: round(share * len(new))]
        for part in np.array_split(wanted, 4)[:-1]:
            measure(part)
            yield so_far()
        measure(np.array_split(wanted, 4)[-1])
    tell(progress, 1.0)


def _grid_distances(n: int) -> list[int]:
    """Distances between measured places, each half of the one before, down to 1."""
    steps = [1]
    while (n - 1) // (2 * steps[-1]) + 1 >= FIRST:
        steps.append(2 * steps[-1])
    return steps[::-1]


def _coarse_grid(n: int, step: int) -> NDArray[np.bool_]:
    """Every `step`-th place of an (n, n) grid along both sides, and the last."""
    along = np.zeros(n, np.bool_)
    along[::step] = along[-1] = True
    return np.outer(along, along)


def _interpolate(effects: Effects, known: NDArray[np.bool_], grid: NDArray[np.bool_]) -> None:
    """Fill the places that are not known, in place, linearly from those of `grid`, which hold
    measured effects or an earlier level's interpolation."""
    along = np.flatnonzero(grid[0])
    everywhere = np.arange(len(effects))
    coarse = effects[np.ix_(along, along)]
    rows = np.array([np.interp(everywhere, along, row) for row in coarse])
    full = np.array([np.interp(everywhere, along, column) for column in rows.T]).T
    effects[~known] = full[~known]
