"""The bootstrap over patients: films of one patient are drawn together.

A resample is how often each patient counts. Whatever is a sum over films is then one matrix product
away from its thousand resamples, and no film is ever copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
CHUNK = 32
"""Resamples worked on at a time: bounds the memory, and keeps 16,000 films in the cache."""
Ints = NDArray[np.integer]
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval; NaN where not defined."""

    value: float
    low: float
    high: float


def draw(patients: Ints, resamples: int = RESAMPLES, seed: int = 0) -> NDArray[np.uint8]:
    """How often each patient counts in each resample, drawing patients with replacement.

    Parameters
    ----------
    patients : int (n,)
        The patient of each film, 0 to the number of patients - 1.
    resamples, seed : int

    Returns
    -------
    uint8 (resamples, patients)
    """
    groups = int(patients.max()) + 1 if len(patients) else 0
    rng = np.random.default_rng(seed)
    counts = np.empty((resamples, groups), np.uint8)
    for row in counts:
        row[:] = np.bincount(rng.integers(0, groups, groups), minlength=groups)
    return counts


def chunks(counts: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """A few resamples at a time, uint8 (at most CHUNK, patients)."""
    for start in range(0, len(counts), CHUNK):
        yield counts[start : start + CHUNK]


def sums(counts: NDArray[np.uint8], patients: Ints, columns: Floats) -> NDArray[np.float64]:
    """The columns' sums over the films of each resample.

    Parameters
    ----------
    counts : uint8 (resamples, patients)
    patients : int (n,)
    columns : float (n, k)

    Returns
    -------
    float64 (resamples, k)
    """
    groups = counts.shape[1]
    of_patient = np.stack(
        [np.bincount(patients, column, minlength=groups) for column in np.asarray(columns).T], 1
    )
    parts = [part.astype(np.float64) @ of_patient for part in chunks(counts)]
    return np.concatenate([np.empty((0, of_patient.shape[1])), *parts])


def interval(values: Floats) -> NDArray[np.float64]:
    """95 % percentile interval over the resamples that have the figure.

    Parameters
    ----------
    values : float (resamples, ...)

    Returns
    -------
    float64 (2, ...): low, high; NaN where no resample has the figure.
    """
    values = np.asarray(values, np.float64)
    found = np.full((2, *values.shape[1:]), np.nan)
    there = ~np.isnan(values).all(0)
    found[:, there] = np.nanpercentile(values[:, there], [2.5, 97.5], axis=0)
    return found


def estimate(value: float, values: Floats) -> Estimate:
    """A figure with the interval of its resamples, float (resamples,); none without resamples."""
    low, high = interval(values) if len(values) else (np.nan, np.nan)
    return Estimate(float(value), float(low), float(high))


def count_patients(patients: Ints, films: NDArray[np.bool_]) -> int:
    """How many patients the chosen films are of. Fewer than two cannot vary: no interval."""
    return int(np.count_nonzero(np.bincount(patients[films])))
