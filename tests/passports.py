"""Passports that tests fit by hand: every limit out of reach but those that are named."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path

import numpy as np

from cxr.imaging.preprocessing import reduce_film
from cxr.imaging.radiograph import Radiograph
from cxr.input_checks import CHECKS, Fitted, fitted, measures
from cxr.model.bundle import Bundle, manifest_values, open_bundle, write_manifest
from cxr.teaching import phantom

CHANNELS = 32
"""Feature maps of the phantom network."""


@cache
def drawn(kind: str = "clear") -> Radiograph:
    """A drawing in which the shipped network finds lungs, 256 pixels square."""
    return Radiograph(reduce_film(phantom.draw(kind), 256), 8, "", "PNG")


def by_hand(channels: int = CHANNELS, **limits: float) -> Fitted:
    """Constants that flag nothing, but for `limits`."""
    never = {
        code: -1.0 if check.below else 1e6 for code, check in CHECKS.items() if code != "not_chest"
    }
    line = np.zeros(measures.GRID**2 + 1, np.float32)
    lines = dict.fromkeys(("inverted", "rotated", "cropped"), line)
    if channels:
        lines["child"] = np.zeros(channels + 1, np.float32)
    axes = np.eye(channels, min(2, channels), dtype=np.float32)
    known = measures.fingerprint(drawn("upper").pixels)[None]
    return Fitted(never | limits, np.zeros(channels, np.float32), axes, lines, known)


def bundle_with(folder: Path, source: Bundle, constants: Fitted) -> Bundle:
    """A copy of a bundle that brings a passport."""
    shutil.copytree(source.folder, folder)
    values = manifest_values(folder)
    fitted.save(folder, constants, source.digest, {})
    return write_manifest(folder, values)


def altered(bundle: Bundle, **changes: object) -> Bundle:
    """The bundle with other values in its passport.json, and hashes to match."""
    values = manifest_values(bundle.folder)
    path = bundle.folder / fitted.TEXT
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    write_manifest(bundle.folder, values)
    return open_bundle(bundle.folder)
