"""From logits to figures that mean something: calibration and operating points.

Both are fitted on `val`, stored in the bundle and hold for that network only.
"""

from __future__ import annotations

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


def fit_temperature(logits: NDArray[np.floating], truth: NDArray[np.integer]) -> float:
    """The temperature with the least negative log-likelihood (Guo et al. 2017).

    Parameters
    ----------
    logits : float (n, classes)
    truth : int (n,)

    Returns
    -------
    float, 0.05 to 20
    """
    from scipy.optimize import minimize_scalar

    wide = np.asarray(logits, np.float64)

    def loss(log_temperature: float) -> float:
        z = wide / np.exp(log_temperature)
        z -= z.max(1, keepdims=True)
        return float(np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(len(z)), truth]))

    found = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded")
    return float(np.exp(found.x))


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
