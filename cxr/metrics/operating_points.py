"""What a threshold on one class's score does: found, missed, false alarms, at any prevalence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bootstrap import Estimate, Ints, count_patients, estimate, sums

WHO_SENSITIVITY, WHO_SPECIFICITY = 0.90, 0.70
"""Least values for a triage test: WHO, High-priority target product profiles for new tuberculosis
diagnostics, 2014."""
GRID = 1 / (1 + np.exp(-np.linspace(-9.2, 9.2, 185)))
"""Thresholds to try, even in log-odds: scores crowd at 0 and 1. From .0001 to .9999."""


@dataclass(frozen=True)
class Point:
    """A threshold on a set of films.

    Attributes
    ----------
    threshold : float
        A film is called at and above it.
    found, missed, alarms, passed : int
        Films of the class that were called and not; other films that were called and not.
    sensitivity, specificity : float
        0 to 1; NaN without films of the class, or without others.
    """

    threshold: float
    found: int
    missed: int
    alarms: int
    passed: int
    sensitivity: float
    specificity: float


@dataclass(frozen=True)
class PerThousand:
    """What to expect of 1,000 films at a prevalence, if sensitivity and specificity hold there.

    Attributes
    ----------
    called, missed, alarms : float
        Films called; films of the class that were not; films called that are not of it.
    ppv, npv : float
        Share of calls that are right, and of passes; NaN where none is called or none passes.
    """

    called: float
    missed: float
    alarms: float
    ppv: float
    npv: float

    @property
    def found(self) -> float:
        """Films of the class that are called: the yield."""
        return self.called - self.alarms


def at_threshold(
    score: NDArray[np.floating], positive: NDArray[np.bool_], threshold: float
) -> Point:
    """Count what a threshold does.

    Parameters
    ----------
    score : float (n,)
    positive : bool (n,)
    threshold : float
    """
    called = score >= threshold
    found, missed = int((called & positive).sum()), int((~called & positive).sum())
    alarms, passed = int((called & ~positive).sum()), int((~called & ~positive).sum())
    return Point(
        threshold,
        found,
        missed,
        alarms,
        passed,
        _share(found, found + missed),
        _share(passed, passed + alarms),
    )


def reaching(
    score: NDArray[np.floating],
    positive: NDArray[np.bool_],
    sensitivity: float | None = None,
    specificity: float | None = None,
) -> float | None:
    """The highest threshold with that sensitivity, or the lowest with that specificity; None where
    there is no film to count, or no score that does it.

    Parameters
    ----------
    score : float (n,)
    positive : bool (n,)
    sensitivity, specificity : float, above 0, at most 1
        One of them.
    """
    side = np.sort(score[positive if sensitivity is not None else ~positive])
    if not len(side):
        return None
    if sensitivity is not None:
        return float(side[len(side) - int(np.ceil(sensitivity * len(side) - 1e-9))])
    assert specificity is not None
    passed = int(np.ceil(specificity * len(side) - 1e-9))
    above = score[score > side[passed - 1]]
    return float(above.min()) if len(above) else None


def rates(
    score: NDArray[np.floating],
    positive: NDArray[np.bool_],
    threshold: float,
    patients: Ints,
    counts: NDArray[np.uint8],
) -> tuple[Estimate, Estimate]:
    """Sensitivity and specificity with their intervals; none where fewer than two patients are
    counted.

    Parameters
    ----------
    score : float (n,)
    positive : bool (n,)
    threshold : float
    patients : int (n,)
    counts : uint8 (resamples, patients)
        See :func:`cxr.metrics.bootstrap.draw`; without resamples there are no intervals.
    """
    called = score >= threshold
    columns = np.stack([called & positive, positive, ~called & ~positive, ~positive], 1)
    found, there, passed, others = sums(counts, patients, columns.astype(float)).T
    point = at_threshold(score, positive, threshold)
    with np.errstate(invalid="ignore"):
        sides = (
            (point.sensitivity, found / there, positive),
            (point.specificity, passed / others, ~positive),
        )
    sensitivity, specificity = (
        estimate(value, share if count_patients(patients, side) > 1 else share[:0])
        for value, share, side in sides
    )
    return sensitivity, specificity


def per_thousand(sensitivity: float, specificity: float, prevalence: float) -> PerThousand:
    """Films out of 1,000, by Bayes' rule.

    Parameters
    ----------
    sensitivity, specificity, prevalence : float, 0 to 1
    """
    found = 1000 * prevalence * sensitivity
    missed = 1000 * prevalence * (1 - sensitivity)
    passed = 1000 * (1 - prevalence) * specificity
    alarms = 1000 * (1 - prevalence) * (1 - specificity)
    return PerThousand(
        found + alarms,
        missed,
        alarms,
        _share(found, found + alarms),
        _share(passed, passed + missed),
    )


def meets_who(sensitivity: float, specificity: float) -> bool:
    """Whether both least values for triage are reached."""
    return sensitivity >= WHO_SENSITIVITY and specificity >= WHO_SPECIFICITY


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
