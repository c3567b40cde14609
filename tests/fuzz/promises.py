"""What `cxr.imaging.reader.read` promises of whatever it lets in and of whatever it refuses."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np

from cxr.errors import CxrError
from cxr.imaging.radiograph import Radiograph

_REFUSALS = Path(__file__).parents[2] / "docs" / "reading.md"


def broken_by_film(film: Radiograph) -> str | None:
    """The first promise of `Radiograph` that a film does not keep, or None."""
    pixels, voi, shown = film.pixels, film.voi, film.eight_bit
    top = 2**film.bits - 1
    kept = {
        "bits": 8 <= film.bits <= 16,
        "dtype": pixels.dtype == (np.uint8 if film.bits == 8 else np.uint16),
        "shape": pixels.ndim == 2 and min(pixels.shape) >= 32,
        "memory": pixels.flags.c_contiguous and not pixels.flags.writeable,
        "range": int(pixels.max()) <= top,
        "table": voi is None or (voi.dtype == np.uint8 and voi.shape == (top + 1,)),
        "shown": shown.dtype == np.uint8 and shown.shape == pixels.shape,
        "shown is read-only": not shown.flags.writeable,
        "window": film.window is None or bool(np.isfinite(film.window).all()),
        "window's width": film.window is None or film.window[1] > 0,
        "spacing": film.spacing_mm is None
        or (bool(np.isfinite(film.spacing_mm).all()) and min(film.spacing_mm) > 0),
        "hash": re.fullmatch("[0-9a-f]{64}", film.sha256) is not None,
        "format": film.format in ("PNG", "JPEG", "DICOM"),
        "view": film.view in ("PA", "AP", None),
        "orientation": film.orientation is None
        or all(re.fullmatch("[A-Z]{0,3}", way) for way in film.orientation),
        "notes": all(isinstance(note, str) and 10 < len(note) < 200 for note in film.notes),
    }
    return next((name for name, is_kept in kept.items() if not is_kept), None)


def broken_by_refusal(refusal: CxrError) -> str | None:
    """The first promise of a refusal that this one does not keep, or None."""
    kept = {
        "code": refusal.code in codes(),
        "sentence": 20 < len(refusal.message) < 300 and refusal.message.isprintable(),
        # A decoder's own error quotes the file; it must not be shown with the refusal.
        "silence": refusal.__suppress_context__ or refusal.__context__ is None,
    }
    return next((name for name, is_kept in kept.items() if not is_kept), None)


@cache
def codes() -> frozenset[str]:
    """Every refusal that docs/reading.md lists."""
    listed = _REFUSALS.read_text(encoding="utf-8").partition("## Refusals")[2]
    return frozenset(re.findall(r"^\| `([a-z_0-9]+)`", listed, re.MULTILINE))
