"""What every map shares: the class it is asked for, and the film it is laid over."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import Cancelled, ExplainError
from ..model.classifier import Classifier

Progress = Callable[[float], object]
"""Told the share done, 0 to 1, before each piece of work and at the end; stops the work by
returning ``False``. Any other answer goes on."""


def tell(progress: Progress | None, share: float) -> None:
    """Tell `progress`, if there is one.

    Raises
    ------
    Cancelled
        If it answers ``False``.
    """
    if progress is not None and progress(share) is False:
        raise Cancelled


def part_of(progress: Progress | None, part: int, parts: int) -> Progress | None:
    """What to tell of one of several equal pieces of work, the first being 0."""
    if progress is None:
        return None
    whole = progress
    return lambda share: whole((part + share) / parts)


def column_of(model: Classifier, label: str) -> int:
    """Place of `label` among the logits.

    Raises
    ------
    ExplainError
        ``unknown_class``.
    """
    if label not in model.labels:
        raise ExplainError(
            "unknown_class", f"The model has no class {label!r}; it has {', '.join(model.labels)}."
        )
    return model.labels.index(label)


def to_film(
    cells: NDArray[np.floating], shape: tuple[int, ...], cut: float = 0.0
) -> NDArray[np.float32]:
    """Stretch a map over a film, linearly between the centres of its cells.

    The inverse of the stretch in :func:`cxr.imaging.preprocessing.preprocess`: the centre of cell
    (i, j) of an (h, w) map of a whole film falls on
    ``((i + .5) * H / h - .5, (j + .5) * W / w - .5)`` of it.

    Parameters
    ----------
    cells : float (h, w)
    shape : (H, W)
    cut : float
        Share of the film at each edge that the map has no cells of
        (:attr:`cxr.imaging.preprocessing.Preprocessing.cut`).

    Returns
    -------
    float32 (H, W), 0 where the map has no cells
    """
    values = np.zeros(shape, np.float32)
    top, left = (round(cut * side) for side in shape)
    inside = values[top : shape[0] - top, left : shape[1] - left]
    inside[...] = cv2.resize(
        cells.astype(np.float32), inside.shape[::-1], interpolation=cv2.INTER_LINEAR
    )
    return values


def to_square(values: NDArray[np.floating], size: int) -> NDArray[np.float32]:
    """A film's map on the network's square: area means where it shrinks, linear where it grows.

    Parameters
    ----------
    values : float (H, W)
    size : int
        Side of the square, pixels.

    Returns
    -------
    float32 (size, size)
    """
    shrinks = min(values.shape) >= size
    square = cv2.resize(
        values.astype(np.float32),
        (size, size),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
    )
    return square.astype(np.float32, copy=False)


CUT_OFF = 0.1
"""Calibrated probability of a class below which no map of it is drawn unless it is asked for: maps
of what a network does not see are mostly false alarms (Saporta et al. 2022, their code's notes)."""


def worth_a_map(probability: float) -> bool:
    """Whether a class is likely enough for its map to be drawn unasked."""
    return probability >= CUT_OFF


def contours(values: NDArray[np.floating], level: float) -> list[NDArray[np.int32]]:
    """Lines around where a map reaches a level, or −level where that is below 0.

    Parameters
    ----------
    values : float (H, W)
    level : float
        Not 0.

    Returns
    -------
    list of int32 (n, 2)
        Closed lines of (x, y) pixels, none where the map stays below.
    """
    inside = values >= level if level > 0 else values <= level
    lines, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    return [np.asarray(line[:, 0], np.int32) for line in lines]
