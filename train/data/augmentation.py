"""Disturbances that take the shortcuts away: each hides something that tells the site, not the
disease, and each is drawn alike for every source.

Geometry hides zoom and position; tone (gamma, contrast, equalisation, inversion) hides the
scanner's look-up table; blur and sharpening hide its resolution; noise, markers, boxes and borders
hide what sites print on their films or cut off them.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..recipes.recipe import Augmentation

Film = NDArray[np.uint8]
LETTERS = ("L", "R", "PA", "AP", "LT", "RT", "PORT", "E", "SUPINE")


def augment(film: Film, how: Augmentation, rng: np.random.Generator) -> Film:
    """Disturb one film.

    Parameters
    ----------
    film : uint8 (S, S)
        As :func:`cxr.imaging.preprocessing.preprocess` gives it; not changed.
    how : Augmentation
        All zero returns a copy.
    rng : Generator
        The only source of chance.

    Returns
    -------
    uint8 (S, S)
    """
    film = _geometry(film, how, rng)
    film = _tone(film, how, rng)
    film = _sharpness(film, how, rng)
    if rng.random() < how.speckle:
        film = _speckle(film, rng)
    if rng.random() < how.grain:
        film = _grain(film, rng)
    if rng.random() < how.noise:
        film = _noise(film, rng)
    if rng.random() < how.borders:
        film = _border(film, rng)
    if rng.random() < how.edges:
        film = _edges(film, rng)
    if rng.random() < how.boxes:
        film = _boxes(film, rng)
    if rng.random() < how.markers:
        film = _marker(film, rng)
    return film


def _geometry(film: Film, how: Augmentation, rng: np.random.Generator) -> Film:
    """Mirror, then show between (1 - zoom) and all of each side, turned by up to `rotate` degrees
    and moved by up to `shift` of the side.

    Half the time the window is centred, as in the copies that were cropped around the centre.
    """
    side = film.shape[0]
    if rng.random() < how.flip:
        film = film[:, ::-1]
    shown = 1 - how.zoom * rng.random()
    stretch = np.exp(how.aspect * rng.uniform(-0.5, 0.5))
    width, height = min(1.0, shown * stretch), min(1.0, shown / stretch)
    angle = np.deg2rad(how.rotate) * rng.uniform(-1, 1)
    spare = np.array([1 - width, 1 - height]) / 2 * (rng.random() < 0.5)
    centre = (0.5 + spare * rng.uniform(-1, 1, 2)) * side
    if how.shift:
        centre += how.shift * rng.uniform(-1, 1, 2) * side
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([width, height])
    matrix = np.column_stack([linear, centre - linear @ np.array([side / 2, side / 2])])
    edge = cv2.BORDER_CONSTANT if rng.random() < 0.5 else cv2.BORDER_REPLICATE
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(
        np.ascontiguousarray(film), matrix, (side, side), flags=flags, borderMode=edge
    ).astype(np.uint8, copy=False)


def _tone(film: Film, how: Augmentation, rng: np.random.Generator) -> Film:
    if rng.random() < how.equalise:
        if rng.random() < 0.5:
            film = cv2.equalizeHist(film).astype(np.uint8, copy=False)
        else:
            clahe = cv2.createCLAHE(float(rng.uniform(1, 4)), (8, 8))
            film = clahe.apply(film).astype(np.uint8, copy=False)
    ramp = np.linspace(0, 1, 256) ** np.exp(how.gamma * rng.uniform(-1, 1))
    ramp = 0.5 + (ramp - 0.5) * (1 + how.contrast * rng.uniform(-1, 1))
    ramp += how.contrast * rng.uniform(-0.3, 0.3)
    if rng.random() < how.invert:
        ramp = 1 - ramp
    out: Film = np.rint(np.clip(ramp, 0, 1) * 255).astype(np.uint8)[film]
    return out


def _sharpness(film: Film, how: Augmentation, rng: np.random.Generator) -> Film:
    if rng.random() < how.blur:
        if rng.random() < 0.5:
            return cv2.GaussianBlur(film, (0, 0), float(rng.uniform(0.3, 1.6))).astype(np.uint8)
        side = film.shape[0]
        small = max(8, round(side * rng.uniform(0.45, 0.95)))
        film = cv2.resize(film, (small, small), interpolation=cv2.INTER_AREA).astype(np.uint8)
        return cv2.resize(film, (side, side), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    if rng.random() < how.sharpen:
        amount = float(rng.uniform(0.3, 1.5))
        soft = cv2.GaussianBlur(film, (0, 0), 1.2)
        return cv2.addWeighted(film, 1 + amount, soft, -amount, 0).astype(np.uint8)
    return film


def _speckle(film: Film, rng: np.random.Generator) -> Film:
    """Noise of up to 36 grey levels in grains of one to two and a half pixels, as a crop or an
    enlarged film shows them."""
    side = film.shape[0]
    drawn = round(side * np.exp(rng.uniform(-0.9, 0)))
    noise = rng.standard_normal((drawn, drawn), dtype=np.float32) * rng.uniform(1, 36)
    grains = cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC)
    out: Film = np.clip(film + grains, 0, 255).astype(np.uint8)
    return out


def _grain(film: Film, rng: np.random.Generator) -> Film:
    """Another size and back by any filter, JPEG of any quality on the way, or JPEG alone."""
    side = film.shape[0]
    there, back = rng.choice(
        [cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4], 2
    )
    resized = rng.random() < 0.6
    if resized:
        between = round(side * np.exp(rng.uniform(-0.5, 0.7)))
        film = cv2.resize(film, (between, between), interpolation=int(there)).astype(np.uint8)
    if not resized or rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 99))]
        stored = cv2.imencode(".jpg", film, quality)[1]
        film = cv2.imdecode(stored, cv2.IMREAD_GRAYSCALE).astype(np.uint8)  # type: ignore[union-attr]
    return cv2.resize(film, (side, side), interpolation=int(back)).astype(np.uint8)


def _noise(film: Film, rng: np.random.Generator) -> Film:
    if rng.random() < 0.3:
        film = film.copy()
        hit = rng.random(film.shape, dtype=np.float32) < rng.uniform(0.001, 0.03)
        film[hit] = np.where(rng.random(int(hit.sum())) < 0.5, 0, 255)
        return film
    grain = rng.standard_normal(film.shape, dtype=np.float32) * rng.uniform(1, 12)
    return np.clip(film + grain, 0, 255).astype(np.uint8)


def _border(film: Film, rng: np.random.Generator) -> Film:
    """Black or white strips along some edges, like collimation and scanner frames."""
    film = film.copy()
    side = film.shape[0]
    value = 0 if rng.random() < 0.7 else 255
    for turn in range(4):
        if rng.random() < 0.5:
            np.rot90(film, turn)[: int(side * rng.uniform(0.005, 0.07))] = value
    return film


def _edges(film: Film, rng: np.random.Generator) -> Film:
    """A rim of up to a tenth of the side hidden behind its nearest pixels, some corners behind
    their mean grey: what stands there tells the site."""
    side = film.shape[0]
    rim = int(side * rng.uniform(0, 0.1))
    shown = np.clip(np.arange(side), rim, side - 1 - rim)
    film = film[np.ix_(shown, shown)]
    for rows in (slice(None, int(side * 0.2)), slice(side - int(side * 0.2), None)):
        for columns in (slice(None, int(side * 0.2)), slice(side - int(side * 0.2), None)):
            if rng.random() < 0.3:
                film[rows, columns] = int(film[rows, columns].mean())
    return film


def _boxes(film: Film, rng: np.random.Generator) -> Film:
    """Flat rectangles, mostly near the edge, like de-identification leaves them."""
    film = film.copy()
    side = film.shape[0]
    for _ in range(rng.integers(1, 4)):
        height, width = (side * rng.uniform(0.04, 0.2, 2)).astype(int) + 1
        top, left = (rng.beta(0.4, 0.4, 2) * (side - np.array([height, width]))).astype(int)
        film[top : top + height, left : left + width] = (0, 255, rng.integers(256))[rng.integers(3)]
    return film


def _marker(film: Film, rng: np.random.Generator) -> Film:
    """Side letters and words in any corner, light or dark."""
    film = film.copy()
    side = film.shape[0]
    for _ in range(rng.integers(1, 3)):
        x, y = (rng.beta(0.5, 0.5, 2) * side * 0.9).astype(int)
        cv2.putText(
            film,
            str(rng.choice(LETTERS)),
            (int(x), int(y + side * 0.08)),
            int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX])),
            side / 224 * float(rng.uniform(0.3, 1.0)),
            int(rng.integers(170, 256)) if rng.random() < 0.8 else int(rng.integers(0, 60)),
            int(rng.integers(1, 3)),
            cv2.LINE_AA,
        )
    return film
