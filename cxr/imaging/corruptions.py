"""Corruptions that films come with, at five strengths: what a network should not mind and an input
check should see. Made from a sound film, and the same for the same film, kind and strength.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Film = NDArray[np.uint8]

STRENGTHS = (1, 2, 3, 4, 5)
CORRUPTIONS: dict[str, tuple[str, tuple[float, ...]]] = {
    "inverted": ("share of the way to the negative", (0.6, 0.7, 0.8, 0.9, 1.0)),
    "noise": ("standard deviation, grey levels", (4, 8, 16, 28, 44)),
    "blur": ("sigma, pixels of a film 256 pixels long", (0.6, 1.0, 1.6, 2.5, 4.0)),
    "jpeg": ("quality", (80, 60, 40, 20, 8)),
    "rotated": ("degrees", (3, 6, 10, 20, 45)),
    "cropped": ("share of each side cut off", (0.05, 0.1, 0.15, 0.22, 0.3)),
    "dark": ("gamma", (1.25, 1.6, 2.1, 2.8, 4.0)),
    "light": ("gamma", (0.8, 0.62, 0.48, 0.36, 0.25)),
    "text": ("words burnt in", (1, 2, 4, 8, 16)),
}
"""Kind → what its strengths are, and their values from 1 to 5."""

_WORDS = ("PORTABLE", "AP", "L", "R", "SUPINE", "12:45", "ERECT", "CXR 2 VIEWS", "KV 120", "PA")


def corrupted(film: Film, kind: str, strength: int) -> Film:
    """The film with one corruption.

    Parameters
    ----------
    film : uint8 (H, W)
        Not changed.
    kind : str
        A key of :data:`CORRUPTIONS`.
    strength : int
        1 to 5.

    Returns
    -------
    uint8, (H, W) but for ``cropped``, which is smaller.
    """
    amount = CORRUPTIONS[kind][1][strength - 1]
    make = {
        "inverted": _invert,
        "noise": _noise,
        "blur": _blur,
        "jpeg": _jpeg,
        "rotated": rotate,
        "cropped": _crop,
        "dark": _gamma,
        "light": _gamma,
        "text": _text,
    }[kind]
    return make(film, amount)


def _invert(film: Film, share: float) -> Film:
    """Below a half the film would come out upright again, of little contrast."""
    table = (1 - share) * np.arange(256) + share * np.arange(255, -1, -1)
    return np.rint(table).astype(np.uint8)[film]


def _noise(film: Film, deviation: float) -> Film:
    grain = np.random.default_rng(film.size).standard_normal(film.shape, np.float32)
    return np.clip(np.rint(film + deviation * grain), 0, 255).astype(np.uint8)


def _blur(film: Film, sigma: float) -> Film:
    sigma *= max(film.shape) / 256
    return cv2.GaussianBlur(film, (0, 0), sigma).astype(np.uint8, copy=False)


def _jpeg(film: Film, quality: float) -> Film:
    stored = cv2.imencode(".jpg", film, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])[1]
    return np.asarray(cv2.imdecode(stored, cv2.IMREAD_GRAYSCALE), np.uint8)


def rotate(film: Film, degrees: float) -> Film:
    """The film turned about its middle, anticlockwise; the corners become black."""
    height, width = film.shape
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    return cv2.warpAffine(film, turn, (width, height)).astype(np.uint8, copy=False)


def _crop(film: Film, share: float) -> Film:
    """Off the left and the top: a film that was not centred, one lung and the apices cut."""
    height, width = film.shape
    return np.ascontiguousarray(film[int(height * share) :, int(width * share) :])


def _gamma(film: Film, gamma: float) -> Film:
    return np.rint(np.linspace(0, 1, 256) ** gamma * 255).astype(np.uint8)[film]


def _text(film: Film, words: float) -> Film:
    film = film.copy()
    height, width = film.shape
    rng = np.random.default_rng(0)
    for word in rng.choice(_WORDS, int(words)):
        x, y = rng.uniform(0, 0.7) * width, rng.uniform(0.08, 0.97) * height
        scale, thick = max(height, width) / 500, max(1, max(height, width) // 250)
        where = (int(x), int(y))
        cv2.putText(film, str(word), where, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, thick)
    return film
