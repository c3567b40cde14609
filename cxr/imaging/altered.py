"""A film as its reader says that it should be: turned, or with black and white exchanged."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from .radiograph import Radiograph

_OPPOSITE = str.maketrans("LRAPHF", "RLPAFH")


def altered(film: Radiograph, turns: int = 0, exchanged: bool = False) -> Radiograph:
    """The film anew, with a hash of its own, and a note of what was done to it.

    Parameters
    ----------
    film : Radiograph
    turns : int
        Quarter turns, clockwise.
    exchanged : bool
        Whether black and white are exchanged.
    """
    turns %= 4
    if not turns and not exchanged:
        return film
    pixels, notes, largest = film.pixels, list(film.notes), 2**film.bits - 1
    spacing, orientation, voi, window = film.spacing_mm, film.orientation, film.voi, film.window
    if turns:
        notes.append(f"Turned by {90 * turns}° to the right by the reader.")
        pixels = np.rot90(pixels, -turns)
        for _ in range(turns):
            spacing = spacing and (spacing[1], spacing[0])
            orientation = orientation and (orientation[1].translate(_OPPOSITE), orientation[0])
    if exchanged:
        notes.append("Black and white exchanged by the reader.")
        pixels = (largest - pixels).astype(pixels.dtype)
        voi = None if voi is None else 255 - voi[::-1]
        window = window and (largest - window[0], window[1])
    return replace(
        film,
        pixels=np.ascontiguousarray(pixels),
        sha256=hashlib.sha256(f"{film.sha256} {turns} {exchanged}".encode()).hexdigest(),
        voi=voi,
        window=window,
        spacing_mm=spacing,
        orientation=orientation,
        notes=tuple(notes),
    )
