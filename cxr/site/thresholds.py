"""Where a threshold lies, and how sure a share is."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from ..metrics.bootstrap import Estimate

LEAST = 10
"""Films of a label below which nothing is fitted to them."""


def quantile(values: NDArray[np.floating], share: float) -> float:
    """The value that `share` of films like these lie below.

    Half the median-unbiased estimate, which only counts, half a normal distribution's with their
    mean and deviation, which is steadier and leans on a shape: of thresholds from 30 N of seven
    hospitals, .76 to .93 kept the wanted share of all their N within .08, by counting alone .69 to
    .87 (``benchmarks/site.py``). The draw itself allows little more.

    Parameters
    ----------
    values : float (n,), n at least 2
    share : float, above 0, below 1
    """
    counted = float(np.quantile(values, share, method="median_unbiased"))
    normal = NormalDist(float(np.mean(values)), max(float(np.std(values, ddof=1)), 1e-9))
    return (counted + normal.inv_cdf(share)) / 2


def for_specificity(negatives: NDArray[np.floating], wanted: float) -> float:
    """The log-odds that `wanted` of the negatives lie below."""
    return quantile(negatives, wanted)


def for_sensitivity(positives: NDArray[np.floating], wanted: float) -> float:
    """The log-odds that `wanted` of the positives reach."""
    return quantile(positives, 1 - wanted)


def share(part: int, whole: int) -> Estimate:
    """A share and its exact binomial 95 % interval (Clopper and Pearson 1934); NaN of nothing."""
    from scipy.stats import beta

    if not whole:
        return Estimate(float("nan"), float("nan"), float("nan"))
    low = beta.ppf(0.025, part, whole - part + 1) if part else 0.0
    high = beta.ppf(0.975, part + 1, whole - part) if part < whole else 1.0
    return Estimate(part / whole, float(low), float(high))


def width(found: float, films: int) -> float:
    """How wide that interval would be of `films` films with the same share, 0 to 1."""
    there = share(round(found * films), films)
    return there.high - there.low
