"""Every figure of a table of predictions, with its interval: what the evidence page and its exports
show.

A figure that divides by nothing is NaN; so is the interval of one that rests on fewer than two
patients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from . import confusion, curves
from .bootstrap import RESAMPLES, Estimate, Ints, count_patients, draw, estimate, interval, sums
from .predictions import clusters

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
    """The arrays of rows of :func:`cxr.metrics.predictions.table`."""
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
    rows: pd.DataFrame,
    labels: tuple[str, ...],
    resamples: int = RESAMPLES,
    areas: bool = True,
) -> dict[Name, Figure]:
    """All figures of some films. A macro figure is the mean over the classes that have it.

    Parameters
    ----------
    rows : DataFrame
        Of :func:`cxr.metrics.predictions.table`.
    labels : tuple of str
    resamples : int
        0: no intervals.
    areas : bool
        False: without the areas under curves, which take most of the work.
    """
    found = arrays(rows, labels)
    spread = resampled(found, labels, resamples, areas) if resamples else {}
    sides = {label: found.truth == k for k, label in enumerate(labels)}
    sides |= dict.fromkeys((MACRO, ""), np.ones(len(rows), bool))
    counts = {
        of: (int(films.sum()), count_patients(found.patients, films)) for of, films in sides.items()
    }
    out = {}
    for name, value in values(found, labels, areas).items():
        figure, label = name
        low, high = np.nan, np.nan
        if resamples and enough(found, labels, figure, label):
            low, high = interval(spread[name])
        out[name] = Figure(float(value), float(low), float(high), *counts[label])
    return out


def values(found: Arrays, labels: tuple[str, ...], areas: bool = True) -> Named:
    """Every figure by its name and label, float64 ()."""
    matrix = confusion.confusion(found.truth, found.called, len(labels), np.ones(len(found.truth)))
    under: dict[str, NDArray[Any]] = {}
    if areas:
        each = [curves.count(found.p[:, k], found.truth == k) for k in range(len(labels))]
        under["auroc"] = np.array([curves.auroc(counts) for counts in each])
        under["average_precision"] = np.array([curves.average_precision(c) for c in each])
    return _named(matrix, under, labels)


def resampled(found: Arrays, labels: tuple[str, ...], resamples: int, areas: bool = True) -> Named:
    """Every figure of each resample, float64 (resamples,)."""
    counts = draw(found.patients, resamples)
    matrix = resampled_confusion(found.truth, found.called, len(labels), found.patients, counts)
    under: dict[str, NDArray[Any]] = {}
    if areas:
        each = [
            curves.resample(found.p[:, k], found.truth == k, found.patients, counts)
            for k in range(len(labels))
        ]
        under["auroc"] = np.stack([c.auroc for c in each], 1)
        under["average_precision"] = np.stack([c.average_precision for c in each], 1)
    return _named(matrix, under, labels)


def resampled_confusion(
    truth: Ints, called: Ints, classes: int, patients: Ints, counts: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """The confusion matrix of each resample, float64 (resamples, classes, classes)."""
    cells = np.eye(classes**2)[truth * classes + called]
    return sums(counts, patients, cells).reshape(-1, classes, classes)


def _named(
    matrix: NDArray[Any], areas: Mapping[str, NDArray[Any]], labels: tuple[str, ...]
) -> Named:
    """Figures by name and label; each array's last axis, the classes, is taken apart."""
    by_class = {**confusion.class_figures(matrix), **areas}
    there = [figure for figure in OF_CLASS if figure in by_class]
    named = {(f, x): by_class[f][..., k] for f in there for k, x in enumerate(labels)}
    named |= {(f, MACRO): confusion.mean_defined(by_class[f]) for f in there}
    return named | {(f, ""): value for f, value in confusion.overall_figures(matrix).items()}


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
    score, there, patients = _of_pair(rows, positive, negative)
    low, high = np.nan, np.nan
    if resamples and _vary(there, patients):
        counts = draw(patients, resamples)
        low, high = interval(curves.resample(score, there, patients, counts).auroc)
    value = curves.auroc(curves.count(score, there))
    people = len(np.unique(patients))
    return Figure(value, float(low), float(high), len(score), people)


