"""Batches for Keras: a balanced draw from the cached films, disturbed afresh each time."""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .augment import augment
from .recipe import Recipe


def draw_weights(frame: pd.DataFrame, balance: float) -> NDArray[np.float64]:
    """Probability of drawing each film: labels equally often, and within a label each source in
    proportion to ``films ** balance``.

    Returns
    -------
    float64 (films,), sums to 1.
    """
    cell = frame.groupby(["source", "label"]).image.transform("size").to_numpy(float)
    weight = cell ** (balance - 1)
    per_label = pd.Series(weight, index=frame.index).groupby(frame.label).transform("sum")
    return weight / per_label.to_numpy(float) / frame.label.nunique()


class BalancedFilms(keras.utils.PyDataset):
    """One epoch of :class:`train.recipe.Training`; another draw each epoch, the same for the same
    seed and epoch, so that a resumed run sees what an unbroken one would have seen.

    Parameters
    ----------
    films : uint8 (n, S, S)
    frame : DataFrame of n rows
    recipe : Recipe
    epoch : int
        The epoch that the first pass stands for.
    """

    def __init__(
        self, films: NDArray[np.uint8], frame: pd.DataFrame, recipe: Recipe, epoch: int = 0
    ) -> None:
        super().__init__(workers=1)
        self._films, self._recipe, self._epoch = films, recipe, epoch
        self._labels = np.array([recipe.labels.index(label) for label in frame.label])
        self._weights = draw_weights(frame, recipe.training.balance)
        self._draw()

    def _draw(self) -> None:
        plan = self._recipe.training
        rng = np.random.default_rng([plan.seed, self._epoch])
        self._order = rng.choice(len(self._labels), plan.films_per_epoch, p=self._weights)

    def __len__(self) -> int:
        return len(self._order) // self._recipe.training.batch

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        plan = self._recipe.training
        rows = self._order[index * plan.batch : (index + 1) * plan.batch]
        rng = np.random.default_rng([plan.seed, self._epoch, index])
        films = [augment(self._films[row], self._recipe.augmentation, rng) for row in rows]
        targets = np.eye(len(self._recipe.labels), dtype=np.float32)[self._labels[rows]]
        return np.stack(films)[..., None].astype(np.float32), targets

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._draw()
