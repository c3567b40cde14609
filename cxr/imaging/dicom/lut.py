"""DICOM's look-up tables, as tables over the stored values and never over a film.

A film of b bits has 2**b possible values. Modality LUT, VOI LUT or window, and inversion are each
worked out for those at most 65,536 values; the film is then looked up once, as integers.
DICOM PS3.3 C.11.1 (modality), C.11.2 (VOI), C.8.11.3.1.2 (presentation), C.7.5.1.1.2 (padding).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from ..decode_limits import damaged, decoding
from ..radiograph import window_table
from .values import item, numbers, text, value

_Shown = tuple[NDArray[np.uint8], tuple[float, float] | None]
_NO_WINDOW = "The file has no window"


@dataclass(frozen=True, eq=False)
class Rendering:
    """How stored values become pixels, and pixels the 8 bits shown.

    Attributes
    ----------
    to_pixel : uint8 or uint16 (2**stored bits,), or None
        Pixel of each stored value, counted from the lowest that can be stored; None: the same.
    bits : int
        Significant bits of the pixels.
    voi : uint8 (2**bits,), or None
        See `Radiograph.voi`.
    window : (float, float), or None
        See `Radiograph.window`.
    """

    to_pixel: NDArray[Any] | None
    bits: int
    voi: NDArray[np.uint8] | None
    window: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class Modality:
    """Pixels of the stored values, `bits` deep; a pixel p means ``slope * p + intercept``, unless
    what it means is not `known`."""

    to_pixel: NDArray[np.int64]
    bits: int
    slope: float = 1.0
    intercept: float = 0.0
    known: bool = True


def rendering(
    ds: Dataset, stored: NDArray[Any], bits: int, signed: bool, notes: list[str]
) -> Rendering:
    """Work out the tables of a film.

    Parameters
    ----------
    stored : uint8 or uint16 (H, W)
        0 = the lowest value that `bits` (8 to 16) can store: signed films are moved up.
    notes : list of str
        Grows.
    """
    if not is_grey(ds):
        return Rendering(None, 8, None, None)  # grey stored as colour: the tables do not apply
    rescaled = modality(ds, bits, signed, notes)
    to_pixel, bits_shown = rescaled.to_pixel, rescaled.bits
    voi, window = _shown(ds, rescaled, to_pixel[_occurring(ds, stored, bits, signed)], notes)
    if is_negative(ds):
        top = 2**bits_shown - 1
        to_pixel = top - to_pixel
        voi = 255 - voi[::-1]
        window = (top - window[0], window[1]) if window else None
        notes.append("The film is stored as a negative and shown as a positive.")
    if value(ds, "PresentationLUTSequence") is not None:
        notes.append("The file's presentation table is not applied.")
    unchanged = bits_shown == bits and np.array_equal(to_pixel, np.arange(2**bits))
    plain = bits_shown == 8 and np.array_equal(voi, np.arange(256))
    return Rendering(
        None if unchanged else to_pixel.astype(np.uint8 if bits_shown == 8 else np.uint16),
        bits_shown,
        None if plain else np.ascontiguousarray(voi),
        window,
    )


def is_grey(ds: Dataset) -> bool:
    """Whether it is stored as grey, so that its tables apply."""
    return text(ds, "PhotometricInterpretation").startswith("MONOCHROME")


def is_negative(ds: Dataset) -> bool:
    """Whether black is what its tables call white."""
    negative = text(ds, "PhotometricInterpretation") == "MONOCHROME1"
    return negative or text(ds, "PresentationLUTShape") == "INVERSE"


def modality(ds: Dataset, bits: int, signed: bool, notes: list[str]) -> Modality:
    """A linear rescale keeps the stored steps (its meaning is kept beside them); a LUT maps."""
    lowest = -(2 ** (bits - 1)) if signed else 0
    steps = np.arange(2**bits)
    table = item(ds, "ModalityLUTSequence")
    if table is not None:
        entries, first, _ = entries_of(table, signed)
        depth = max(8, int(entries.max()).bit_length())
        return Modality(entries[np.clip(steps + lowest - first, 0, len(entries) - 1)], depth)
    slopes, intercepts = numbers(ds, "RescaleSlope"), numbers(ds, "RescaleIntercept")
    if slopes is None or intercepts is None:
        return Modality(steps, bits, known=False)
    slope, intercept = (slopes or [1.0])[0], (intercepts or [0.0])[0]
    if slope == 0:
        notes.append("The file's rescale slope is 0; taken for unknown.")
        slope, intercept = 1.0, 0.0
    if slope < 0:
        top = lowest + 2**bits - 1
        return Modality(steps[::-1], bits, -slope, slope * top + intercept)
    return Modality(steps, bits, slope, slope * lowest + intercept)


def _shown(ds: Dataset, modality: Modality, occurring: NDArray[Any], notes: list[str]) -> _Shown:
    """The 8 bits shown of each pixel: by VOI LUT, else window, else range."""
    darkest, lightest = int(occurring.min()), int(occurring.max())
    stated = None
    if not modality.known:
        why = "The file's rescale slope or intercept cannot be read, so no window is used"
    elif isinstance(found := _voi_lut(ds, modality, notes) or _window(ds, modality, notes), str):
        why = found
    else:
        stated = found
        shown = stated[0][occurring]
        if darkest == lightest or shown.min() < shown.max():
            return stated
        why = "The file's window leaves the film blank"
    as_it_is = modality.bits == 8 and not stated and item(ds, "ModalityLUTSequence") is None
    if not as_it_is:
        notes.append(f"{why}; the film is shown from darkest to lightest.")
    elif why != _NO_WINDOW:
        notes.append(f"{why}; the film is shown as it is stored.")
    if darkest == lightest or as_it_is:
        return window_table(modality.bits, 0, 2**modality.bits - 1), None
    window = ((darkest + lightest) / 2, float(lightest - darkest))
    return window_table(modality.bits, darkest, lightest), window


def _voi_lut(ds: Dataset, modality: Modality, notes: list[str]) -> _Shown | None:
    table = item(ds, "VOILUTSequence")
    if table is None or value(table, "LUTData") is None:
        return None
    entries, first, depth = entries_of(table, signed=modality.intercept < 0)
    least, most = 0, 2**depth - 1
    if int(entries.max()).bit_length() < depth:
        least, most = int(entries.min()), int(entries.max())
        notes.append("The file's table fills less than it states; shown by the range it fills.")
    meant = np.rint(modality.slope * np.arange(2**modality.bits) + modality.intercept)
    at = np.clip(meant - first, 0, len(entries) - 1).astype(np.intp)
    share = (entries[at] - least) / max(most - least, 1)
    return (share * 255 + 0.5).astype(np.uint8), None


def _window(ds: Dataset, modality: Modality, notes: list[str]) -> _Shown | str:
    """The file's first window, or why there is none."""
    centres, widths = numbers(ds, "WindowCenter"), numbers(ds, "WindowWidth")
    if centres is None or widths is None:
        return "The file's window cannot be read"
    if not centres and not widths:
        return _NO_WINDOW
    if not centres or not widths:
        return "The file states half a window"
    centre, width = centres[0], widths[0]
    function = text(ds, "VOILUTFunction") or "LINEAR"
    if function == "LINEAR":
        centre, width = centre - 0.5, width - 1
    centre, width = (centre - modality.intercept) / modality.slope, width / modality.slope
    # Beyond these bounds, for pixels of 0 to 65,535, it is no window but a slip (or an attack).
    if not 1e-3 <= width <= 1e9 or not abs(centre) <= 1e9:
        return "The file's window has no width"
    if len(centres) > 1:
        notes.append(f"The first of the file's {len(centres)} windows is used.")
    if function == "SIGMOID":
        pixels = np.arange(2**modality.bits, dtype=np.float64)
        rise = 255 / (1 + np.exp(np.clip(-4 * (pixels - centre) / width, -60, 60)))
        return (rise + 0.5).astype(np.uint8), None
    table = window_table(modality.bits, centre - width / 2, centre + width / 2)
    return table, (centre, width)


