"""Occlusion (Zeiler and Fergus 2014): how far a class's probability falls as a patch is hidden."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ..errors import ExplainError
from ..imaging.preprocessing import preprocess
from ..imaging.radiograph import Radiograph
from ..model.classifier import Classifier
from .fill import Box, filler, film_seed
from .target import Progress, column_of, tell, to_film


def occlusion(
    model: Classifier,
    film: Radiograph,
    label: str,
    patch: int | None = None,
    stride: int | None = None,
    fill: str = "blur",
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Occlusion map of the probability of `label`, over the whole film.

    Parameters
    ----------
    model : Classifier
    film : Radiograph
    label : str
        One of ``model.labels``, predicted or not.
    patch, stride : int, optional
        Side of a patch and distance between two, pixels of the network's square. By default a
        seventh of the square and half a patch: 32 and 16 for a network of 224 pixels.
    fill : {"blur", "mean", "noise", "black"}
        What a patch is filled with, see :func:`cxr.explain.fill.filler`. Black is a finding of
        its own; it is there to show that.
    progress : callable, optional
        See :data:`cxr.explain.target.Progress`.

    Returns
    -------
    float32 (H, W) of the film, −1 to 1: p(film) − p(film with the patch hidden), averaged at each
    pixel over the patches that cover it. Above 0 speaks for the class, below 0 against it. Never
    scaled by the film's own minimum and maximum.

    Raises
    ------
    ExplainError
        ``unknown_class``, ``bad_patch``, ``unknown_fill``.
    Cancelled
    """
    patch, stride = patch_and_stride(model.size, patch, stride)
    starts = patch_starts(model.size, patch, stride)
    boxes = patch_boxes(model.size, patch, stride)
    effects = box_effects(model, film, label, boxes, fill, progress)
    cells = average_over_cover(effects.reshape(len(starts), -1), starts, patch, model.size)
    return to_film(cells, film.eight_bit.shape)


def patch_and_stride(size: int, patch: int | None, stride: int | None) -> tuple[int, int]:
    """Put the defaults in and check that the patches cover a square of `size` pixels.

    Raises
    ------
    ExplainError
        ``bad_patch``.
    """
    patch = max(1, size // 7) if patch is None else patch
    stride = max(1, patch // 2) if stride is None else stride
    if not 1 <= patch <= size:
        raise ExplainError(
            "bad_patch", f"The patch must be 1 to {size} pixels wide, as the network sees the film."
        )
    if not 1 <= stride <= patch:
        raise ExplainError(
            "bad_patch",
            f"The stride must be 1 to {patch} pixels: a longer one than the patch leaves gaps.",
        )
    return patch, stride


def patch_starts(size: int, patch: int, stride: int) -> list[int]:
    """Where patches start along one side: every `stride` pixels until the last reaches the edge,
    where it is cut off if it does not fit."""
    return [i * stride for i in range(-(-(size - patch) // stride) + 1)]


def patch_boxes(size: int, patch: int, stride: int) -> list[Box]:
    """The boxes that :func:`occlusion` hides, row by row."""
    starts = patch_starts(size, patch, stride)
    return [
        (top, left, min(top + patch, size), min(left + patch, size))
        for top, left in product(starts, starts)
    ]


def box_effects(
    model: Classifier,
    film: Radiograph,
    label: str,
    boxes: Sequence[Box],
    fill: str = "blur",
    progress: Progress | None = None,
) -> NDArray[np.float64]:
    """p(film) − p(film with the box hidden) for each box; calibrated probabilities of `label`.

    Parameters
    ----------
    boxes : sequence of Box
        Of any sizes.

    Returns
    -------
    float64 (len(boxes),), −1 to 1
    """
    probability = hider(model, film, label, fill)
    queue = [None, *boxes]  # None: nothing hidden
    p = np.empty(len(queue))
    for done, box in enumerate(queue):
        tell(progress, done / len(queue))
        p[done] = probability(box)
    tell(progress, 1.0)
    out: NDArray[np.float64] = p[0] - p[1:]
    return out


def hider(
    model: Classifier, film: Radiograph, label: str, fill: str
) -> Callable[[Box | None], float]:
    """Something that gives the calibrated probability of `label` with a box hidden, or nothing.

    Raises
    ------
    ExplainError
        ``unknown_class``, ``unknown_fill``.
    """
    column = column_of(model, label)
    square = preprocess(film.eight_bit, model.preprocessing)
    fill_of = filler(square, fill, film_seed(film.sha256))

    def probability(box: Box | None) -> float:
        hidden = square.copy()
        if box:
            hidden[box[0] : box[2], box[1] : box[3]] = fill_of(box)
        return float(model.calibrate(model.squares(hidden[None]))[0, column])

    return probability


def average_over_cover(
    effects: NDArray[np.float64], starts: Sequence[int], patch: int, size: int
) -> NDArray[np.float64]:
    """Mean over the patches that cover each pixel, (size, size). Cover is the same along rows and
    columns, so the sum over patches is a matrix product."""
    offset = np.arange(size) - np.array(starts)[:, None]
    covers = ((offset >= 0) & (offset < patch)).astype(np.float64)
    count = covers.sum(0)
    out: NDArray[np.float64] = covers.T @ effects @ covers / np.outer(count, count)
    return out
