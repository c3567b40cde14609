"""How much of a map lies where it should: in radiologists' boxes, or inside the lungs.

All measures take the map's part above 0. A map with nothing above 0 points nowhere: it misses, and
its shares of boxes are 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..model import lungs

Mask = NDArray[np.bool_]

TUNED = {
    "gradcam": 0.05,
    "gradcam_pp": 0.1,
    "scorecam": 0.05,
    "occlusion": 0.05,
    "integrated": 0.05,
}
"""Share of its own maximum above which a method's map is held against boxes. Tuned on a hashed half
of the TBX11K films; column "at" of the tables that ``benchmarks.localisation`` prints."""


@dataclass(frozen=True)
class AgainstBoxes:
    """A map held against radiologists' boxes.

    Attributes
    ----------
    hit : bool
        See :func:`hits`.
    overlap : float
        See :func:`overlap`, at the method's threshold of :data:`TUNED`.
    inside : float
        See :func:`share_inside`.
    area : float
        The boxes' share of the film, 0 to 1: what a map that is the same everywhere has inside.
    """

    hit: bool
    overlap: float
    inside: float
    area: float


@dataclass(frozen=True)
class InLungs:
    """Where a map lies.

    Attributes
    ----------
    share : float
        ``Σ max(v, 0) · L / Σ max(v, 0)`` over the map's cells, 0 to 1; L is the part of a cell
        whose probability of lung is .5 or more. NaN for a map that is nowhere above 0.
    area : float
        The lungs' share of the film, 0 to 1: what a map that is the same everywhere has inside.
    """

    share: float
    area: float


def in_lungs(values: NDArray[np.floating], probability: lungs.Probability) -> InLungs:
    """How much of what a map says for its class lies inside the lungs. A lesion is there; a marker,
    a border or a collimator is not.

    Parameters
    ----------
    values : float (h, w)
        A map over the whole film.
    probability : float32 (S, S)
        Of lung, over the whole film: :meth:`cxr.model.lungs.LungFinder.find`.
    """
    area = float((probability >= 0.5).mean())
    return InLungs(lungs.share_inside(values, probability), area)


def against_boxes(
    values: NDArray[np.floating], boxes: Sequence[Sequence[float]], method: str
) -> AgainstBoxes:
    """Hold a map against boxes.

    Parameters
    ----------
    values : float (h, w)
        A map over the whole film.
    boxes : sequence of (x, y, width, height)
        See :func:`box_mask`.
    method : str
        One of :data:`TUNED`.
    """
    mask = box_mask(boxes, values.shape)
    return AgainstBoxes(
        hits(values, mask),
        overlap(values, mask, TUNED[method]),
        share_inside(values, mask),
        float(mask.mean()),
    )


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
