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
