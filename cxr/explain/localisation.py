"""How much of a map lies where it should: in radiologists' boxes, or inside the lungs.

All measures take the map's part above 0 and a mask of the film's shape. A map with nothing above 0
points nowhere: it misses, and its shares are 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def box_mask(boxes: Sequence[Sequence[float]], shape: tuple[int, ...]) -> Mask:
    """The union of boxes as a mask.

    Parameters
    ----------
    boxes : sequence of (x, y, width, height)
        Shares of the film's width and height, from its upper left corner.
    shape : (H, W)

    Returns
    -------
    bool (H, W); every box covers at least one pixel.
    """
    height, width = shape
    mask = np.zeros((height, width), np.bool_)
    for x, y, w, h in boxes:
        top, left = min(round(y * height), height - 1), min(round(x * width), width - 1)
        bottom, right = round((y + h) * height), round((x + w) * width)
        mask[max(top, 0) : max(bottom, top + 1), max(left, 0) : max(right, left + 1)] = True
    return mask


def hits(values: NDArray[np.floating], mask: Mask) -> bool:
    """The pointing game (Zhang et al. 2018) without tolerance: the map's highest pixel is inside.
    Of several highest ones the first counts, row by row."""
    peak = np.unravel_index(int(values.argmax()), values.shape)
    return bool(values[peak] > 0 and mask[peak])


def share_inside(values: NDArray[np.floating], mask: Mask) -> float:
    """The part of the map's weight that lies inside, 0 to 1. A map that is the same everywhere
    gives the mask's share of the film."""
    weight = np.maximum(values, 0).astype(np.float64)
    total = float(weight.sum())
    return float(weight[mask].sum()) / total if total > 0 else 0.0


def overlap(values: NDArray[np.floating], mask: Mask, threshold: float) -> float:
    """Intersection over union of the mask and of where the map reaches `threshold` times its own
    maximum, 0 to 1."""
    top = float(values.max())
    if top <= 0:
        return 0.0
    inside = values >= threshold * top
    return float((inside & mask).sum() / (inside | mask).sum())
