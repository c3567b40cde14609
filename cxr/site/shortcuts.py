"""Whether two piles of a hospital's films differ by something other than disease."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..metrics import curves
from ..metrics.bootstrap import Estimate, draw, estimate, interval
from . import ridge
from .films import CRUDE, SiteFilm

STRENGTH = 0.01
LEAST_AREA = 0.6
"""A shortcut whose interval reaches below this tells the piles apart too little to speak of."""


@dataclass(frozen=True)
class Shortcut:
    """What a crude look at the films tells.

    Attributes
    ----------
    what : str
        One of :data:`cxr.site.films.CRUDE`.
    area : Estimate
        Its AUROC out of fold, of positive against negative.
    behind : Estimate
        The network's AUROC less that.
    trips : bool
        It tells the piles apart about as well as the network does.
    """

    what: str
    area: Estimate
    behind: Estimate
    trips: bool


def shortcuts(
    films: Sequence[SiteFilm],
    positive: NDArray[np.bool_],
    patients: NDArray[np.integer],
    network: NDArray[np.floating],
    seed: int = 0,
) -> list[Shortcut]:
    """Fit each crude look as the network's answer was made: in folds, by patient.

    One trips where its interval lies above :data:`LEAST_AREA` and the network is not ahead of it
    beyond doubt, or by less than .05.

    Parameters
    ----------
    films : sequence of SiteFilm
    positive : bool (n,)
    patients : int (n,)
    network : float (n,)
        The network's log-odds out of fold.
    """
    counts = draw(patients)
    area = curves.auroc(curves.count(network, positive))
    areas = curves.resample(network, positive, patients, counts).auroc
    found = []
    for column, what in enumerate(CRUDE):
        values = np.stack([film.crude[column] for film in films]).astype(np.float64)
        spread = values.std(0)
        values = (values - values.mean(0)) / np.where(spread > 0, spread, 1)
        values, _ = ridge.turned(values)
        answer = np.zeros(len(positive))
        for learn, held in ridge.folds(positive, patients, ridge.FOLDS, seed):
            answer[held] = ridge.fit(values[learn], positive[learn], STRENGTH)(values[held])
        crude = curves.auroc(curves.count(answer, positive))
        spread_of = curves.resample(answer, positive, patients, counts).auroc
        low, high = interval(areas - spread_of)
        there = estimate(crude, spread_of)
        trips = there.low > LEAST_AREA and (low <= 0 or area - crude < 0.05)
        found.append(
            Shortcut(what, there, Estimate(area - crude, float(low), float(high)), bool(trips))
        )
    return found
