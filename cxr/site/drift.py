"""Whether the films that are read under a profile still look like those that it was fitted on.

Each film leaves :data:`NUMBERS` numbers and nothing else. After every :data:`WINDOW` films they are
held against the profile's, by the energy distance (Székely and Rizzo 2013) and permutation, so that
a false alarm is as rare as it says whatever films look like. What tells the two labels apart is
taken out first: another share of ill people is no other device. That share is watched by itself, in
the log-odds, against the films that were read before.
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
"""Of each of two looks: five false alarms in a hundred windows at most."""
_TRIES = 999

Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Look:
    """What the last full window came to.

    Attributes
    ----------
    films : int
        Read under the profile so far.
    looks : float or None
        How often films that were like the profile's would look this unlike them, 0 to 1; None
        before the first window is full.
    share : float or None
        The same of the log-odds, against the windows before; None before the second is full.
    """

    films: int
    looks: float | None = None
    share: float | None = None

    @property
    def alarms(self) -> tuple[str, ...]:
        """What alarms: "looks", "share", both or neither."""
        found = (("looks", self.looks), ("share", self.share))
        return tuple(name for name, p in found if p is not None and p <= LEVEL)


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


def look(seen: Rows, positive: NDArray[np.bool_] | None, read: Rows) -> Look:
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
        return Look(len(read))
    window = read[(full - 1) * WINDOW : full * WINDOW]
    before = read[: (full - 1) * WINDOW]
    looks = _permuted(*_without_label(seen, positive, window))
    share = _permuted(before[:, -1:], window[:, -1:]) if len(before) else None
    return Look(len(read), looks, share)


def _without_label(
    seen: Rows, positive: NDArray[np.bool_] | None, window: Rows
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places in the profile's own deviations, less the direction from one label to the other."""
    places = seen[:, :AXES].astype(np.float64)
    mean, spread = places.mean(0), np.maximum(places.std(0), 1e-6)
    both = [(rows[:, :AXES] - mean) / spread for rows in (seen, window)]
    if positive is not None and 0 < positive.sum() < len(positive):
        way = both[0][positive].mean(0) - both[0][~positive].mean(0)
        way = way / max(float(np.linalg.norm(way)), 1e-9)
        both = [rows - np.outer(rows @ way, way) for rows in both]
    return both[0], both[1]


def _permuted(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """How often films that are dealt out anew are as far apart as these, 0 to 1."""
    films = np.concatenate([first, second]).astype(np.float64)
    apart = np.sqrt(np.maximum(((films[:, None] - films[None]) ** 2).sum(2), 0))
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
