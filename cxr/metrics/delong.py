"""Areas under ROC curves with their covariance, without a resample: DeLong et al., Biometrics 1988;
where a patient has several films, Obuchowski, Biometrics 1997, which is the same where none has."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from .bootstrap import Estimate

_WIDE = NormalDist().inv_cdf(0.975)


def areas(
    scores: NDArray[np.floating], positive: NDArray[np.bool_], patients: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Several scores of the same films.

    Parameters
    ----------
    scores : float (k, n)
    positive : bool (n,)
    patients : int (n,)

    Returns
    -------
    areas : float64 (k,)
        Ties count half; NaN where one side is missing.
    covariance : float64 (k, k)
        NaN where a side has films of fewer than two patients.
    """
    scores = np.asarray(scores, np.float64)
    of_patient = np.unique(patients, return_inverse=True)[1]
    count = int(of_patient.max()) + 1 if len(of_patient) else 0
    sides = (positive, ~positive)
    people = [len(np.unique(of_patient[side])) for side in sides]
    if min(people) == 0:
        return np.full(len(scores), np.nan), np.full((len(scores),) * 2, np.nan)
    beats = np.stack([_beats(score[positive], score[~positive]) for score in scores])
    found = beats.mean((1, 2))
    if min(people) < 2:
        return found, np.full((len(scores),) * 2, np.nan)
    sums = []
    for side, share in zip(sides, (beats.mean(2), beats.mean(1)), strict=True):
        away = np.zeros((len(scores), count))
        for row, each in zip(away, share - found[:, None], strict=True):
            row[:] = np.bincount(of_patient[side], each, count)
        sums.append(away / side.sum())
    ill, well = sums
    mixed = ill @ well.T * count / (count - 1)
    own = [part @ part.T * n / (n - 1) for part, n in zip(sums, people, strict=True)]
    return found, own[0] + own[1] + mixed + mixed.T


def _beats(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Whether each positive outranks each negative, a tie as one half."""
    return np.asarray((above[:, None] > below) + 0.5 * (above[:, None] == below))


def area(
    score: NDArray[np.floating], positive: NDArray[np.bool_], patients: NDArray[np.integer]
) -> Estimate:
    """One area and its 95 % interval, taken on the scale of its log-odds so that it stays within 0
    and 1; where it is 0 or 1, see :func:`_least`."""
    (found,), ((variance,),) = areas(score[None], positive, patients)
    if found in (0, 1):
        least = _least(positive, patients)
        return Estimate(1.0, least, 1.0) if found else Estimate(0.0, 0.0, 1 - least)
    if np.isnan(found):
        return Estimate(float(found), float(found), float(found))
    middle, wide = np.log(found / (1 - found)), _WIDE * np.sqrt(variance) / (found * (1 - found))
    low, high = (float(1 / (1 + np.exp(-x))) for x in (middle - wide, middle + wide))
    return Estimate(float(found), low, high)


def gain(
    score: NDArray[np.floating],
    other: NDArray[np.floating],
    positive: NDArray[np.bool_],
    patients: NDArray[np.integer],
) -> Estimate:
    """The area of `score` less that of `other` on the same films, and its 95 % interval. An area of
    0 or 1 has no variance of its own: it is taken to be as unsure as :func:`_least` says."""
    found, covariance = areas(np.stack([score, other]), positive, patients)
    for place in np.flatnonzero((found == 0) | (found == 1)):
        covariance[place, place] = ((1 - _least(positive, patients)) / _WIDE) ** 2
    ahead = float(found[0] - found[1])
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    wide = _WIDE * float(np.sqrt(max(variance, 0)))
    return Estimate(ahead, ahead - wide, ahead + wide)


def _least(positive: NDArray[np.bool_], patients: NDArray[np.integer]) -> float:
    """The least that an area may be of films that are all in order: the exact binomial bound of as
    many successes as the label with fewer patients has of them."""
    fewest = min(len(np.unique(patients[side])) for side in (positive, ~positive))
    return float(0.025 ** (1 / fewest))
