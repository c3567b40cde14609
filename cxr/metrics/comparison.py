"""Two models on the same films: differences with their intervals, and where they disagree."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import DataError
from . import evidence
from .bootstrap import RESAMPLES, Estimate, interval


@dataclass(frozen=True)
class McNemar:
    """The exact test of whether two models are wrong equally often.

    Attributes
    ----------
    only_first, only_second : int
        Films that only the one model called right.
    p : float
        Two-sided, of a fair coin giving so uneven a split (McNemar 1947; exact binomial form).
        Films count singly, so several films of a patient make it too small.
    """

    only_first: int
    only_second: int
    p: float


@dataclass(frozen=True)
class PairedDifference(Estimate):
    """A figure of two models: `first` minus `second`."""

    first: float
    second: float


def mcnemar(first_right: NDArray[np.bool_], second_right: NDArray[np.bool_]) -> McNemar:
    """Compare two models film by film, bool (n,) each."""
    from scipy.stats import binomtest

    first = int((first_right & ~second_right).sum())
    second = int((second_right & ~first_right).sum())
    p = float(binomtest(first, first + second).pvalue) if first + second else 1.0
    return McNemar(first, second, p)


def paired(
    first_labels: tuple[str, ...],
    first: pd.DataFrame,
    second_labels: tuple[str, ...],
    second: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The films that both tables hold, in the order of the first.

    Parameters
    ----------
    first_labels, second_labels : tuple of str
    first, second : DataFrame
        Of :func:`cxr.metrics.predictions.table`.

    Raises
    ------
    DataError
        ``other_labels`` if the models' classes differ or a film has two labels, ``other_films`` if
        they share no film.
    """
    places = pd.Index(second.image).get_indexer(pd.Index(first.image))
    shared = places >= 0
    one, two = first[shared], second.iloc[places[shared]]
    truths = (rows.label.astype(str).to_numpy() for rows in (one, two))
    if first_labels != second_labels or (next(truths) != next(truths)).any():
        raise DataError(
            "other_labels",
            "These models were measured with different labels, so they cannot be compared. "
            "Evaluate both on one manifest.",
        )
    if not shared.any():
        raise DataError(
            "other_films",
            "These models were not measured on the same films, so they cannot be compared. "
            "Evaluate both on one manifest.",
        )
    return one.reset_index(drop=True), two.reset_index(drop=True)


def differences(
    first: pd.DataFrame,
    second: pd.DataFrame,
    labels: tuple[str, ...],
    resamples: int = RESAMPLES,
) -> dict[evidence.Name, PairedDifference]:
    """Every figure of both models, and first minus second.

    Parameters
    ----------
    first, second : DataFrame
        As :func:`paired` gives them.
    labels : tuple of str
        Of both models.
    resamples : int
        The same patients are drawn for both; 0: no intervals.

    """
    one, two = (evidence.arrays(rows, labels) for rows in (first, second))
    two = replace(two, patients=one.patients)  # numbered alike, so that both draw the same
    values = [evidence.values(each, labels) for each in (one, two)]
    spread = [evidence.resampled(x, labels, resamples) if resamples else {} for x in (one, two)]
    out = {}
    for name in values[0]:
        low, high = np.nan, np.nan
        if resamples and all(evidence.enough(each, labels, *name) for each in (one, two)):
            low, high = interval(spread[0][name] - spread[1][name])
        mine, theirs = (float(each[name]) for each in values)
        out[name] = PairedDifference(mine - theirs, float(low), float(high), mine, theirs)
    return out


def disagreements(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Films that the two models call differently.

    Returns
    -------
    DataFrame: ``case``, ``split``, ``source``, ``label``, ``first`` and ``second`` (what each
    calls it), ``who`` ("first", "second" or "neither" is right), ``display``, ``image``, and
    ``distance``: how far the probabilities are apart (total variation, 0 to 1), the farthest first.
    """
    labels = list(first.label.cat.categories)
    p, q = (rows[[f"p_{label}" for label in labels]].to_numpy() for rows in (first, second))
    differ = first.called.astype(str).to_numpy() != second.called.astype(str).to_numpy()
    found = pd.DataFrame(
        {
            **{
                name: first[name]
                for name in ("case", "image", "split", "source", "label", "display")
            },
            "first": first.called.astype(str),
            "second": second.called.astype(str),
            "distance": np.abs(p - q).sum(1) / 2,
        }
    )[differ]
    truth = found.label.astype(str)
    found["who"] = np.where(
        found["first"] == truth, "first", np.where(found["second"] == truth, "second", "neither")
    )
    ordered: pd.DataFrame = found.sort_values("distance", ascending=False, kind="stable")
    return ordered.reset_index(drop=True)