def pair_area_ahead(
    rows: pd.DataFrame, others: pd.DataFrame, positive: str, negative: str
) -> Estimate:
    """How far the :func:`pair_area` of `rows` is ahead of that of `others`, which are the same
    films in the same order, in the same resamples; NaN for the interval where either label is of
    fewer than two patients."""
    score, there, patients = _of_pair(rows, positive, negative)
    other = _of_pair(others, positive, negative)[0]
    counts = draw(patients, RESAMPLES if _vary(there, patients) else 0)
    values = [curves.auroc(curves.count(each, there)) for each in (score, other)]
    spread = [curves.resample(each, there, patients, counts).auroc for each in (score, other)]
    return estimate(values[0] - values[1], spread[0] - spread[1])


def _of_pair(
    rows: pd.DataFrame, positive: str, negative: str
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    """Score, whether positive, and patient of the films of two labels."""
    rows = rows[rows.label.isin([positive, negative])]
    score = (rows[f"logit_{positive}"] - rows[f"logit_{negative}"]).to_numpy(float)
    return score, (rows.label == positive).to_numpy(), clusters(rows)


def _vary(there: NDArray[np.bool_], patients: Ints) -> bool:
    return min(count_patients(patients, side) for side in (there, ~there)) > 1


def macro_f1(truth: Ints, called: Ints, classes: int, patients: Ints) -> Estimate:
    """Mean F1 over the classes that are there or called: of calls alone, without their scores.

    Parameters
    ----------
    truth, called, patients : int (n,)
    classes : int
    """
    value = confusion.macro_f1(truth, called, classes, np.ones(len(truth)))
    matrices = resampled_confusion(truth, called, classes, patients, draw(patients))
    return estimate(float(value), confusion.mean_defined(confusion.class_figures(matrices)["f1"]))


def macro_f1_ahead(
    truth: Ints, calls: Ints, others: Ints, classes: int, patients: Ints
) -> Estimate:
    """How far the macro-F1 of `calls` is ahead of that of `others`, on the same films and in the
    same resamples.

    Parameters
    ----------
    truth, calls, others, patients : int (n,)
    classes : int
    """
    counts = draw(patients)
    spread = [
        confusion.mean_defined(
            confusion.class_figures(resampled_confusion(truth, each, classes, patients, counts))[
                "f1"
            ]
        )
        for each in (calls, others)
    ]
    values = [
        confusion.macro_f1(truth, each, classes, np.ones(len(truth))) for each in (calls, others)
    ]
    return estimate(float(values[0] - values[1]), spread[0] - spread[1])


def drop(
    home: pd.DataFrame, away: pd.DataFrame, labels: tuple[str, ...], resamples: int = RESAMPLES
) -> dict[Name, Drop]:
    """Accuracy, balanced accuracy and each label's recall here and there; the films are of other
    patients, so resamples of both are drawn apart."""
    found = [arrays(rows, labels) for rows in (home, away)]
    points = [
        confusion.confusion(each.truth, each.called, len(labels), np.ones(len(each.truth)))
        for each in found
    ]
    matrices = [
        resampled_confusion(
            each.truth,
            each.called,
            len(labels),
            each.patients,
            draw(each.patients, resamples, seed),
        )
        for seed, each in enumerate(found)
        if resamples
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


def _of_matrix(
    matrix: NDArray[Any], figure: str, label: str, labels: tuple[str, ...]
) -> NDArray[Any]:
    if label:
        return confusion.class_figures(matrix)[figure][..., labels.index(label)]
    return confusion.overall_figures(matrix)[figure]
