"""How a run's scores lie beside those of films whose label is known.

Another share of ill people is no other device: the known films of each label are mixed as they fit
best, and what no mix explains is measured, by the Kolmogorov–Smirnov distance. How rare false
alarms are is measured (docs/screening.md).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BundleError
from ..model.classifier import Classifier
from ..screening.standing import ground_of
from . import table_rows

LEVEL = 0.01
"""Of the limit; false alarms are rarer, as the mix is fitted."""
LEAST = 50
"""Films below which there is no alarm."""
BINS = 12
_STEPS = 25
"""In which shares of a label are tried."""

Odds = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Known:
    """The films that a run's are held against.

    Attributes
    ----------
    of : str
        Which films they are.
    groups : dict of str to float64 (n,)
        Label, "other" for those that have no part in the log-odds → log-odds, rising.
    """

    of: str
    groups: dict[str, Odds]


@dataclass(frozen=True)
class Comparison:
    """A run's scores beside the known ones.

    Attributes
    ----------
    of : str
        Which films the known ones are.
    films : int
        Scored ones of the run.
    shares : dict of str to float
        Label → share at which the known films are most like the run's. It is no prevalence.
    edges : list of float (BINS - 1,)
        Between the bins; the first and the last are open.
    run, known : list of float (BINS,)
        Share of the run's films, and of the known ones in that mix, in each bin.
    distance, limit : float
        The largest difference of both distributions, and from where on it alarms.
    """

    of: str
    films: int
    shares: dict[str, float]
    edges: list[float]
    run: list[float]
    known: list[float]
    distance: float
    limit: float

    @property
    def alarm(self) -> bool:
        """Whether these are no mix of films like the known ones."""
        return self.films >= LEAST and self.distance > self.limit

    def told(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def known_of(model: Classifier, known_hospital: bool) -> Known | None:
    """By the model's profile; of hospitals that it knows, the films that it was tuned on; else
    those of unseen hospitals. None where there are no films of both labels."""
    if (pair := table_rows.pair_of(model)) is None:
        return None
    positive, negative = pair
    if model.site is None and known_hospital:
        return _tuned_on(model, positive, negative)
    ground = ground_of(model)
    if ground is None or not (len(ground.positives) and len(ground.negatives)):
        return None
    whose = (
        f"the profile {ground.hospital}"
        if ground.hospital
        else "hospitals that the network had not seen"
    )
    groups = {positive: ground.positives, negative: ground.negatives}
    return Known(f"films of {whose}", {k: np.sort(v.astype(float)) for k, v in groups.items()})


def _tuned_on(model: Classifier, positive: str, negative: str) -> Known | None:
    from ..metrics.predictions import select, table

    try:
        films = select(table(model.bundle), split="val")
    except BundleError:
        return None
    odds = np.log(films[f"p_{positive}"].to_numpy()) - np.log(films[f"p_{negative}"].to_numpy())
    labels = films.label.to_numpy(str)
    sides = {positive: labels == positive, negative: labels == negative}
    if not all(side.any() for side in sides.values()):
        return None
    other = ~(sides[positive] | sides[negative])
    groups = {**sides, **({"other": other} if other.any() else {})}
    return Known(
        "val films of hospitals that the network knows",
        {label: np.sort(odds[side]) for label, side in groups.items()},
    )


class Scores:
    """Counts of a run's log-odds: however many they are, no more is held than of the known films.

    Parameters
    ----------
    known : Known
    """

    def __init__(self, known: Known) -> None:
        self._known = known
        self._points = np.unique(np.concatenate(list(known.groups.values())))
        self._edges = np.linspace(self._points[0], self._points[-1], BINS + 1)[1:-1]
        groups = list(known.groups.values())
        each = np.stack([_below(group, self._points) / len(group) for group in groups])
        self._mixes = _mixes(len(groups))
        self._mixed = np.tensordot(self._mixes, each, 1)
        self._films = 0
        self._below = np.zeros((2, len(self._points)), np.int64)
        self._bins = np.zeros(BINS, np.int64)

    def add(self, odds: Odds) -> None:
        """Count films.

        Parameters
        ----------
        odds : float64 (n,)
            NaN for films without a score.
        """
        scored = np.sort(odds[np.isfinite(odds)])
        self._films += len(scored)
        self._below = self._below + _below(scored, self._points)
        self._bins = self._bins + _binned(scored, self._edges)

    def compare(self) -> Comparison | None:
        """What it comes to; None where no film had a score."""
        if not self._films:
            return None
        groups = list(self._known.groups.values())
        mixes = self._mixes
        # Between two known films the known distribution is level and the run's only rises, so both
        # are furthest apart just before or at one of them.
        apart = np.abs(self._mixed - self._below / self._films).max((1, 2))
        spread = 1 / self._films + (mixes**2 / [len(group) for group in groups]).sum(1)
        limits = np.sqrt(-np.log(LEVEL / 2) / 2 * spread)
        best = int((apart / limits).argmin())
        bins = np.stack([_binned(group, self._edges) / len(group) for group in groups])
        return Comparison(
            of=self._known.of,
            films=self._films,
            shares=dict(zip(self._known.groups, mixes[best].tolist(), strict=True)),
            edges=self._edges.tolist(),
            run=(self._bins / self._films).tolist(),
            known=(mixes[best] @ bins).tolist(),
            distance=float(apart[best]),
            limit=float(limits[best]),
        )


def _below(rising: Odds, points: Odds) -> NDArray[np.int64]:
    """How many lie below each point, and how many not above it, (2, points)."""
    return np.stack([np.searchsorted(rising, points, side) for side in ("left", "right")])


def _binned(rising: Odds, edges: Odds) -> NDArray[np.int64]:
    return np.bincount(np.searchsorted(edges, rising, "right"), minlength=BINS)


def _mixes(groups: int) -> Odds:
    """All shares of so many groups that make a whole, a row each."""
    counts = (each for each in product(range(_STEPS + 1), repeat=groups) if sum(each) == _STEPS)
    return np.array(list(counts)) / _STEPS
