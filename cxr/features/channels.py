"""The channels of a layer: which are strong on a film, and how they look side by side."""

from __future__ import annotations

import io
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..explain import overlay
from ..explain.target import column_of
from ..model.classifier import Classifier
from .layers import NetworkLayer

Maps = NDArray[np.float32]

CELL = 72
"""Side of a map in the sheet, pixels; larger maps shrink by area averaging."""

SIDE = 512
"""Longer side of a map's own picture, pixels: no layer's grid is finer."""


def activation(maps: Maps) -> Maps:
    """Mean magnitude of each channel's map: how much it answers, not what for.

    Parameters
    ----------
    maps : float32 (h, w, K)

    Returns
    -------
    float32 (K,)
    """
    out: Maps = np.abs(maps).mean((0, 1))
    return out


def shares(model: Classifier, layer: NetworkLayer, maps: Maps, label: str) -> Maps | None:
    """Each channel's share of a class's logit: the head's weight times the map's average.

    Exact, because nothing lies between but averaging and one linear layer: the shares and the
    layer's bias add up to the logit. None of any other layer, where no such sum is.

    Parameters
    ----------
    model : Classifier
    layer : NetworkLayer
    maps : float32 (h, w, K)
    label : str

    Returns
    -------
    float32 (K,), logits; or None

    Raises
    ------
    ExplainError
        ``unknown_class``.
    """
    column = column_of(model, label)
    if not layer.last or model.head_weights is None:
        return None
    out: Maps | None = model.head_weights[:, column] * maps.mean((0, 1))
    return out


def strongest(values: Maps) -> NDArray[np.intp]:
    """Channels from the largest value down, ties in their own order."""
    return np.argsort(-values, kind="stable")


def reach(maps: Maps) -> tuple[float, float]:
    """The lowest and the highest value that a layer's colours stand for, the same for all its maps:
    0 to its largest, or both ways as far as its largest magnitude where some are below 0."""
    top = float(np.abs(maps).max())
    return (-top if maps.min() < 0 else 0.0), top


def palette(signed: bool) -> NDArray[np.uint8]:
    """256 colours, uint8 (256, 3), RGB: viridis, or blue over black to orange, 0 being black."""
    if not signed:
        return overlay.colours("gradcam")
    ends = overlay.colours("occlusion")[[0, -1]].astype(np.float64)
    share = np.linspace(-1, 1, 256)[:, None]
    return np.rint(np.abs(share) * np.where(share < 0, *ends)).astype(np.uint8)


def sheet(maps: Maps, channels: Sequence[int], columns: int) -> bytes:
    """Some of a layer's maps in rows, in the colours of :func:`palette` over :func:`reach`.

    Parameters
    ----------
    maps : float32 (h, w, K)
    channels : sequence of int
        In the order that they are drawn in.
    columns : int

    Returns
    -------
    bytes
        PNG; a cell of it is min(h, CELL) pixels high, and the last row is filled up with the
        lowest value.
    """
    low, high = reach(maps)
    height, width = (min(side, CELL) for side in maps.shape[:2])
    rows = -(-len(channels) // columns)
    levels = np.zeros((rows * height, columns * width), np.uint8)
    span = high - low or 1.0
    for place, channel in enumerate(channels):
        row, column = divmod(place, columns)
        one = cv2.resize(
            np.ascontiguousarray(maps[..., channel]), (width, height), interpolation=cv2.INTER_AREA
        )
        part = levels[row * height : (row + 1) * height, column * width : (column + 1) * width]
        part[:] = np.rint((one - low) / span * 255)
    image = Image.fromarray(levels)
    image.putpalette(palette(low < 0).tobytes())
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def picture(
    one: Maps, low: float, high: float, film: tuple[int, int], cut: float = 0.0
) -> NDArray[np.uint8]:
    """One channel's map in greys, cell by cell, in the place of a film.

    Parameters
    ----------
    one : float32 (h, w)
    low, high : float
        Black and white.
    film : (H, W)
    cut : float
        Share of the film at each edge that the network is not shown, which stays black.

    Returns
    -------
    uint8
        In the film's proportions, its longer side at most SIDE pixels.
    """
    share = min(1.0, SIDE / max(film))
    height, width = (max(1, round(side * share)) for side in film)
    grey = np.rint((one - low) / (high - low or 1.0) * 255).astype(np.uint8)
    spread = np.zeros((height, width), np.uint8)
    top, left = round(cut * height), round(cut * width)
    inside = spread[top : height - top, left : width - left]
    inside[...] = cv2.resize(grey, inside.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return spread
