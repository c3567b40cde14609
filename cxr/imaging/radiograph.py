"""A film at full depth, and how it is shown; :func:`cxr.imaging.reader.read` makes one of a
file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NotARadiograph


@dataclass(frozen=True, eq=False)
class Radiograph:
    """A film at full depth, and how to show it.

    Attributes
    ----------
    pixels : uint8 or uint16 (H, W)
        C-contiguous, read-only, 0 to 2**bits − 1, larger = lighter. DICOM: after the modality
        LUT; a linear rescale keeps the stored steps and moves the lowest storable value to 0.
    bits : int
        Significant bits of `pixels`, 8 to 16.
    sha256 : str
        Of the bytes read.
    format : str
        "PNG", "JPEG" or "DICOM".
    voi : uint8 (2**bits,) or None
        The 8 bits shown for each value of `pixels`; None: the pixels themselves.
    window : (float, float) or None
        Centre and width in units of `pixels`: values from centre − width / 2 to centre +
        width / 2 rise in a straight line from 0 to 255. None: all values from 0 to 2**bits − 1
        do, or `voi` is no straight line.
    spacing_mm : (float, float) or None
        Height and width of a pixel in millimetres; None: unknown.
    view : str or None
        "PA", "AP" or None where the file does not say.
    orientation : (str, str) or None
        Where the film's rows and columns run to in the patient, such as ("L", "F"); None: unknown.
    age_years : float or None
        Of the patient when the film was taken; None where the file does not say.
    notes : tuple of str
        What was assumed or undone, as short sentences for the reader.
    doubts : tuple of NotARadiograph
        Why it would have been refused, had it not been read all the same.
    """

    pixels: NDArray[Any]
    bits: int
    sha256: str
    format: str
    voi: NDArray[np.uint8] | None = None
    window: tuple[float, float] | None = None
    spacing_mm: tuple[float, float] | None = None
    view: str | None = None
    orientation: tuple[str, str] | None = None
    age_years: float | None = None
    notes: tuple[str, ...] = ()
    doubts: tuple[NotARadiograph, ...] = ()

    def __post_init__(self) -> None:
        if self.voi is None and self.pixels.dtype != np.uint8:
            raise ValueError("a film of more than 8 bits needs a table to be shown")
        if not self.pixels.flags.c_contiguous:
            raise ValueError("pixels must be C-contiguous")
        self.pixels.setflags(write=False)

    @cached_property
    def eight_bit(self) -> NDArray[np.uint8]:
        """uint8 (H, W), read-only: what the network sees, 0 black to 255 white."""
        if self.voi is None:
            return self.pixels
        film: NDArray[np.uint8] = self.voi[self.pixels]
        film.setflags(write=False)
        return film


def window_table(bits: int, low: float, high: float) -> NDArray[np.uint8]:
    """Table (2**bits,) that rises in a straight line from 0 at `low` to 255 at `high`."""
    values = np.arange(2**bits, dtype=np.float64)
    return np.floor(np.clip((values - low) / (high - low), 0, 1) * 255 + 0.5).astype(np.uint8)


def own_window(film: Radiograph) -> tuple[float, float]:
    """Black and white of the film as its file says, in units of its pixels."""
    if film.window is None:
        return 0.0, 2.0**film.bits - 1
    centre, width = film.window
    return centre - width / 2, centre + width / 2


def curve(film: Radiograph) -> NDArray[np.uint16] | None:
    """The film's own table (2**bits,) on 16 bits; None where it is a straight line.

    A window is a straight line, so that it can lie over the pixels. Where the film's table is none,
    it lies over what the table makes of them: a value shown as grey g lies within 128 of 257 · g,
    in the order of the pixels.
    """
    if film.voi is None or np.array_equal(film.voi, window_table(film.bits, *own_window(film))):
        return None
    greys = film.voi.astype(np.int64)
    _, count = np.unique(greys, return_counts=True)
    rank = np.empty(len(greys))
    rank[np.argsort(greys, kind="stable")] = np.concatenate([np.arange(n) / n for n in count])
    steps = 257 * greys + np.floor(256 * rank).astype(np.int64) - 128
    return np.clip(steps, 0, 65535).astype(np.uint16)