def entries_of(table: Dataset, signed: bool) -> tuple[NDArray[np.int64], int, int]:
    """Entries of a LUT item, the value that the first is for, and the bits that entries have."""
    descriptor = [int(n) for n in numbers(table, "LUTDescriptor") or ()]
    data = value(table, "LUTData")
    if len(descriptor) != 3 or data is None:
        raise damaged()
    count, first, depth = descriptor[0] % 2**16 or 2**16, descriptor[1], descriptor[2]
    if signed and first >= 2**15:
        first -= 2**16
    with decoding():
        if isinstance(data, bytes):
            wide = len(data) >= 2 * count
            order = ">" if table.original_encoding[1] is False else "<"
            data = np.frombuffer(data, f"{order}u2" if wide else "u1")
        entries = np.atleast_1d(np.asarray(data)).astype(np.int64)[:count]
    if len(entries) < count or entries.min() < 0 or entries.max() >= 2**16:
        raise damaged()
    return entries, first, max(min(depth, 16), 8, int(entries.max()).bit_length())


def _occurring(ds: Dataset, stored: NDArray[Any], bits: int, signed: bool) -> NDArray[np.intp]:
    """The stored values that occur outside padding, in rising order; never empty."""
    seen = np.zeros(2**bits, dtype=bool)
    for row in stored:
        seen[row] = True
    padding = numbers(ds, "PixelPaddingValue") or []
    padding += numbers(ds, "PixelPaddingRangeLimit") or []
    if padding:
        # Written signed or unsigned, whatever the film is: compared as the bits it has.
        sign = 2 ** (bits - 1) if signed else 0
        ends = [(int(p) & (2**bits - 1)) ^ sign for p in padding]
        film = seen.copy()
        film[min(ends) : max(ends) + 1] = False
        seen = film if film.any() else seen
    return np.flatnonzero(seen)
