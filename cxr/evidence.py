"""Every figure of a table of predictions, with its interval: what the evidence page and its exports
show.

A figure that divides by nothing is NaN; so is the interval of one that rests on fewer than two
patients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from . import curves, metrics
from .predictions import clusters
from .resampling import RESAMPLES, Estimate, count_patients, draw, interval, sums

OF_CLASS = ("precision", "recall", "specificity", "f1", "auroc", "average_precision")
OVERALL = ("accuracy", "balanced_accuracy", "kappa")
MACRO = "macro"
MOST_FILMS = 50_000
"""Intervals are worked out for up to so many films: a thousand resamples take seconds there."""


@dataclass(frozen=True)
class Arrays:
    """What the figures need of a table.

    Attributes
    ----------
    truth, called, patients : int (n,)
    p : float64 (n, classes)
        Calibrated.
    """

    truth: NDArray[np.integer]
    called: NDArray[np.integer]
    patients: NDArray[np.integer]
    p: NDArray[np.float64]


def arrays(rows: pd.DataFrame, labels: tuple[str, ...]) -> Arrays:
    """The arrays of rows of :func:`cxr.predictions.table`."""
    return Arrays(
        rows.label.cat.codes.to_numpy(np.int64),
        rows.called.cat.codes.to_numpy(np.int64),
        clusters(rows),
        rows[[f"p_{label}" for label in labels]].to_numpy(),
    )


Name = tuple[str, str]
"""A figure (:data:`OF_CLASS`, :data:`OVERALL`) and what of: a label, "macro", or "": the whole."""
Named = dict[Name, NDArray[np.float64]]


@dataclass(frozen=True)
class Figure(Estimate):
    """A figure with its interval, and how many films and patients have the label, or there are."""

    films: int
    patients: int


@dataclass(frozen=True)
class Drop(Estimate):
    """What is lost from one set of films to another: `home` minus `away`."""

    home: float
    away: float


def affordable(*tables: pd.DataFrame) -> int:
    """How many resamples to draw: none where a table is larger than :data:`MOST_FILMS`."""
    return RESAMPLES if max(map(len, tables)) <= MOST_FILMS else 0


def figures(
    rows: pd.DataFrame, labels: tuple[str, ...], resamples: int = RESAMPLES
) -> dict[Name, Figure]:
    """All figures of some films. A macro figure is the mean over the classes that have it.

    Parameters
    ----------
    rows : DataFrame
        Of :func:`cxr.predictions.table`.
    labels : tuple of str
    resamples : int
        0: no intervals.
    """
    found = arrays(rows, labels)
    spread = resampled(found, labels, resamples) if resamples else {}
    out = {}
    for name, value in values(found, labels).items():
        figure, label = name
        films = found.truth == labels.index(label) if label in labels else found.truth >= 0
        low, high = np.nan, np.nan
        if resamples and enough(found, labels, figure, label):
            low, high = interval(spread[name])
        people = count_patients(found.patients, films)
        out[name] = Figure(float(value), float(low), float(high), int(films.sum()), people)
    return out


def values(found: Arrays, labels: tuple[str, ...]) -> Named:
    """Every figure by its name and label, float64 ()."""
    matrix = metrics.confusion(found.truth, found.called, len(labels), np.ones(len(found.truth)))
    areas = [curves.count(found.p[:, k], found.truth == k) for k in range(len(labels))]
    return _named(
        matrix,
        np.array([curves.auroc(each) for each in areas]),
        np.array([curves.average_precision(each) for each in areas]),
        labels,
    )


def resampled(found: Arrays, labels: tuple[str, ...], resamples: int) -> Named:
    """Every figure of each resample, float64 (resamples,)."""
    counts = draw(found.patients, resamples)
    areas = [
        curves.resample(found.p[:, k], found.truth == k, found.patients, counts)
        for k in range(len(labels))
    ]
    return _named(
        resampled_confusion(found, len(labels), counts),
        np.stack([each.auroc for each in areas], 1),
        np.stack([each.average_precision for each in areas], 1),
        labels,
    )


def resampled_confusion(
    found: Arrays, classes: int, counts: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """The confusion matrix of each resample, float64 (resamples, classes, classes)."""
    cells = np.eye(classes**2)[found.truth * classes + found.called]
    return sums(counts, found.patients, cells).reshape(-1, classes, classes)


def _named(
    matrix: NDArray, auroc: NDArray, average_precision: NDArray, labels: tuple[str, ...]
) -> Named:
    """Figures by name and label; each array's last axis, the classes, is taken apart."""
    by_class: Mapping[str, NDArray] = {
        **metrics.class_figures(matrix),
        "auroc": auroc,
        "average_precision": average_precision,
    }
    named = {(f, x): by_class[f][..., k] for f in OF_CLASS for k, x in enumerate(labels)}
    named |= {(f, MACRO): metrics.mean_defined(by_class[f]) for f in OF_CLASS}
    return named | {(f, ""): value for f, value in metrics.overall_figures(matrix).items()}


