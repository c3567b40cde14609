"""What a set of calls is worth: figures of confusion matrices, one matrix or a thousand at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SMALL_SOURCE = 30
Ints = NDArray[np.integer]
Floats = NDArray[np.floating]


def source_recall(truth: Ints, called: Ints, source: Sequence[str]) -> float:
    """Mean over sources of the mean recall over the labels that the source holds.

    Sources with fewer than 30 films count as one source together: alone, one film would weigh
    more than a hundred elsewhere. A network that tells the site instead of the disease scores low
    where a site has two labels.

    Parameters
    ----------
    truth, called : int (n,)
    source : n names

    Returns
    -------
    float, 0 to 1
    """
    names = np.asarray(source)
    kinds, counts = np.unique(names, return_counts=True)
    groups = [names == kind for kind, n in zip(kinds, counts, strict=True) if n >= SMALL_SOURCE]
    if small := kinds[counts < SMALL_SOURCE].tolist():
        groups.append(np.isin(names, small))
    return float(np.mean([_mean_recall(truth[g], called[g]) for g in groups]))


def _mean_recall(truth: Ints, called: Ints) -> float:
    return float(np.mean([(called[truth == k] == k).mean() for k in np.unique(truth)]))


def confusion(
    truth: Ints, called: Ints, classes: int, weights: NDArray[Any]
) -> NDArray[np.float64]:
    """How much weight the films of each class have that were called each class.

    Parameters
    ----------
    truth, called : int (n,), 0 to classes - 1
    classes : int
    weights : (..., n)

    Returns
    -------
    float64 (..., classes, classes): rows are the truth.
    """
    cells = np.eye(classes**2)[truth * classes + called]
    counted = np.asarray(weights, np.float64) @ cells
    out: NDArray[np.float64] = counted.reshape(*counted.shape[:-1], classes, classes)
    return out


def class_figures(matrix: NDArray[Any]) -> dict[str, Floats]:
    """Precision, recall, specificity and F1 of each class.

    Parameters
    ----------
    matrix : (..., classes, classes), see :func:`confusion`

    Returns
    -------
    dict of float64 (..., classes); NaN where nothing is divided by.
    """
    hits = np.diagonal(matrix, axis1=-2, axis2=-1).astype(np.float64)
    there, said = matrix.sum(-1), matrix.sum(-2)
    total = there.sum(-1)[..., None]
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "precision": hits / said,
            "recall": hits / there,
            "specificity": (total - there - said + hits) / (total - there),
            "f1": 2 * hits / (there + said),
        }


def overall_figures(matrix: NDArray[Any]) -> dict[str, Floats]:
    """Accuracy, balanced accuracy (mean recall over the classes that are there) and Cohen's kappa.

    Parameters
    ----------
    matrix : (..., classes, classes), see :func:`confusion`

    Returns
    -------
    dict of float64 (...); NaN where nothing is divided by.
    """
    hits = np.diagonal(matrix, axis1=-2, axis2=-1).sum(-1)
    there, said = matrix.sum(-1), matrix.sum(-2)
    total = there.sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        by_chance = (there * said).sum(-1) / total**2
        return {
            "accuracy": hits / total,
            "balanced_accuracy": mean_defined(class_figures(matrix)["recall"]),
            "kappa": (hits / total - by_chance) / (1 - by_chance),
        }


def mean_defined(values: NDArray[Any]) -> Floats:
    """Mean over the last axis of what is not NaN; NaN where all is."""
    there = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        out: Floats = np.where(there, values, 0).sum(-1) / there.sum(-1)
        return out


def per_class(truth: Ints, called: Ints, classes: int, weights: NDArray[Any]) -> dict[str, Floats]:
    """:func:`class_figures` of films, float64 (..., classes); `weights` is (..., n)."""
    return class_figures(confusion(truth, called, classes, weights))


def macro_f1(truth: Ints, called: Ints, classes: int, weights: NDArray[Any]) -> Floats:
    """Mean F1 over the classes that are there or called, float64 (...)."""
    return mean_defined(per_class(truth, called, classes, weights)["f1"])
