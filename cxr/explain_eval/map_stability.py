"""Does a map hold when the film changes in ways that mean nothing? The map of each changed copy of
:mod:`cxr.explain_eval.stability` is moved back to where the film was and compared with the film's
own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..explain import make_map
from ..explain.target import Progress, part_of, tell, to_square
from ..imaging.radiograph import Radiograph
from ..model.classifier import Classifier
from .similarity import rank_correlation
from .stability import CHANGES, STABLE, UNSTABLE, change, matrix_of

GRID = 64
"""Maps are compared on a square of so many cells a side, which covers the film."""

LEAST = 0.7
"""Spearman's correlation with the film's own map that every change must keep."""

EMPTY = "empty"

Cells = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class MapStability:
    """A film's map and what its changed copies do to it.

    Attributes
    ----------
    base : float32 (GRID, GRID)
        The film's own map, in the units of its method.
    ranks : dict of (str, float) to float
        Kind and amount, see :data:`cxr.explain_eval.stability.CHANGES` → Spearman's correlation of
        the copy's map, moved back, with the film's own, over the cells that both show; −1 to 1.
    farthest : float32 (GRID, GRID)
        The map of the least alike copy, moved back; 0 where that copy does not show the film.
    """

    base: Cells
    ranks: dict[tuple[str, float], float]
    farthest: Cells

    @property
    def least(self) -> tuple[str, float]:
        """The change whose map is least like the film's own."""
        return min(self.ranks, key=lambda each: self.ranks[each])

    @property
    def word(self) -> str:
        """ "stable": every change keeps a correlation of :data:`LEAST`. "empty": the film's own map
        is 0 everywhere, so there is nothing to compare. Otherwise "unstable"."""
        if not self.base.any():
            return EMPTY
        return STABLE if self.ranks[self.least] >= LEAST else UNSTABLE

    def of(self, kind: str) -> list[float]:
        """Correlations after each change of a kind, in the order of its amounts."""
        return [rank for (each, _), rank in self.ranks.items() if each == kind]


def map_stability(
    model: Classifier,
    film: Radiograph,
    label: str,
    method: str,
    progress: Progress | None = None,
) -> MapStability:
    """Make the maps of a film and of its changed copies, 21.

    Parameters
    ----------
    model : Classifier
    film : Radiograph
    label : str
        The same class for all, whatever the copies are called.
    method : str
        See :data:`cxr.explain.METHODS`.
    progress : callable, optional
        See :data:`cxr.explain.target.Progress`.

    Raises
    ------
    ExplainError
        Those of the method.
    Cancelled
    """
    asked = [(kind, amount) for kind, (_, amounts) in CHANGES.items() for amount in amounts]
    turns = len(asked) + 1

    def cells_of(copy: Radiograph, turn: int) -> Cells:
        step = part_of(progress, turn, turns)
        return to_square(make_map(model, copy, label, method, progress=step), GRID)

    base = cells_of(film, 0)
    found, moved = {}, {}
    for turn, (kind, amount) in enumerate(asked, 1):
        copy = _copy(film, change(film.eight_bit, kind, amount))
        back = moved_back(cells_of(copy, turn), kind, amount, film.pixels.shape)
        both = ~np.isnan(back)
        found[kind, amount] = rank_correlation(base[both], back[both])
        moved[kind, amount] = np.nan_to_num(back)
    tell(progress, 1.0)
    return MapStability(base, found, moved[min(found, key=lambda each: found[each])])


def _copy(film: Radiograph, pixels: NDArray[np.uint8]) -> Radiograph:
    """Under the film's own hash, so that fills of noise are the same noise."""
    plain = Radiograph(np.ascontiguousarray(pixels), 8, film.sha256, film.format)
    return replace(plain, orientation=film.orientation)


def moved_back(cells: Cells, kind: str, amount: float, shape: tuple[int, ...]) -> Cells:
    """A changed copy's map where the film was.

    Parameters
    ----------
    cells : float32 (GRID, GRID)
        Over the copy.
    kind, amount
        What was done to the film.
    shape : (H, W)
        Of the film.

    Returns
    -------
    float32 (GRID, GRID)
        Over the film; NaN where the copy does not show it.
    """
    height, width = shape
    matrix = matrix_of(kind, amount, shape)
    # A crop moves the corner in by as much as it takes off at either side.
    copy = shape if kind != "cropped" else (height + 2 * matrix[1, 2], width + 2 * matrix[0, 2])
    to_copy = _to_cells(copy) @ matrix @ np.linalg.inv(_to_cells(shape))
    back = cv2.warpAffine(
        cells,
        to_copy[:2],
        (GRID, GRID),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=float("nan"),
    )
    return np.asarray(back, np.float32)


def _to_cells(shape: tuple[float, ...]) -> NDArray[np.float64]:
    """(x, y, 1) in pixels of a film to cells of the grid over it, both counted by their centres."""
    down, across = GRID / shape[0], GRID / shape[1]
    return np.array([[across, 0, across / 2 - 0.5], [0, down, down / 2 - 0.5], [0, 0, 1]])
