"""What is put in the place of a hidden patch.

It should say nothing. Black says much: networks on this task have called an all-black film "T".
The film's mean is a bright object in a lung and a dark one on the spine. A blur of the film lets
shine through what should be hidden: of a disc as wide as the patch, a Gaussian blur of half its
width leaves two fifths of the contrast. So the blur used unless another fill is asked for is one of
the film around the patch only: it is continuous with it, and nothing of the hidden pixels is in it.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import ExplainError

FILLS = ("blur", "mean", "noise", "black")

Box = tuple[int, int, int, int]
"""Top, left, bottom, right in pixels of the network's square; bottom and right are outside."""


def filler(
    square: NDArray[np.uint8], fill: str, seed: int = 0
) -> Callable[[Box], NDArray[np.uint8]]:
    """Something that gives the pixels to put in a box's place.

    Parameters
    ----------
    square : uint8 (S, S)
        The film as the network sees it.
    fill : {"blur", "mean", "noise", "black"}
        "blur": the film around the box, blurred into it: a Gaussian mean of the pixels outside,
        of a standard deviation of an eighth of the box's shorter side, so that what is nearest
        counts most. A box that covers the whole square has the film's mean. "mean": the film's
        mean. "noise": the film's own pixels, shuffled. "black": 0.
    seed : int
        Of the shuffle.

    Returns
    -------
    callable
        From a box, inside the square and not empty, to uint8 (bottom − top, right − left).

    Raises
    ------
    ExplainError
        ``unknown_fill``.
    """
    if fill == "blur":
        light = square.astype(np.float32)
        return lambda box: _run_in(light, box)
    if fill == "mean":
        whole = np.full_like(square, round(float(square.mean())))
    elif fill == "noise":
        shuffled = np.random.default_rng(seed).permutation(square.ravel())
        whole = shuffled.reshape(square.shape)
    elif fill == "black":
        whole = np.zeros_like(square)
    else:
        raise ExplainError(
            "unknown_fill", f"A patch cannot be filled with {fill!r}; there are {', '.join(FILLS)}."
        )
    return lambda box: whole[box[0] : box[2], box[1] : box[3]]


def whole(square: NDArray[np.uint8], fill: str, seed: int = 0) -> NDArray[np.uint8]:
    """The film with all of it filled: what is left when everything has been taken away.

    Parameters
    ----------
    square : uint8 (S, S)
    fill : {"blur", "mean", "noise", "black"}
        "blur" is a Gaussian of the film with a standard deviation of an eighth of its side, which
        leaves where the film is light and where dark, and no structure. The others are those of
        :func:`filler`.
    seed : int

    Returns
    -------
    uint8 (S, S)

    Raises
    ------
    ExplainError
        ``unknown_fill``.
    """
    size = len(square)
    if fill != "blur":
        return filler(square, fill, seed)((0, 0, size, size))
    blurred = cv2.GaussianBlur(square, (0, 0), size / 8, borderType=cv2.BORDER_REFLECT)
    return blurred.astype(np.uint8, copy=False)


def film_seed(sha256: str) -> int:
    """The seed that makes a film's noise its own, the same at every run."""
    return int(sha256[:16], 16)


def _run_in(light: NDArray[np.float32], box: Box) -> NDArray[np.uint8]:
    """Normalised convolution (Knutsson and Westin 1993): the blur of the pixels outside over the
    blur of where there are any, both as matrix products, for the pixels inside only."""
    top, left, bottom, right = box
    side = min(bottom - top, right - left)  # no pixel of the box is farther from one outside
    first_row, first_column = max(top - side, 0), max(left - side, 0)
    light = light[first_row : bottom + side, first_column : right + side]
    rows, columns = np.arange(top, bottom) - first_row, np.arange(left, right) - first_column
    outside = np.ones_like(light)
    outside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = 0
    if not outside.any():
        return np.full(light.shape, round(float(light.mean())), np.uint8)
    down = _gaussian(rows, light.shape[0], side / 8)
    along = _gaussian(columns, light.shape[1], side / 8).T
    mean = (down @ (light * outside) @ along) / (down @ outside @ along)
    return np.rint(mean).astype(np.uint8)


def _gaussian(inside: NDArray[np.intp], size: int, deviation: float) -> NDArray[np.float32]:
    """Weight of each of `size` pixels for each of the n `inside`, float32 (n, size)."""
    distance = inside[:, None] - np.arange(size)
    return np.exp(-((distance / deviation) ** 2) / 2).astype(np.float32)
