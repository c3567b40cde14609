"""The last layer fitted anew, blind to what tells hospitals apart.

Films of one label differ on average from hospital to hospital, along a few directions of the last
maps' averages. Those say where a film is from, and where hospitals hold one label each a training
takes them for the disease. They are projected out; on what is left a logistic regression is fitted,
and its logits are mixed with those of the layer as it was trained. All of it is one linear layer
again. A recipe may ask that the directions along which corrupted copies lie away from their films
go the same way, label by label: a hospital that no film is from may differ like that. After
nuisance attribute projection (Solomonoff, Campbell and Boardman 2005) and last-layer retraining
(Kirichenko, Izmailov and Wilson 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxr.errors import DataError
from cxr.imaging.corruptions import corrupted

from ..recipes.recipe import Recipe
from .training import predict

FILMS = 500
"""Of one hospital and label that are looked at, at most."""
LEAST = 20
"""Of one hospital and label from which on their mean counts as where they lie."""
STRENGTH = 0.001
"""Of the regression, as scikit-learn has it, on averages in standard deviations."""
STRONG = 4
"""How strong the corruption of a copy is, as :mod:`cxr.imaging.corruptions` counts it."""

Kernel = NDArray[np.float64]


def apply(model: Any, recipe: Recipe, films: NDArray[np.uint8], frame: pd.DataFrame) -> None:
    """Give a trained model the last layer that its recipe asks for.

    Parameters
    ----------
    model : keras.Model
    recipe : Recipe
        Its ``training.refit`` is the share of the new layer; with 0 nothing happens.
    films : uint8 (n, S, S)
    frame : DataFrame of n rows
        Only films of `train` are looked at.

    Raises
    ------
    DataError
        ``bad_recipe``: the network's logits are no linear function of its maps' averages.
    """
    if not recipe.training.refit:
        return
    end = linear_end(model)
    if end is None:
        raise DataError(
            "bad_recipe",
            "The recipe's refit needs a network whose last layer is linear in the averages of its "
            "last maps.",
        )
    last, before = end
    rows = looked_at(frame)
    maps, crop = keras.Model(model.input, before.output), recipe.preprocessing.crop
    averages = predict(maps, films, rows, crop=crop)
    copies = [
        predict(maps, np.stack([corrupted(films[row], kind, STRONG) for row in rows]), crop=crop)
        for kind in recipe.training.refit_copies
    ]
    there = frame.iloc[rows]
    truth = np.array([recipe.labels.index(label) for label in there.label])
    kernel, bias = (
        keras.ops.convert_to_numpy(each).astype(np.float64) for each in (last.kernel, last.bias)
    )
    kernel, bias = refitted(
        averages, copies, truth, there.source.to_numpy(str), kernel, bias, recipe.training.refit
    )
    last.kernel.assign(kernel.astype(np.float32))
    last.bias.assign(bias.astype(np.float32))


def linear_end(model: Any) -> tuple[Any, Any] | None:
    """The last layer, and the averaging of maps before it; None where the logits are not linear in
    these."""
    last, before = [x for x in model.layers if "dropout" not in type(x).__name__.lower()][:-3:-1]
    fits = (
        isinstance(last, keras.layers.Dense)
        and last.activation is keras.activations.linear
        and isinstance(before, keras.layers.GlobalAveragePooling2D)
        and before.data_format == "channels_last"
    )
    return (last, before) if fits else None


def looked_at(frame: pd.DataFrame) -> NDArray[np.intp]:
    """Places of films of train, so many of each hospital and label, the same each time."""
    learnt = (frame.split == "train") & (frame.recommended == "1")
    rng = np.random.default_rng(0)
    places = pd.Series(np.arange(len(frame)))[learnt.to_numpy()]
    cells = places.groupby([frame.source[learnt].to_numpy(), frame.label[learnt].to_numpy()])
    return np.sort(np.concatenate([rng.permutation(cell)[:FILMS] for _, cell in cells]))


def refitted(
    averages: NDArray[np.floating],
    copies: Sequence[NDArray[np.floating]],
    truth: NDArray[np.integer],
    source: NDArray[np.str_],
    kernel: Kernel,
    bias: Kernel,
    share: float,
) -> tuple[Kernel, Kernel]:
    """A last layer: `share` of the one that is fitted here, the rest of the trained one; the spread
    of the logits stays.

    Parameters
    ----------
    averages : float (n, K)
    copies : sequence of float (n, K)
        Of the same films, corrupted each time in another way; the regression is not fitted on them.
    truth : int (n,), 0 to classes - 1
    source : str (n,)
    kernel, bias : float64 (K, classes), (classes,)
    share : float, 0 to 1

    Returns
    -------
    kernel, bias
    """
    from sklearn.linear_model import LogisticRegression

    values = np.asarray(averages, np.float64)
    mean, deviation = values.mean(0), values.std(0)
    deviation += deviation.mean() / 100
    values = (values - mean) / deviation
    cells, cell = np.unique(np.stack([truth.astype(str), source]), axis=1, return_inverse=True)
    moved = [(np.asarray(each, np.float64) - averages) / deviation for each in copies]
    away = _directions(values, moved, cells[0], cell)
    line = LogisticRegression(C=STRENGTH, max_iter=1000)
    line.fit(values - (values @ away.T) @ away, truth, sample_weight=_weights(truth, cell))
    coefficients, intercept = line.coef_, line.intercept_
    if len(coefficients) == 1:  # of two labels scikit-learn gives the second against the first
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercept = np.concatenate([-intercept, intercept]) / 2
    fitted = ((coefficients - (coefficients @ away.T) @ away) / deviation).T
    offset = intercept - mean @ fitted
    own, new = _spread(averages, kernel, bias), _spread(averages, fitted, offset)
    return (
        (1 - share) * kernel + share * own / new * fitted,
        (1 - share) * bias + share * own / new * offset,
    )


def _directions(
    values: NDArray[np.float64],
    moved: Sequence[NDArray[np.float64]],
    labels: NDArray[np.str_],
    cell: NDArray[np.integer],
) -> NDArray[np.float64]:
    """Orthonormal rows that span what parts hospitals' means from each other, within a label, and
    by what each corruption has `moved` the films of a label on average; `labels` are the cells'."""
    apart = [np.zeros((0, values.shape[1]))]
    counts = np.bincount(cell)
    for label in np.unique(labels):
        there = np.flatnonzero((labels == label) & (counts >= LEAST))
        if len(there) > 1:
            means = np.stack([values[cell == one].mean(0) for one in there])
            apart.append(means - means.mean(0))
        apart += [each[labels[cell] == label].mean(0, keepdims=True) for each in moved]
    _, length, rows = np.linalg.svd(np.concatenate(apart), full_matrices=False)
    return np.asarray(rows[length > 1e-6 * max(length.max(initial=0.0), 1e-6)])


def _weights(truth: NDArray[np.integer], cell: NDArray[np.integer]) -> NDArray[np.float64]:
    """Of each film: labels alike, within a label each hospital by the root of its films."""
    weight = 1 / np.sqrt(np.bincount(cell))[cell]
    weight /= np.bincount(truth, weight)[truth]
    return np.asarray(weight * len(weight) / weight.sum())


def _spread(averages: NDArray[np.floating], kernel: Kernel, bias: Kernel) -> float:
    """Deviation of the logits around a film's mean."""
    logits = averages @ kernel + bias
    return float((logits - logits.mean(1, keepdims=True)).std())
