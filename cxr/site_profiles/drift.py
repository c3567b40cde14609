"""Whether the films that are read under a profile still look like those that it was fitted on.

Each film leaves :data:`NUMBERS` numbers and nothing else. After every :data:`WINDOW` films they are
held against the profile's, by the energy distance (Székely and Rizzo 2013) and permutation. How
rare false alarms are is measured (docs/hospital.md). Another share of ill people is no other
device: of the profile's films as many of either label are taken as make them most like the window.
That share is watched by itself, in the log-odds, against the films that were read before. A profile
of N alone cannot tell a window of hardly any N from another device: that is said as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..input_checks import limits_of
from ..input_checks.fitted import roots
from ..model.classifier import Classifier

AXES = 8
NUMBERS = AXES + 1
"""Places on the axes along which known films differ most, and the log-odds."""
WINDOW = 100
LEAST = 20
"""Films of a profile below which nothing is watched."""
LEVEL = 0.025
"""Of each of two looks."""
_TRIES = 999
_FEW = 5
"""Positives in a profile below which a window's mix cannot be looked for: then of both only films
are compared that score like the lower half of its negatives, if the window has so many."""

Rows = NDArray[np.float32]


@dataclass(frozen=True)
class DriftFinding:
    """What the last full window came to.

    Attributes
    ----------
    films : int
        Read under the profile so far.
    looks : float or None
        How often films that were like the profile's would look this unlike them, 0 to 1; None
        before the first window is full, and where it is `high`.
    share : float or None
        The same of the log-odds, against the windows before; None before the second is full.
    high : bool
        Whether, under a profile of hardly any positive, hardly a film scores like the lower half of
        its negatives.
    """

    films: int
    looks: float | None = None
    share: float | None = None
    high: bool = False

    @property
    def alarms(self) -> tuple[str, ...]:
        """What alarms, of "looks", "share" and "high"."""
        found = (("looks", self.looks), ("share", self.share))
        told = [name for name, p in found if p is not None and p <= LEVEL]
        return (*told, *["high"] * self.high)


def numbers(
    model: Classifier, averages: NDArray[np.floating], log_odds: NDArray[np.floating]
) -> Rows:
    """What films leave behind, float32 (n, NUMBERS); (n, 0) for a model that nothing was fitted
    for along whose axes films could be watched.

    Parameters
    ----------
    model : Classifier
    averages : float (n, K)
    log_odds : float (n,)
    """
    fitted = limits_of(model)
    if fitted is None or len(fitted.mean) != averages.shape[1] or fitted.axes.shape[1] < AXES:
        return np.zeros((len(averages), 0), np.float32)
    places = (roots(averages) - fitted.mean) @ fitted.axes[:, :AXES]
    return np.column_stack([places, log_odds]).astype(np.float32)


def look(seen: Rows, positive: NDArray[np.bool_] | None, read: Rows) -> DriftFinding:
    """Look at the last full window.

    Parameters
    ----------
    seen : float32 (n, NUMBERS)
        The profile's films.
    positive : bool (n,) or None
        Which of them are positive; None where nobody knows.
    read : float32 (m, NUMBERS)
        Those that were read since, in their order.
    """
    full = len(read) // WINDOW
    if not full or len(seen) < LEAST or seen.shape[1] != NUMBERS:
        return DriftFinding(len(read))
    window = read[(full - 1) * WINDOW : full * WINDOW]
    before = read[: (full - 1) * WINDOW]
    share = _permuted(before[:, -1:], window[:, -1:]) if len(before) else None
    if positive is None or positive.sum() >= _FEW:
        return DriftFinding(len(read), _permuted(*_alike(seen, positive, window)), share)
    middle = np.median(seen[~positive, -1])
    own, low = (rows[rows[:, -1] <= middle] for rows in (seen, window))
    if len(low) < _FEW:
        return DriftFinding(len(read), None, share, high=True)
    return DriftFinding(len(read), _permuted(*_alike(own, None, low)), share)


def _alike(
    seen: Rows, positive: NDArray[np.bool_] | None, window: Rows
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places in the profile's own deviations: of the profile's films as many of either label as
    the window seems to have, and of the window."""
    places = seen[:, :AXES].astype(np.float64)
    mean, spread = places.mean(0), np.maximum(places.std(0), 1e-6)
    own, read = ((rows[:, :AXES] - mean) / spread for rows in (seen, window))
    if positive is None:
        return own, read
    share = _share(own[~positive], own[positive], read)
    rng = np.random.default_rng(0)
    most = min((~positive).sum() / max(1 - share, 1e-9), positive.sum() / max(share, 1e-9))
    kept = [
        rng.permutation(np.flatnonzero(side))[: round(part * most)]
        for side, part in ((~positive, 1 - share), (positive, share))
    ]
    return own[np.concatenate(kept)], read


def _share(
    negatives: NDArray[np.floating], positives: NDArray[np.floating], window: NDArray[np.floating]
) -> float:
    """The share of positives at which the profile's films lie nearest to the window, by the energy
    distance, which is a parabola in it."""
    n, t = len(negatives), len(positives)
    within_n = _apart(negatives, negatives).mean() * n / (n - 1)  # a film is no pair with itself
    within_t = _apart(positives, positives).mean() * t / (t - 1)
    between = _apart(negatives, positives).mean()
    to_n, to_t = (_apart(side, window).mean() for side in (negatives, positives))
    curved = 2 * between - within_n - within_t
    if curved <= 0:
        return t / (n + t)  # the labels look alike here, so no mix shows
    return float(np.clip((to_n - to_t + between - within_n) / curved, 0, 1))


def _apart(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.float64]:
    squares: NDArray[np.float64] = np.maximum(((first[:, None] - second[None]) ** 2).sum(2), 0)
    return np.sqrt(squares)


def _permuted(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """How often films that are dealt out anew are as far apart as these, 0 to 1."""
    films = np.concatenate([first, second]).astype(np.float64)
    apart = _apart(films, films)
    n, m = len(first), len(second)
    signs = np.repeat([1 / n, -1 / m], [n, m])
    rng = np.random.default_rng(0)
    dealt = np.stack([signs, *(rng.permutation(signs) for _ in range(_TRIES))])
    # −aᵀDa with a of 1/n and −1/m is the energy distance.
    distance = -((dealt @ apart) * dealt).sum(1)
    return float((distance >= distance[0] - 1e-12).mean())


def kept(rows: Sequence[Sequence[float]]) -> Rows:
    """Rows as they were kept, float32 (n, NUMBERS); what is no such row is left out."""
    whole = [row for row in rows if len(row) == NUMBERS and np.isfinite(row).all()]
    return np.array(whole, np.float32).reshape(-1, NUMBERS)
