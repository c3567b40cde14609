"""From probabilities to decisions: operating points, sets of classes.

All are fitted on `val`, stored in the bundle and hold for that network only; operating points are
also chosen on sites that were left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class OperatingPoint:
    """A score at and above which a film is called, and what that gave where it was chosen.

    Attributes
    ----------
    threshold : float
        On the calibrated probability, 0 to 1.
    sensitivity, specificity : float
        0 to 1, on the films it was chosen on.
    wanted_sensitivity : float
    split : str
        The films it was chosen on.
    """

    threshold: float
    sensitivity: float
    specificity: float
    wanted_sensitivity: float
    split: str


def choose_operating_point(
    score: NDArray[np.floating],
    positive: NDArray[np.bool_],
    sensitivity: float = 0.9,
    split: str = "val",
) -> OperatingPoint:
    """The highest threshold that still reaches `sensitivity`: of all such, the most specific.

    Parameters
    ----------
    score : float (n,)
    positive : bool (n,), at least one true and one false
    sensitivity : float, above 0, at most 1
    split : str
    """
    ranked = np.sort(score[positive])[::-1]
    needed = int(np.ceil(sensitivity * len(ranked) - 1e-9))
    threshold = float(ranked[needed - 1])
    called = score >= threshold
    return OperatingPoint(
        threshold=threshold,
        sensitivity=float(called[positive].mean()),
        specificity=float((~called)[~positive].mean()),
        wanted_sensitivity=sensitivity,
        split=split,
    )


def conformal_limits(
    probabilities: NDArray[np.floating], truth: NDArray[np.integer], coverage: float
) -> NDArray[np.float64]:
    """How low a class's probability may be for the class to stay in a film's set.

    Class-conditional split conformal prediction (Vovk 2012; Sadinle, Lei and Wasserman 2019): of
    new films of a class, drawn like those of `truth`, at least `coverage` have it in their set,
    whatever the network is worth. For films from elsewhere nothing is promised.

    Parameters
    ----------
    probabilities : float (n, classes), 0 to 1
    truth : int (n,)
    coverage : float, above 0, below 1

    Returns
    -------
    float64 (classes,), 0 to 1; 0, so that the class is in every set, where it has too few films to
    promise `coverage`.
    """
    limits = np.zeros(probabilities.shape[1])
    for k in range(len(limits)):
        ranked = np.sort(probabilities[truth == k, k])[::-1]
        rank = int(np.ceil((len(ranked) + 1) * coverage - 1e-9))
        if rank <= len(ranked):
            limits[k] = ranked[rank - 1]
    return limits


def prediction_set(
    probabilities: Mapping[str, float], limits: Mapping[str, float]
) -> tuple[str, ...]:
    """The classes that a film may have, in the order of `probabilities`; none if it is like none
    that the limits were fitted on."""
    return tuple(label for label, p in probabilities.items() if p >= limits[label])


def prediction_sets(
    probabilities: Mapping[str, float], conformal: Mapping[str, Mapping[str, float]]
) -> dict[str, tuple[str, ...]]:
    """Promised coverage → set, by a bundle's limits for each."""
    return {share: prediction_set(probabilities, low) for share, low in conformal.items()}


def coverage(
    probabilities: NDArray[np.floating],
    truth: NDArray[np.integer],
    limits: NDArray[np.floating],
) -> dict[str, float]:
    """What sets came to on a set of films.

    Returns
    -------
    dict with ``covered`` (share of films whose class is in their set), ``size`` (mean number of
    classes), ``empty`` (share without any); NaN for no films.
    """
    inside = probabilities >= limits
    if not len(truth):
        return dict.fromkeys(("covered", "size", "empty"), float("nan"))
    return {
        "covered": float(inside[np.arange(len(truth)), truth].mean()),
        "size": float(inside.sum(1).mean()),
        "empty": float((~inside.any(1)).mean()),
    }
