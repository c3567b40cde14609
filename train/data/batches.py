"""Batches for Keras: films drawn from the cache as the recipe says, disturbed afresh each time."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..recipes.recipe import Recipe
from .augmentation import augment
from .mixing import FilmAndLungs, mix, needs_another


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
    out: NDArray[np.float64] = weight / per_label.to_numpy(float) / frame.label.nunique()
    return out


def loss_weights(label: NDArray[np.integer], classes: int, balance: float) -> NDArray[np.float32]:
    """How much a film of each label counts in the loss: ``films ** -balance``, the mean over the
    films being 1.

    Parameters
    ----------
    label : int (films,), 0 to classes - 1
    classes : int
    balance : float

    Returns
    -------
    float32 (classes,)
    """
    count = np.bincount(label, minlength=classes).astype(float)
    weight = np.maximum(count, 1) ** -balance
    out: NDArray[np.float32] = (weight * len(label) / (weight @ count)).astype(np.float32)
    return out


def rarest_of_each(label: NDArray[np.integer], seed: int) -> NDArray[np.intp]:
    """As many films of each label as the rarest has, chosen by chance; their places, ascending."""
    rng = np.random.default_rng(seed)
    kinds, count = np.unique(label, return_counts=True)
    places = [rng.choice(np.flatnonzero(label == k), count.min(), replace=False) for k in kinds]
    return np.sort(np.concatenate(places))


def targets_of(
    label: NDArray[np.integer], source: NDArray[Any], classes: int, within: NDArray[np.integer]
) -> NDArray[np.float32]:
    """What a film is taught: 1 for its own label, 0 for the others, -1 for those that it isn't
    asked about.

    Parameters
    ----------
    label : int (films,), 0 to classes - 1
    source : (films,)
    classes : int
    within : int (k,)
        Labels that are told from each other only by films of sources that hold all of them.

    Returns
    -------
    float32 (films, classes)
    """
    targets: NDArray[np.float32] = np.eye(classes, dtype=np.float32)[label]
    for site in np.unique(source) if len(within) else ():
        there = np.flatnonzero(source == site)
        if not set(within) <= set(label[there]):
            one_sided = there[np.isin(label[there], within)]
            targets[np.ix_(one_sided, within)] -= 1 - targets[np.ix_(one_sided, within)]
    return targets


def smoothed_by_source(
    targets: NDArray[np.float32], source: NDArray[Any], smoothing: float
) -> NDArray[np.float32]:
    """Targets of which a film gives the more to all labels, the more of its source's films have
    its own label: `smoothing` where all have.

    Parameters
    ----------
    targets : float32 (films, classes)
        1 for a film's own label, 0 for the others.
    source : (films,)
    smoothing : float, 0 to below 1

    Returns
    -------
    float32 (films, classes)
    """
    given = np.zeros((len(targets), 1), np.float32)
    for site in np.unique(source):
        there = source == site
        given[there, 0] = smoothing * targets[there] @ targets[there].mean(0)
    out: NDArray[np.float32] = targets * (1 - given) + given / targets.shape[1]
    return out


class FilmBatches(keras.utils.PyDataset):
    """One epoch of :class:`train.recipes.recipe.Training`; another draw each epoch, the same for
    the same seed and epoch, so that a resumed run sees what an unbroken one would have seen.

    Parameters
    ----------
    films : uint8 (n, S, S)
        The cache itself: a memory map of which only the films of a batch are ever copied.
    frame : DataFrame of n rows
    recipe : Recipe
    epoch : int
        The epoch that the first pass stands for.
    rows : int (m,), optional
        The rows that are drawn from; all where it is left out.
    lungs : uint8 (n, FIELD, FIELD), optional
        As :func:`train.data.lung_fields.of` gives them, where the recipe's augmentation needs them.
    part : (int, int)
        Which part of each batch this process feeds, and of how many.
    """

    def __init__(
        self,
        films: NDArray[np.uint8],
        frame: pd.DataFrame,
        recipe: Recipe,
        epoch: int = 0,
        rows: NDArray[np.integer] | None = None,
        lungs: NDArray[np.uint8] | None = None,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        super().__init__(workers=1)
        plan = recipe.training
        self._films, self._lungs, self._recipe, self._epoch = films, lungs, recipe, epoch
        self._part = part
        self._rows = np.arange(len(frame)) if rows is None else rows
        frame = frame.iloc[self._rows].reset_index(drop=True)
        self._labels = np.array([recipe.labels.index(label) for label in frame.label])
        within = [recipe.labels.index(each) for each in plan.within]
        self._targets = targets_of(
            self._labels, frame.source.to_numpy(), len(recipe.labels), np.array(within, int)
        )
        if plan.source_smoothing:
            self._targets = smoothed_by_source(
                self._targets, frame.source.to_numpy(), plan.source_smoothing
            )
        self._weights = draw_weights(frame, plan.balance)
        self._places = np.arange(len(frame))
        if plan.draw == "downsample":
            self._places = rarest_of_each(self._labels, plan.seed)
        self._loss_weights = loss_weights(
            self._labels[self._places], len(recipe.labels), plan.loss_balance
        )
        self._draw()

    def _draw(self) -> None:
        plan = self._recipe.training
        rng = np.random.default_rng([plan.seed, self._epoch])
        if plan.draw == "balanced":
            count = plan.films_per_epoch or len(self._labels)
            self._order = rng.choice(len(self._labels), count, p=self._weights)
        else:
            self._order = rng.permutation(self._places)[: plan.films_per_epoch or None]

    def __len__(self) -> int:
        """Whole batches, but at least one: a film that an epoch leaves over has its turn in
        another."""
        return max(1, len(self._order) // self._recipe.training.batch)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], ...]:
        """float32 films (batch, S, S, 1), targets (batch, classes), weights in the loss (batch,)
        where they differ."""
        plan = self._recipe.training
        place, of = self._part
        rows = self._order[index * plan.batch : (index + 1) * plan.batch][place::of]
        rng = np.random.default_rng([plan.seed, self._epoch, index, *range(place)])
        films = [self._disturbed(row, rng) for row in self._rows[rows]]
        batch = np.stack(films)[..., None].astype(np.float32), self._targets[rows]
        return (*batch, self._loss_weights[self._labels[rows]]) if plan.loss_balance else batch

    def _disturbed(self, row: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        how = self._recipe.augmentation
        if not needs_another(how):
            return augment(np.asarray(self._films[row]), how, rng)
        other = self._rows[rng.choice(len(self._rows), p=self._weights)]
        return augment(mix(self._with_lungs(row), self._with_lungs(other), how, rng), how, rng)

    def _with_lungs(self, row: int) -> FilmAndLungs:
        lungs = None if self._lungs is None else self._lungs[row]
        return FilmAndLungs(np.asarray(self._films[row]), lungs)

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._draw()
