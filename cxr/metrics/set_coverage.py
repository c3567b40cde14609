"""Whether sets of classes keep their promise: conformal limits, measured on any films."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..model.decision import coverage
from . import evidence
from .bootstrap import RESAMPLES, Estimate, count_patients, draw, estimate, sums


@dataclass(frozen=True)
class ClassCoverage(Estimate):
    """How many films of a class have it in their set, with its 95 % interval.

    Attributes
    ----------
    source : str
        "" for all sources together.
    label : str
    films : int
    promised : float
        The share that the limits were fitted for.
    size : float
        Mean number of classes in a set.
    empty : float
        Share of films whose set holds none.
    """

    source: str
    label: str
    films: int
    promised: float
    size: float
    empty: float

    @property
    def broken(self) -> bool:
        """Whether the share is surely below what was promised; False without an interval."""
        return self.high < self.promised


def kept(
    rows: pd.DataFrame,
    labels: tuple[str, ...],
    limits: Mapping[str, float],
    promised: float,
    resamples: int = RESAMPLES,
) -> list[ClassCoverage]:
    """Coverage of each class, then of each class in each source where there are several.

    Parameters
    ----------
    rows : DataFrame
        Of :func:`cxr.metrics.predictions.table`.
    labels : tuple of str
    limits : mapping
        Label → how low its probability may be, as :attr:`cxr.model.bundle.Bundle.conformal` has
        them.
    promised : float
    resamples : int
        0: no intervals; there is none either for films of one patient.
    """
    found = evidence.arrays(rows, labels)
    least = np.array([limits[label] for label in labels])
    out = []
    for source, films in _sources(rows).items():
        for k, label in enumerate(labels):
            if (chosen := films & (found.truth == k)).any():
                p, truth = found.p[chosen], found.truth[chosen]
                share = coverage(p, truth, least)
                spread = _spread(p[:, k] >= least[k], found.patients[chosen], resamples)
                each = estimate(share["covered"], spread)
                out.append(
                    ClassCoverage(
                        each.value,
                        each.low,
                        each.high,
                        source,
                        label,
                        len(truth),
                        promised,
                        share["size"],
                        share["empty"],
                    )
                )
    return out


def _sources(rows: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    names = sorted(rows.source.unique())
    apart = {str(name): (rows.source == name).to_numpy() for name in names}
    return {"": np.ones(len(rows), bool), **(apart if len(apart) > 1 else {})}


def _spread(
    inside: NDArray[np.bool_], patients: NDArray[np.integer], resamples: int
) -> NDArray[np.float64]:
    """The share in each resample of these patients, float64 (resamples,)."""
    if not resamples or count_patients(patients, np.ones(len(patients), bool)) < 2:
        return np.empty(0)
    index = np.unique(patients, return_inverse=True)[1]
    counted = sums(draw(index, resamples), index, np.stack([inside, np.ones(len(inside))], 1))
    return counted[:, 0] / counted[:, 1]
