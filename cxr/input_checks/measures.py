"""What can be measured on a film by itself, and on the map of its lungs.

Films are measured as the network meets them: 8 bits, reduced to 256 pixels along the longer side.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Film = NDArray[np.uint8]
Vector = NDArray[np.float32]

GRID = 16
BITS = 143
"""Of a film's hash: 12 × 12 cosines without the mean."""


def grain(film: Film) -> float:
    """Standard deviation of the noise, grey levels (Immerkær 1996).

    The filter answers neither to flat parts nor to slopes nor, in the main, to edges.
    """
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    answer = cv2.filter2D(film.astype(np.float32), -1, kernel)[1:-1, 1:-1]
    return float(np.abs(answer).mean() * np.sqrt(np.pi / 2) / 6)


def strokes(film: Film) -> float:
    """Per cent of the film that is thin, sharp and among the whitest: letters, arrows, marks."""
    sharp = cv2.morphologyEx(film, cv2.MORPH_TOPHAT, np.ones((5, 5), np.uint8))
    white = max(float(np.quantile(film, 0.99)), 200.0)
    return float(100 * np.mean((sharp >= 50) & (film >= white)))


def brightness(film: Film) -> float:
    """Mean grey level, 0 to 255."""
    return float(film.mean())


def thumbnail(film: Film) -> Vector:
    """The film on 16 × 16 points, without its brightness and contrast: float32 (256,)."""
    small = cv2.resize(film, (GRID, GRID), interpolation=cv2.INTER_AREA)
    values = small.astype(np.float32).ravel()
    out: Vector = (values - values.mean()) / (values.std() + np.float32(1))
    return out


def lung_grid(probability: NDArray[np.float32]) -> Vector:
    """Where the lungs are, on 16 × 16 points: float32 (256,), 0 to 1."""
    small = cv2.resize(probability, (GRID, GRID), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32, copy=False).ravel()


def fingerprint(film: Film) -> NDArray[np.uint8]:
    """A perceptual hash, uint8 (18,): which of a film's slowest cosines exceed their median.

    The manifest's own (64 bits, 8 × 8 cosines) was taken before its films were packed as JPEG, is
    met exactly on 264 of 300 of them, and comes to within 4 bits for different films. With
    12 × 12, films that differ are 14 bits apart and more.
    """
    small = cv2.resize(film, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    slow = cv2.dct(small)[:12, :12].ravel()[1:]
    return np.packbits(slow > np.median(slow))


def bits_apart(hashes: NDArray[np.uint8], one: NDArray[np.uint8]) -> NDArray[np.int64]:
    """In how many bits each of `hashes`, (n, 18), differs from `one`, (18,): int (n,)."""
    out: NDArray[np.int64] = np.bitwise_count(hashes ^ one).sum(1, dtype=np.int64)
    return out
