"""Disturbances that need to know more than the film: another film, or where its lungs are.

What another hospital's film brings along (greys, grain, surroundings) is mixed in, while the lungs
that the label speaks of stay.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..recipes.recipe import Augmentation

Film = NDArray[np.uint8]
FIELD = 64
"""Side of the grid on which the lungs are kept."""


@dataclass(frozen=True)
class FilmAndLungs:
    """A film, uint8 (S, S), and how surely each part is lung, uint8 (FIELD, FIELD), 0 to 255."""

    film: Film
    lungs: Film | None = None


def mix(
    one: FilmAndLungs, other: FilmAndLungs, how: Augmentation, rng: np.random.Generator
) -> Film:
    """Mix something of `other` into `one`, or show the lungs alone.

    Returns
    -------
    uint8 (S, S)
    """
    film = one.film
    if rng.random() < how.surround:
        film = _swap_surroundings(one, other, rng)
    if rng.random() < how.lung_window:
        film = _lung_window(FilmAndLungs(film, one.lungs), rng)
    if rng.random() < how.tone_mix:
        film = _tone_mix(film, other.film, rng)
    if rng.random() < how.fourier:
        film = _fourier_mix(film, other.film, rng)
    return film


def needs_lungs(how: Augmentation) -> bool:
    return bool(how.surround or how.lung_window)


def needs_another(how: Augmentation) -> bool:
    return needs_lungs(how) or bool(how.tone_mix or how.fourier)


def _swap_surroundings(one: FilmAndLungs, other: FilmAndLungs, rng: np.random.Generator) -> Film:
    """The lungs of one film amid the surroundings of another, whose greys are brought near; where
    that film has lungs and this one none, this one's surroundings stay."""
    assert one.lungs is not None
    assert other.lungs is not None
    side = one.film.shape[0]
    reach = 2 * int(rng.integers(0, 4)) + 1
    near = cv2.dilate(one.lungs, np.ones((reach, reach), np.uint8))
    keep = np.maximum(near, cv2.subtract(other.lungs, near))
    soft = cv2.GaussianBlur(keep, (0, 0), 1.0)
    share = cv2.resize(soft, (side, side), interpolation=cv2.INTER_LINEAR) / np.float32(255)
    mine, theirs = one.film.astype(np.float32), other.film.astype(np.float32)
    scale = (mine.std() + 1) / (theirs.std() + 1)
    theirs = (theirs - theirs.mean()) * scale + mine.mean()
    out: Film = np.clip(np.rint(share * mine + (1 - share) * theirs), 0, 255).astype(np.uint8)
    return out


def _lung_window(one: FilmAndLungs, rng: np.random.Generator) -> Film:
    """The film cut to its lungs, with up to a tenth of their size left round them."""
    assert one.lungs is not None
    rows = np.flatnonzero((one.lungs >= 128).any(1))
    columns = np.flatnonzero((one.lungs >= 128).any(0))
    if len(rows) < FIELD / 6 or len(columns) < FIELD / 6:
        return one.film
    side = one.film.shape[0]
    (top, bottom), (left, right) = (_edges(found, side, rng) for found in (rows, columns))
    part = one.film[top:bottom, left:right]
    return cv2.resize(part, (side, side), interpolation=cv2.INTER_LINEAR).astype(np.uint8)


def _edges(found: NDArray[np.intp], side: int, rng: np.random.Generator) -> tuple[int, int]:
    """From where to where a side is shown, pixels; `found` are the field's rows that hold lung."""
    first, last = found[0] * side / FIELD, (found[-1] + 1) * side / FIELD
    room = (last - first) * rng.uniform(-0.02, 0.1, 2)
    return max(0, round(first - room[0])), min(side, round(last + room[1]))


def _tone_mix(film: Film, other: Film, rng: np.random.Generator) -> Film:
    """Part of the way to the greys of another film, by their cumulative counts."""
    mine = np.cumsum(np.bincount(film.ravel(), minlength=256))
    theirs = np.cumsum(np.bincount(other.ravel(), minlength=256))
    share = rng.random()
    greys = np.arange(256)
    table = (1 - share) * greys + share * np.interp(mine, theirs, greys)
    return np.rint(table).astype(np.uint8)[film]


def _fourier_mix(film: Film, other: Film, rng: np.random.Generator) -> Film:
    """Part of another film's amplitude spectrum; the phase stays (Xu et al. 2021)."""
    mine = np.fft.rfft2(film.astype(np.float32))
    theirs = np.abs(np.fft.rfft2(other.astype(np.float32)))
    share = rng.random()
    amplitude = (1 - share) * np.abs(mine) + share * theirs
    mixed = np.fft.irfft2(amplitude * np.exp(1j * np.angle(mine)), film.shape)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
