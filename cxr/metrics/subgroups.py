"""Where a model is weak: the same figures for every part of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from math import isnan

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import Cancelled
from . import evidence
from .bootstrap import RESAMPLES
from .predictions import UNKNOWN, flag_names, patients_known

DIMENSIONS = ("source", "view", "age_group", "sex", "flag", "passport", "recommended")
_FLAGS = {"flag": "flags", "passport": "passport"}
SMALL = 30
"""Below so many films a subgroup's figures say little."""


def parts(rows: pd.DataFrame, dimension: str) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Name and films, bool (n,), of each subgroup that holds a film. "unknown" is a subgroup of its
    own; films with several flags are in several, those with none in "none"."""
    if dimension in _FLAGS:
        column = _FLAGS[dimension]
        unflagged = (rows[column] == "").to_numpy()
        unknown = (rows[column] == UNKNOWN).to_numpy()
        named = [*flag_names(rows, column).items(), ("none", unflagged), ("unknown", unknown)]
    else:
        values = rows[dimension]
        named = [(name, (values == name).to_numpy()) for name in values.cat.categories]
        if dimension == "recommended":
            named = [({"0": "no", "1": "yes"}.get(name, name), films) for name, films in named]
    return ((str(name), films) for name, films in named if films.any())


@dataclass(frozen=True)
class Subgroup:
    """Part of a table and all its figures.

    Attributes
    ----------
    by, name : str
        One of :data:`DIMENSIONS`, and what it is there.
    films : int
    patients : int or None
        None where no film's patient is known.
    figures : dict
        See :func:`cxr.metrics.evidence.figures`.
    """

    by: str
    name: str
    films: int
    patients: int | None
    figures: dict[evidence.Name, evidence.Figure]


def all_subgroups(
    rows: pd.DataFrame,
    labels: tuple[str, ...],
    dimensions: tuple[str, ...] = DIMENSIONS,
    resamples: int = RESAMPLES,
    progress: Callable[[float], bool] | None = None,
) -> list[Subgroup]:
    """Every figure of every subgroup.

    Parameters
    ----------
    rows : DataFrame
        Of :func:`cxr.metrics.predictions.table`, of one split: nothing here pools or parts splits.
    labels : tuple of str
    dimensions : tuple of str
        Some of :data:`DIMENSIONS`.
    resamples : int
        Of each subgroup's own patients; none where the whole table is too large for them.
    progress : callable, optional
        Given the share done, 0 to 1, after each subgroup; answers False to stop.

    Raises
    ------
    Cancelled
        When `progress` answers False.
    """
    resamples = min(resamples, evidence.affordable(rows))
    wanted = [(by, name, films) for by in dimensions for name, films in parts(rows, by)]
    total = sum(int(films.sum()) for _, _, films in wanted)
    found, done = [], 0
    for by, name, films in wanted:
        figures = evidence.figures(rows[films], labels, resamples)
        whole = figures["accuracy", ""]
        patients = whole.patients if patients_known(rows[films]) else None
        found.append(Subgroup(by, name, whole.films, patients, figures))
        done += whole.films
        if progress is not None and not progress(done / total):
            raise Cancelled
    return found


def worst_first(subgroups: list[Subgroup], name: evidence.Name) -> list[Subgroup]:
    """The subgroups by one figure, the worst on top; those under 30 films below the rest, those
    that don't have the figure last."""

    def rank(each: Subgroup) -> tuple[bool, bool, float]:
        value = each.figures[name].value
        return isnan(value), each.figures[name].films < SMALL, value

    return sorted(subgroups, key=rank)


def frame(subgroups: list[Subgroup]) -> pd.DataFrame:
    """One row a figure: ``by``, ``subgroup`` (the subgroup's name), ``subgroup_films``,
    ``subgroup_patients``, ``figure``, ``label``, ``value``, ``low``, ``high``, ``films``,
    ``patients``; no patients where no film's is known."""
    found = pd.DataFrame(
        {
            "by": each.by,
            "subgroup": each.name,
            "subgroup_films": each.films,
            "subgroup_patients": each.patients,
            "figure": figure,
            "label": label,
            **asdict(found),
            "patients": None if each.patients is None else found.patients,
        }
        for each in subgroups
        for (figure, label), found in each.figures.items()
    )
    return found.astype({"subgroup_patients": "Int64", "patients": "Int64"})
