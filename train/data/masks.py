"""Films with their drawn lungs, in batches for Keras: film and mask turned, cropped and shifted
together, the film alone disturbed in tone, and some films that hold no lungs at all.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxr.errors import DataError

from ..recipes.recipe import Augmentation, Recipe
from . import cache
from .augmentation import augment
from .batches import draw_weights

Film = NDArray[np.uint8]
OPAQUE, COMPRESSED, LUNGLESS = 0.35, 0.3, 0.08  # shares of the films drawn
# In the last part of the epochs this share is hardly disturbed: the network ends on films as they
# are, and keeps what it learnt from the others.
CALM, CALM_FROM = 0.5, 0.7


def with_masks(frame: pd.DataFrame) -> pd.DataFrame:
    """The films whose lungs were drawn, in a frame of their own.

    Raises
    ------
    DataError
        ``no_masks`` if there are none in train, val or test.
    """
    if "lung_mask" in frame.columns:
        frame = frame[frame.lung_mask != ""].reset_index(drop=True)
        if {"train", "val", "test"} <= set(frame.split):
            return frame
    raise DataError(
        "no_masks",
        "Lungs are learnt from films with a mask: manifest.csv needs a column lung_mask that is "
        "filled for some films of train, of val and of test.",
    )


def load(
    frame: pd.DataFrame, data: Path, recipe: Recipe, folder: Path
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The films of :func:`with_masks` and their masks as the network sees them.

    Returns
    -------
    two read-only memory maps, uint8 (films, size, size); masks are 0 outside to 255 inside, with
    values between where a pixel is shared.
    """
    if recipe.preprocessing.crop:
        raise DataError(
            "bad_recipe", "Lungs are outlined up to the film's edge: no [preprocessing] crop here."
        )
    labels = tuple(sorted(frame.label.unique()))
    plain = replace(recipe.preprocessing, clahe_clip=0.0, blur=0)
    films = cache.films(frame, data, labels, recipe.preprocessing, folder)
    masks = cache.films(frame.assign(image=frame.lung_mask), data, labels, plain, folder)
    return films, masks


class MaskBatches(keras.utils.PyDataset):
    """One epoch of films and masks; another draw each epoch, the same for the same seed and epoch.

    Parameters
    ----------
    films, masks : uint8 (n, S, S)
    frame : DataFrame of n rows
    recipe : Recipe
        Sources are drawn in proportion to ``films ** balance``.
    epoch : int
        The epoch that the first pass stands for.
    rows : int (m,), optional
        The rows that are drawn from; all where it is left out.
    """

    def __init__(
        self,
        films: Film,
        masks: Film,
        frame: pd.DataFrame,
        recipe: Recipe,
        epoch: int = 0,
        rows: NDArray[np.integer] | None = None,
    ) -> None:
        super().__init__(workers=1)
        self._films, self._masks, self._recipe, self._epoch = films, masks, recipe, epoch
        self._rows = np.arange(len(frame)) if rows is None else rows
        frame = frame.iloc[self._rows].reset_index(drop=True)
        self._weights = draw_weights(frame.assign(label=""), recipe.training.balance)
        self._draw()

    def _draw(self) -> None:
        plan = self._recipe.training
        rng = np.random.default_rng([plan.seed, self._epoch])
        self._order = rng.choice(len(self._weights), plan.films_per_epoch, p=self._weights)

    def __len__(self) -> int:
        return len(self._order) // self._recipe.training.batch

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        plan = self._recipe.training
        rows = self._rows[self._order[index * plan.batch : (index + 1) * plan.batch]]
        rng = np.random.default_rng([plan.seed, self._epoch, index])
        late = self._epoch >= CALM_FROM * plan.epochs
        pairs = [
            (_calmly if late and rng.random() < CALM else disturb)(
                self._films[row], self._masks[row], self._recipe.augmentation, rng
            )
            for row in rows
        ]
        films, masks = (np.stack(each).astype(np.float32) for each in zip(*pairs, strict=True))
        inside = masks / 255
        return films[..., None], np.stack([1 - inside, inside], -1)

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._draw()