def enough(found: Arrays, labels: tuple[str, ...], figure: str, label: str) -> bool:
    """Whether at least two patients stand on each side that the figure divides by."""
    if label not in labels:
        return count_patients(found.patients, np.ones(len(found.truth), bool)) > 1
    there, said = (side == labels.index(label) for side in (found.truth, found.called))
    sides = {
        "precision": (said,),
        "recall": (there,),
        "specificity": (~there,),
        "f1": (there | said,),
        "auroc": (there, ~there),
        "average_precision": (there,),
    }[figure]
    return all(count_patients(found.patients, side) > 1 for side in sides)


def pair_area(
    rows: pd.DataFrame, positive: str, negative: str, resamples: int = RESAMPLES
) -> Figure:
    """AUROC of ``logit_positive - logit_negative`` over the films of two labels."""
    rows = rows[rows.label.isin([positive, negative])]
    score = (rows[f"logit_{positive}"] - rows[f"logit_{negative}"]).to_numpy()
    there, patients = (rows.label == positive).to_numpy(), clusters(rows)
    low, high = np.nan, np.nan
    if resamples and min(count_patients(patients, side) for side in (there, ~there)) > 1:
        counts = draw(patients, resamples)
        low, high = interval(curves.resample(score, there, patients, counts).auroc)
    value = curves.auroc(curves.count(score, there))
    people = len(np.unique(patients))
    return Figure(value, float(low), float(high), len(rows), people)


def drop(
    home: pd.DataFrame, away: pd.DataFrame, labels: tuple[str, ...], resamples: int = RESAMPLES
) -> dict[Name, Drop]:
    """Accuracy, balanced accuracy and each label's recall here and there; the films are of other
    patients, so resamples of both are drawn apart."""
    found = [arrays(rows, labels) for rows in (home, away)]
    points = [
        metrics.confusion(each.truth, each.called, len(labels), np.ones(len(each.truth)))
        for each in found
    ]
    matrices = [
        resampled_confusion(each, len(labels), draw(each.patients, resamples, seed))
        for seed, each in enumerate(found)
    ]
    out = {}
    wanted = [("balanced_accuracy", ""), ("accuracy", ""), *(("recall", x) for x in labels)]
    for name in wanted:
        low, high = np.nan, np.nan
        if resamples and all(enough(each, labels, *name) for each in found):
            spread = [_of_matrix(each, *name, labels) for each in matrices]
            low, high = interval(spread[0] - spread[1])
        at_home, abroad = (float(_of_matrix(each, *name, labels)) for each in points)
        out[name] = Drop(at_home - abroad, float(low), float(high), at_home, abroad)
    return out


def _of_matrix(matrix: NDArray, figure: str, label: str, labels: tuple[str, ...]) -> NDArray:
    if label:
        return metrics.class_figures(matrix)[figure][..., labels.index(label)]
    return metrics.overall_figures(matrix)[figure]
