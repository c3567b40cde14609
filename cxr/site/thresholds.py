"""Where a threshold lies, and how sure a share is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from ..metrics.bootstrap import Estimate

LEAST = 10
"""Patients of a label below whose number nothing is fitted to their films."""
PARTS = 10
"""Into which films are dealt out to see what a threshold does to films that had no part in it."""


def quantile(values: NDArray[np.floating], share: float) -> float:
    """The value that `share` of films like these lie below.

    Half the median-unbiased estimate, which only counts, half a normal distribution's with their
    mean and deviation, which is steadier and leans on a shape: of thresholds from 30 N of seven
    hospitals, .69 to .92 kept the wanted share of all their N within .08, by counting alone .71 to
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


def threshold_for(
    score: NDArray[np.floating], positive: NDArray[np.bool_], wanted: Mapping[str, float]
) -> float:
    """The log-odds from which films are called, for a wanted sensitivity or specificity."""
    if "sensitivity" in wanted:
        return for_sensitivity(score[positive], wanted["sensitivity"])
    return for_specificity(score[~positive], wanted["specificity"])


def parts(patients: NDArray[np.integer]) -> Iterator[NDArray[np.bool_]]:
    """Films dealt out by patient: bool (n,), those of each part."""
    order = np.random.default_rng(0).permutation(int(patients.max()) + 1)
    part = order[patients] % min(PARTS, len(order))
    for number in np.unique(part):
        yield part == number


def out_of_fold_calls(
    score: NDArray[np.floating],
    positive: NDArray[np.bool_],
    patients: NDArray[np.integer],
    wanted: Mapping[str, float],
) -> NDArray[np.bool_]:
    """Whether each film is called by a threshold that other patients' films chose."""
    called = np.zeros(len(score), bool)
    for held in parts(patients):
        called[held] = score[held] >= threshold_for(score[~held], positive[~held], wanted)
    return called


def independent(patients: NDArray[np.integer]) -> float:
    """How many films of as many patients these are worth, if all films of one patient are called
    alike: Kish's effective size. The number of films where each is another patient's."""
    _, films = np.unique(patients, return_counts=True)
    return float(films.sum() ** 2 / (films**2).sum()) if len(films) else 0.0


def with_more(films: int, worth: float, more: int) -> float:
    """What `films` films that are worth `worth` would be worth with `more` films, each another
    patient's."""
    return (films + more) ** 2 / (films**2 / worth + more)


def share(part: int, whole: int, worth: float | None = None) -> Estimate:
    """A share and its exact binomial 95 % interval (Clopper and Pearson 1934); NaN of nothing.
    `worth` is what the films are worth, see :func:`independent`, where that is not their number."""
    if not whole:
        return Estimate(float("nan"), float("nan"), float("nan"))
    return Estimate(part / whole, *_bounds(part / whole, whole if worth is None else worth))


def share_of(called: NDArray[np.bool_], patients: NDArray[np.integer]) -> Estimate:
    """The share of films that are called, with an interval by patient."""
    return share(int(called.sum()), len(called), independent(patients))


def width(found: float, films: float) -> float:
    """How wide that interval would be of so many films with the same share, 0 to 1."""
    low, high = _bounds(found, films)
    return high - low


def _bounds(found: float, films: float) -> tuple[float, float]:
    from scipy.stats import beta

    part = found * films
    low = beta.ppf(0.025, part, films - part + 1) if found > 0 else 0.0
    high = beta.ppf(0.975, part + 1, films - part) if found < 1 else 1.0
    return float(low), float(high)
