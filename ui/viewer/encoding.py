"""What goes to the browser: a film or a map as compressed steps, its windows, its colours.

A row is sent as the differences between neighbours, modulo 2**8 or 2**16, folded so that small
ones of either sign are small numbers (0, −1, 1, −2 … become 0, 1, 2, 3 …); of 16 bits, all high
bytes of the row come before all low ones. Deflate then halves a film or better, and the browser
inflates it by itself (``DecompressionStream``).
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxr.explain import overlay
from cxr.imaging.radiograph import Radiograph, curve, own_window

LAYER_SIDE = 512
"""Longer side of a map as it is sent, pixels: no method's grid is finer."""

_ZERO, _STEPS = 32768, 32767
"""A map's 0 among the 65,536 levels it is sent in, and how many lie on either side."""


def pack(image: NDArray[Any]) -> bytes:
    """uint8 or uint16 (H, W) as filtered rows under deflate; needs little beside its result."""
    # After the filter only runs repeat: looking for more takes four times as long for no gain.
    deflate = zlib.compressobj(1, strategy=zlib.Z_RLE)
    rows = max(1, (1 << 20) // image.shape[1])
    parts = [
        deflate.compress(_filtered(image[top : top + rows]).tobytes())
        for top in range(0, len(image), rows)
    ]
    return b"".join([*parts, deflate.flush()])


def _filtered(rows: NDArray[Any]) -> NDArray[Any]:
    """Folded differences along each row; of 16 bits the bytes, all high ones first."""
    steps = rows.copy()
    steps[:, 1:] -= rows[:, :-1]
    signed: NDArray[Any] = steps.view(np.int8 if rows.dtype == np.uint8 else np.int16)
    folded: NDArray[Any] = (signed << 1) ^ (signed >> (8 * rows.itemsize - 1))
    if rows.dtype == np.uint8:
        return folded
    parts = folded.astype("<i2").view(np.uint8).reshape(*rows.shape, 2)
    return np.concatenate([parts[..., 1], parts[..., 0]], axis=1)


def steps_of(film: Radiograph) -> tuple[NDArray[Any], bool]:
    """The pixels to send, and whether the film's own curve is already in them."""
    own = curve(film)
    return (film.pixels, False) if own is None else (own[film.pixels], True)


def windows(film: Radiograph, steps: NDArray[Any], curved: bool) -> list[dict[str, Any]]:
    """The presets 1 to 5: what the file says, then percentiles of what is not the film's edge."""
    low, high = (0.0, 65535.0) if curved else own_window(film)
    sample = steps[:: max(1, len(steps) // 1000), :: max(1, steps.shape[1] // 1000)]
    inside = sample[(sample > sample.min()) & (sample < sample.max())]
    p1, p5, p40, p60, p99 = np.percentile(inside if inside.size else sample, (1, 5, 40, 60, 99))
    full = float(steps.min()), float(steps.max())
    found = (
        ("As filed", "the film’s own window", low, high),
        ("Full range", "from its darkest to its lightest value", *full),
        ("Contrast", "1st to 99th percentile of its values", p1, p99),
        ("Dark parts", "5th to 60th percentile: the lungs of most films", p5, p60),
        ("Light parts", "40th to 99th percentile: the mediastinum of most films", p40, p99),
    )
    return [
        {"name": name, "what": what, "low": float(low), "high": float(max(high, low + 1))}
        for name, what, low, high in found
    ]


def shrunk(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """A map of at most :data:`LAYER_SIDE` a side, by area averaging."""
    share = LAYER_SIDE / max(values.shape)
    if share >= 1:
        return values
    height, width = (max(1, round(side * share)) for side in values.shape)
    small: Any = cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA)
    return small.reshape(height, width)


def levels(values: NDArray[np.float32]) -> tuple[NDArray[np.uint16], float]:
    """A map, shrunk, in steps, and the value of one step."""
    small = shrunk(values)
    peak = float(np.abs(small).max()) or 1.0
    steps = np.rint(small / np.float32(peak) * _STEPS).astype(np.int32) + _ZERO
    return steps.astype(np.uint16), peak / _STEPS


def kinds(methods: set[str], scales: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    """Title, unit, scale and the 256 colours of each method; see :mod:`cxr.explain.overlay`."""
    found = {}
    for method in sorted(methods):
        kind = overlay.KINDS[method]
        found[method] = {
            "title": kind.title,
            "unit": kind.unit,
            "signed": kind.signed,
            "scale": scales.get(method, kind.scale),
            "scales": list(kind.scales),
            "colours": base64.b64encode(overlay.colours(method).tobytes()).decode(),
        }
    return found