def disturb(
    film: Film, mask: Film, how: Augmentation, rng: np.random.Generator
) -> tuple[Film, Film]:
    """Disturb a film and its mask alike in place, and the film alone in tone.

    Parameters
    ----------
    film, mask : uint8 (S, S)
    how : Augmentation
    rng : Generator

    Returns
    -------
    two uint8 (S, S)
    """
    if rng.random() < LUNGLESS:
        film, mask = _without_lungs(film, rng), np.zeros_like(mask)
    film, mask = random_affine(film, mask, how, rng)
    if rng.random() < OPAQUE:
        film = _opacify(film, mask, rng)
    film = augment(film, replace(how, flip=0.0, zoom=0.0, aspect=0.0, rotate=0.0), rng)
    if rng.random() < COMPRESSED:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 80))]
        packed = cv2.imencode(".jpg", film, quality)[1]
        film = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
    return film, mask


def _calmly(
    film: Film, mask: Film, how: Augmentation, rng: np.random.Generator
) -> tuple[Film, Film]:
    gentle = replace(how, zoom=how.zoom / 4, aspect=how.aspect / 4, rotate=how.rotate / 3)
    return random_affine(film, mask, gentle, rng)


def random_affine(
    film: Film, mask: Film, how: Augmentation, rng: np.random.Generator
) -> tuple[Film, Film]:
    """Mirror, turn by up to `rotate` degrees, shift, and show from (1 - zoom) to (1 + zoom / 2) of
    each side: uploads are cropped closer than the drawn films, or framed in more black."""
    side = film.shape[0]
    if rng.random() < how.flip:
        film, mask = film[:, ::-1], mask[:, ::-1]
    shown = 1 + how.zoom * rng.uniform(-1, 0.5)
    stretch = np.exp(how.aspect * rng.uniform(-0.5, 0.5))
    angle = np.deg2rad(how.rotate) * rng.uniform(-1, 1)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([shown * stretch, shown / stretch])
    middle = np.array([side / 2, side / 2])
    centre = middle * (1 + how.zoom * rng.uniform(-0.5, 0.5, 2))
    matrix = np.column_stack([linear, centre - linear @ middle])
    edge = cv2.BORDER_CONSTANT if rng.random() < 0.6 else cv2.BORDER_REPLICATE
    value = 0 if rng.random() < 0.8 else 255
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP

    def warp(image: Film, border: int, value: int) -> Film:
        return cv2.warpAffine(
            np.ascontiguousarray(image), matrix, (side, side), None, flags, border, value
        ).astype(np.uint8, copy=False)

    return warp(film, edge, value), warp(mask, cv2.BORDER_CONSTANT, 0)


def _opacify(film: Film, mask: Film, rng: np.random.Generator) -> Film:
    """Lighten soft patches of the lungs: a lung that is full of disease is still a lung."""
    side = film.shape[0]
    inside = np.argwhere(mask > 127)
    if not len(inside):
        return film
    spots = np.zeros(film.shape, np.float32)
    for _ in range(rng.integers(1, 5)):
        y, x = (int(v) for v in inside[rng.integers(len(inside))])
        axes = tuple(int(v) for v in side * rng.uniform(0.04, 0.22, 2))
        cv2.ellipse(spots, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
    soft = cv2.GaussianBlur(spots, (0, 0), side * float(rng.uniform(0.01, 0.05)))
    veil = soft * rng.uniform(0.2, 0.9) * (mask / 255)
    bright = np.percentile(film, float(rng.uniform(70, 97)))
    lighter = film + veil * np.maximum(bright - film.astype(np.float32), 0)
    return np.clip(lighter, 0, 255).astype(np.uint8)


def _without_lungs(film: Film, rng: np.random.Generator) -> Film:
    """The film's tiles in disorder, or clouds of noise: the textures without the anatomy."""
    side = film.shape[0]
    if rng.random() < 0.6:
        n = int(rng.integers(3, 9))
        edges = np.linspace(0, side, n + 1).astype(int)
        tile = side // n + 1
        tiles = [
            cv2.resize(film[a:b, c:d], (tile, tile))
            for a, b in pairwise(edges)
            for c, d in pairwise(edges)
        ]
        order = rng.permutation(len(tiles))
        turned = [np.rot90(tiles[i], int(rng.integers(4))) for i in order]
        rows = [np.hstack(turned[i * n : (i + 1) * n]) for i in range(n)]
        return np.ascontiguousarray(np.vstack(rows)[:side, :side])
    clouds = np.zeros(film.shape, np.float32)
    for _ in range(rng.integers(1, 4)):
        cells = int(rng.integers(2, 33))
        coarse = rng.standard_normal((cells, cells)).astype(np.float32)
        clouds = clouds + cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    low, high = clouds.min(), clouds.max()
    out: Film = ((clouds - low) / (high - low) * 255).astype(np.uint8)
    return out
