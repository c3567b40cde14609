"""Read one film: bytes in, a `Radiograph` or a coded refusal out.

The format is told by the bytes, never by the name. pydicom is imported only for DICOM bytes.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr.bare_dicom import start_of_data_set
from cxr.errors import UnreadableFile
from cxr.guard import MAX_PIXELS, check_bytes

__all__ = ["MAX_PIXELS", "Radiograph", "read", "window_table"]

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_ADVICE = "Export the film as PNG, JPEG or DICOM."
_OTHERS = {
    b"GIF8": "a GIF image",
    b"II*\x00": "a TIFF image",
    b"MM\x00*": "a TIFF image",
    b"BM": "a BMP image",
    b"\xff\x4f\xff\x51": "a bare JPEG 2000 image",
    b"\x00\x00\x00\x0cjP": "a bare JPEG 2000 image",
    b"\x00\x00\x00\x0cJXL": "a JPEG XL image",
    b"\xff\x0a": "a JPEG XL image",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"\x93NUMPY": "a NumPy array",
}


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
        film = self.voi[self.pixels]
        film.setflags(write=False)
        return film


def read(source: str | os.PathLike[str] | bytes | bytearray | memoryview) -> Radiograph:
    """Read a frontal chest film.

    Parameters
    ----------
    source : path, or the bytes of a file

    Raises
    ------
    UnreadableFile, NotARadiograph
        Nothing else, whatever the bytes; the codes are listed in ``docs/reading.md``.
    """
    data = _bytes_of(source)
    if not data:
        raise UnreadableFile("empty", "The file is empty. Copy it again.")
    check_bytes(len(data))
    sha256 = hashlib.sha256(data).hexdigest()
    if data[128:132] == b"DICM":
        from cxr.dicom import read_dicom

        return read_dicom(data, sha256)
    if data.startswith((_PNG, _JPEG)):
        from cxr.raster import read_jpeg, read_png

        return (read_png if data.startswith(_PNG) else read_jpeg)(data, sha256)
    if (start := start_of_data_set(data)) is not None:
        from cxr.dicom import read_dicom

        return read_dicom(data[start:], sha256, bare=True)
    raise _not_read(data)


def window_table(bits: int, low: float, high: float) -> NDArray[np.uint8]:
    """Table (2**bits,) that rises in a straight line from 0 at `low` to 255 at `high`."""
    values = np.arange(2**bits, dtype=np.float64)
    return np.floor(np.clip((values - low) / (high - low), 0, 1) * 255 + 0.5).astype(np.uint8)


def _bytes_of(source: str | os.PathLike[str] | bytes | bytearray | memoryview) -> bytes:
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    folder = False
    try:
        path = Path(source)
        if path.is_file():
            check_bytes(path.stat().st_size)
            return path.read_bytes()
        folder = path.is_dir()
    except (OSError, ValueError):
        pass  # below, outside the handler: the system's message would carry the name
    if folder:
        raise UnreadableFile("not_found", "This is a folder, not a film. Name a file in it.")
    raise UnreadableFile("not_found", "There is no file that can be read at this place.")


def _not_read(data: bytes) -> UnreadableFile:
    """Name what the bytes are, where they can be told."""
    kind = next((name for magic, name in _OTHERS.items() if data.startswith(magic)), None)
    if data[8:12] == b"WEBP":
        kind = "a WebP image"
    elif data[4:8] == b"ftyp":
        kind = "a HEIC, AVIF or video file"
    elif data[:256].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        kind = "a web page"
    if kind:
        return UnreadableFile("unsupported_format", f"The file is {kind}. {_ADVICE}")
    return UnreadableFile("not_an_image", f"The file is not an image. {_ADVICE}")
