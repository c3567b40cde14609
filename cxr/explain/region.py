"""What would change the network's mind: any region of the film filled, and the film scored again.

A region is drawn on the film and hidden on the network's square, where ``occlusion`` hides its
patches. Preprocessing stretches the whole film over the square, so a share of one is the same share
of the other, and a cell of the square is hidden if its centre lies in the region. A box that covers
the cells of a patch is therefore that patch, and its effect the patch's to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..imaging.preprocessing import preprocess
from ..imaging.radiograph import Radiograph
from ..model.classifier import Classifier
from .fill import filler, film_seed, whole

Mask = NDArray[np.bool_]
Point = tuple[float, float]


@dataclass(frozen=True, eq=False)
class RegionEffect:
    """What the network says of a film, and of it with a region hidden.

    Attributes
    ----------
    before, after : dict of str to float
        Label → calibrated probability.
    square : uint8 (S, S)
        What it was shown the second time.
    """

    before: dict[str, float]
    after: dict[str, float]
    square: NDArray[np.uint8]

    @property
    def effects(self) -> dict[str, float]:
        """Label → before − after, −1 to 1: above 0 the region spoke for the class. The same
        quantity, with the same sign, as the occlusion map's."""
        return {label: p - self.after[label] for label, p in self.before.items()}


def box_mask(size: int, shape: tuple[int, ...], box: tuple[float, float, float, float]) -> Mask:
    """The cells of the network's square that a box hides.

    Parameters
    ----------
    size : int
        Side of the square, S.
    shape : (H, W)
        Of the film.
    box : (x, y, width, height)
        In pixels of the film, from its upper left corner.

    Returns
    -------
    bool (S, S)
        At least one cell, however small the box.
    """
    x, y, width, height = box
    rows = _cells(y, y + height, size / shape[0], size)
    columns = _cells(x, x + width, size / shape[1], size)
    mask = np.zeros((size, size), np.bool_)
    mask[rows, columns] = True
    return mask


def stroke_mask(size: int, shape: tuple[int, ...], points: Sequence[Point], radius: float) -> Mask:
    """The cells of the network's square that a brush hides.

    Parameters
    ----------
    size : int
    shape : (H, W)
    points : sequence of (x, y)
        The way of the brush's centre, pixels of the film; at least one.
    radius : float
        Of the brush, pixels of the film.

    Returns
    -------
    bool (S, S)
        At least one cell for each point.
    """
    down, along = size / shape[0], size / shape[1]
    mask = np.zeros((size, size), np.bool_)
    for x, y in points:
        mask |= box_mask(size, shape, (x, y, 0, 0))
    for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[-1]], strict=True):
        rows = _cells(min(y1, y2) - radius, max(y1, y2) + radius, down, size)
        columns = _cells(min(x1, x2) - radius, max(x1, x2) + radius, along, size)
        down_by = ((np.arange(size)[rows] + 0.5) / down - y1)[:, None]
        right_by = ((np.arange(size)[columns] + 0.5) / along - x1)[None]
        dx, dy = x2 - x1, y2 - y1
        share = np.clip((right_by * dx + down_by * dy) / ((dx * dx + dy * dy) or 1.0), 0, 1)
        mask[rows, columns] |= np.hypot(right_by - share * dx, down_by - share * dy) <= radius
    return mask


def _cells(start: float, end: float, scale: float, size: int) -> slice:
    """The cells whose centres lie from start to end; if none do, the one in the middle."""
    # A patch's edge that has gone to film pixels and back may be off by a rounding error.
    first, last = (int(np.ceil(round(each * scale - 0.5, 6))) for each in (start, end))
    if first >= last:
        first = int((start + end) / 2 * scale)
        last = first + 1
    first = min(max(first, 0), size - 1)
    return slice(first, max(first + 1, min(last, size)))


def hide(
    square: NDArray[np.uint8], mask: Mask, fill: str = "blur", seed: int = 0
) -> NDArray[np.uint8]:
    """The network's square with a region filled.

    Parameters
    ----------
    square : uint8 (S, S)
    mask : bool (S, S)
        What to hide.
    fill : {"blur", "mean", "noise", "black"}
        As in :func:`cxr.explain.filler`. "blur" of a region that is no box is the same blur of
        the pixels outside of all of it, of an eighth of the thickness of each of its parts.
    seed : int
        Of the noise.

    Returns
    -------
    uint8 (S, S)

    Raises
    ------
    ExplainError
        ``unknown_fill``.
    """
    hidden = square.copy()
    if not mask.any():
        return hidden
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    top, left, bottom, right = rows[0], columns[0], rows[-1] + 1, columns[-1] + 1
    if mask[top:bottom, left:right].all():
        box = int(top), int(left), int(bottom), int(right)
        hidden[mask] = filler(square, fill, seed)(box).ravel()
    elif fill == "blur":
        _run_in(hidden, mask)
    else:
        hidden[mask] = whole(square, fill, seed)[mask]
    return hidden


def _run_in(square: NDArray[np.uint8], mask: Mask) -> None:
    """Fill in place what is masked from what is not, part by part: normalised convolution."""
    outside = (~mask).astype(np.float32)
    light = square * outside
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    count, parts = cv2.connectedComponents(mask.astype(np.uint8))
    for part in range(1, count):
        inside = parts == part
        side = 2 * float(depth[inside].max())  # of a box about its shorter side
        reach = 2 * int(np.ceil(side)) + 1
        mean, cover = (
            cv2.GaussianBlur(
                each, (reach, reach), max(side / 8, 0.3), borderType=cv2.BORDER_CONSTANT
            )
            for each in (light, outside)
        )
        square[inside] = np.rint(mean[inside] / cover[inside]).astype(np.uint8)


def what_if(model: Classifier, film: Radiograph, mask: Mask, fill: str = "blur") -> RegionEffect:
    """Score a film with and without a region; two forward passes.

    Parameters
    ----------
    model : Classifier
    film : Radiograph
    mask : bool (S, S)
        See :func:`box_mask` and :func:`stroke_mask`; regions are joined with ``|``.
    fill : {"blur", "mean", "noise", "black"}

    Returns
    -------
    RegionEffect

    Raises
    ------
    ExplainError
        ``unknown_fill``.
    """
    square = preprocess(film.eight_bit, model.preprocessing)
    hidden = hide(square, mask, fill, film_seed(film.sha256))
    rows = model.calibrate(model.squares(np.stack([square, hidden])))
    before, after = (dict(zip(model.labels, row.tolist(), strict=True)) for row in rows)
    return RegionEffect(before, after, hidden)


def unstretched(square: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The network's square in the proportions of a film, each cell whole.

    Parameters
    ----------
    square : uint8 (S, S)
    shape : (H, W)

    Returns
    -------
    uint8 (h, w)
        The longer side has four pixels a cell.
    """
    longest = max(shape)
    height, width = (max(1, round(4 * len(square) * side / longest)) for side in shape)
    cells = cv2.resize(square, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return cells.astype(np.uint8, copy=False)


def painted(masks: Sequence[Mask], effects: Sequence[float]) -> NDArray[np.float32]:
    """Tried regions as a map: each cell has the effect of the last region that hid it, or 0.

    Parameters
    ----------
    masks : sequence of bool (S, S)
        At least one.
    effects : sequence of float
        One a mask.

    Returns
    -------
    float32 (S, S)
        In the units and the colours of ``occlusion``.
    """
    values = np.zeros(masks[0].shape, np.float32)
    for mask, effect in zip(masks, effects, strict=True):
        values[mask] = effect
    return values
