"""Curves ready to be drawn, with their 95 % bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import curves
from .bootstrap import Estimate, count_patients, draw, estimate, interval
from .curves import Bools, Floats, Ints

POINTS = 1000
"""Of a curve at most: more cannot be seen."""
GRID = np.r_[np.linspace(0, 0.1, 41), np.linspace(0.12, 1, 45)]
"""Where bands are worked out; denser at the left, where a good ROC curve turns."""
THRESHOLDS = 150
"""Of each side, whose counts make a resample's curve."""


@dataclass(frozen=True)
class Curve:
    """A curve.

    Attributes
    ----------
    x, y, threshold : float64 (k,), at most :data:`POINTS`
    low, high : float64 (g,)
        The band along :data:`GRID`; empty without resamples.
    area : Estimate
    positives, negatives : int
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    threshold: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    area: Estimate
    positives: int
    negatives: int


def both(score: Floats, positive: Bools, patients: Ints, resamples: int) -> tuple[Curve, Curve]:
    """The ROC and the precision-recall curve.

    Parameters
    ----------
    score : float (n,)
    positive : bool (n,)
    patients : int (n,)
    resamples : int
        0: no bands. There is none either where one side has fewer than two patients.
    """
    if min(count_patients(patients, side) for side in (positive, ~positive)) < 2:
        resamples = 0
    counted = curves.count(score, positive)
    again = curves.resample(
        score, positive, patients, draw(patients, resamples), _thresholds(score, positive)
    )
    roc = estimate(curves.auroc(counted), again.auroc)
    mean = estimate(curves.average_precision(counted), again.average_precision)
    false, true = curves.roc(counted)
    precision, recall = curves.precision_recall(counted)
    return (
        _curve(false, true, 0, counted, roc, again.false, again.true),
        _curve(recall, precision, 1, counted, mean, again.true, again.precision),
    )


def _thresholds(score: Floats, positive: Bools) -> NDArray[np.float64]:
    sides = [score[side] for side in (positive, ~positive) if side.any()]
    shares = np.linspace(0, 1, THRESHOLDS)
    return np.unique(np.concatenate([np.empty(0), *(np.quantile(x, shares) for x in sides)]))


def _curve(
    x: NDArray[Any],
    y: NDArray[Any],
    first: int,
    counted: curves.ThresholdCounts,
    area: Estimate,
    resampled_x: NDArray[Any],
    resampled_y: NDArray[Any],
) -> Curve:
    keep = np.unique(np.linspace(0, len(x) - 1, min(len(x), POINTS)).astype(int))
    band = interval(along(resampled_x, resampled_y, GRID)) if len(resampled_x) else np.empty((2, 0))
    return Curve(
        x[keep],
        y[keep],
        counted.threshold[first:][keep],
        band[0],
        band[1],
        area,
        counted.positives,
        counted.negatives,
    )


def along(x: NDArray[Any], y: NDArray[Any], grid: Floats) -> NDArray[np.float64]:
    """Each resample's curve at the places of `grid`.

    Parameters
    ----------
    x, y : float (resamples, k)
        In any order along x; what is NaN is left out.
    grid : float (g,), rising

    Returns
    -------
    float64 (resamples, g); NaN where a resample has no curve.
    """
    out = np.full((len(x), len(grid)), np.nan)
    for row, xs, ys in zip(out, x, y, strict=True):
        there = ~(np.isnan(xs) | np.isnan(ys))
        if there.any():
            order = np.lexsort((ys[there], xs[there]))
            row[:] = np.interp(grid, xs[there][order], ys[there][order])
    return out
