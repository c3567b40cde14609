"""What a score is worth at every threshold: ROC, precision-recall and risk-coverage curves, their
areas, and their resamples.

A resampled area never sorts again: films are sorted once, and each resample only changes how much
they count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bootstrap import chunks

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class ThresholdCounts:
    """Films at and above each threshold.

    Attributes
    ----------
    threshold : float64 (k,)
        Falling. The first is infinite: nothing is called.
    hits, alarms : float64 (k,)
        Positive and negative films at or above it.
    positives, negatives : int
        All there are.
    """

    threshold: NDArray[np.float64]
    hits: NDArray[np.float64]
    alarms: NDArray[np.float64]
    positives: int
    negatives: int


def count(score: Floats, positive: Bools) -> ThresholdCounts:
    """Count the films at and above each score that occurs.

    Parameters
    ----------
    score : float (n,)
    positive : bool (n,)
    """
    order = np.argsort(-np.asarray(score, np.float64), kind="stable")
    ranked, yes = np.asarray(score, np.float64)[order], positive[order]
    ends = (
        np.flatnonzero(np.r_[ranked[1:] != ranked[:-1], True]) if len(ranked) else np.array([], int)
    )
    hits = np.cumsum(yes)[ends]
    return ThresholdCounts(
        np.r_[np.inf, ranked[ends]],
        np.r_[0.0, hits],
        np.r_[0.0, ends + 1 - hits],
        int(yes.sum()),
        int((~yes).sum()),
    )


def roc(counts: ThresholdCounts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """False and true positive rates, float64 (k,) each; NaN where one side is missing."""
    with np.errstate(invalid="ignore"):
        return counts.alarms / counts.negatives, counts.hits / counts.positives


def precision_recall(counts: ThresholdCounts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Precision and recall at each threshold but the first, float64 (k - 1,) each."""
    hits, alarms = counts.hits[1:], counts.alarms[1:]
    with np.errstate(invalid="ignore"):
        return hits / (hits + alarms), hits / counts.positives


def auroc(counts: ThresholdCounts) -> float:
    """Area under the ROC curve, ties counting half; NaN where one side is missing."""
    if not counts.positives or not counts.negatives:
        return float("nan")
    false, true = roc(counts)
    return float(np.trapezoid(true, false))


def average_precision(counts: ThresholdCounts) -> float:
    """Sum over thresholds of precision times the recall gained there: the area under the
    precision-recall curve without interpolation. NaN where there is no positive film."""
    if not counts.positives:
        return float("nan")
    precision, _ = precision_recall(counts)
    return float((precision * np.diff(counts.hits)).sum() / counts.positives)


@dataclass(frozen=True)
class Resampled:
    """The same for each resample.

    Attributes
    ----------
    auroc, average_precision : float64 (resamples,)
        NaN where one side is missing.
    true, false : float64 (resamples, thresholds)
        True and false positive rates at each threshold.
    precision : float64 (resamples, thresholds)
        NaN where nothing is called.
    """

    auroc: NDArray[np.float64]
    average_precision: NDArray[np.float64]
    true: NDArray[np.float64]
    false: NDArray[np.float64]
    precision: NDArray[np.float64]


def resample(
    score: Floats,
    positive: Bools,
    patients: Ints,
    counts: NDArray[np.uint8],
    thresholds: Floats | None = None,
) -> Resampled:
    """Areas and rates of each resample.

    Parameters
    ----------
    score : float (n,)
    positive : bool (n,)
    patients : int (n,)
    counts : uint8 (resamples, patients)
        See :func:`cxr.metrics.bootstrap.draw`. Exact up to 16 million films.
    thresholds : float (k,), optional
    """
    yes, no = (np.flatnonzero(side)[np.argsort(score[side])] for side in (positive, ~positive))
    above, below = np.asarray(score)[yes], np.asarray(score)[no]
    # A positive film outranks the negatives before `first`, and ties with those up to `last`.
    first, last = np.searchsorted(below, above), np.searchsorted(below, above, "right")
    tied = np.searchsorted(above, above)
    at = np.asarray([] if thresholds is None else thresholds, np.float64)
    cut_yes, cut_no = np.searchsorted(above, at), np.searchsorted(below, at)
    parts = []
    for part in chunks(counts) if len(counts) else [counts]:
        weight = part[:, patients[yes]].astype(np.float32)
        hits, alarms = _running(weight), _running(part[:, patients[no]])
        n_yes, n_no = hits[:, -1:], alarms[:, -1:]
        under = alarms[:, first]
        pairs = np.einsum("rn,rn->r", weight, under + alarms[:, last], dtype=np.float64) / 2
        found = n_yes - hits[:, tied]
        # A film that isn't drawn has no precision to give, and no weight to give it.
        share = found / np.maximum(found + n_no - under, 1)
        gained = np.einsum("rn,rn->r", weight, share, dtype=np.float64)
        true, false = n_yes - hits[:, cut_yes], n_no - alarms[:, cut_no]
        parts.append((pairs, gained, n_yes[:, 0], n_no[:, 0], true, false))
    joined = [np.concatenate(each).astype(np.float64) for each in zip(*parts, strict=True)]
    pairs, gained, positives, negatives, hits_at, alarms_at = joined
    with np.errstate(invalid="ignore", divide="ignore"):
        return Resampled(
            pairs / (positives * negatives),
            gained / positives,
            hits_at / positives[:, None],
            alarms_at / negatives[:, None],
            hits_at / (hits_at + alarms_at),
        )


def _running(weight: NDArray[Any]) -> NDArray[np.float32]:
    """Cumulative sums along each row, beginning with 0, float32 (rows, n + 1)."""
    out = np.zeros((weight.shape[0], weight.shape[1] + 1), np.float32)
    np.cumsum(weight, axis=1, dtype=np.float32, out=out[:, 1:])
    return out


def risk_coverage(
    confidence: Floats, right: Bools
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The share of wrong calls among the films that are at least so confident.

    Parameters
    ----------
    confidence : float (n,)
    right : bool (n,)

    Returns
    -------
    threshold, coverage, risk : float64 (k,) each, by rising coverage.
        Films of equal confidence are kept or left together.
    """
    counts = count(confidence, right)
    kept = counts.hits[1:] + counts.alarms[1:]
    return counts.threshold[1:], kept / max(1, len(right)), counts.alarms[1:] / kept
