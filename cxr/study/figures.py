"""What readers achieved without the model's call and with it, and whether they followed it where
it was wrong.

Only films that a reader has read both ways count. Intervals are over films, all readers' answers
to one film drawn together, and over readers too where there are several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..metrics import bootstrap, confusion, curves
from ..metrics.bootstrap import Estimate
from .answers import STAGES, Answer

RESAMPLES = 1000
Ints = NDArray[np.integer]


@dataclass(frozen=True)
class PairedReads:
    """One reader's two answers to one film."""

    alone: Answer
    aided: Answer


@dataclass(frozen=True)
class Compared:
    """A figure without advice, with it, and the difference (with minus without)."""

    alone: Estimate
    aided: Estimate
    gain: Estimate


@dataclass(frozen=True)
class Reliance:
    """What became of some films' advice.

    Attributes
    ----------
    films : int
        Readings: films times readers.
    followed : int
        Ended with the advice.
    turned : int
        Of these, had said otherwise alone.
    share : Estimate
        ``followed / films``.
    """

    films: int
    followed: int
    turned: int
    share: Estimate


def pairs(answers: Sequence[Answer]) -> list[PairedReads]:
    """Films that a reader has read both ways, in the order they were finished."""
    alone = {(a.reader, a.film): a for a in answers if a.stage == STAGES[0]}
    return [PairedReads(alone[a.reader, a.film], a) for a in answers if a.stage == STAGES[1]]


def compare(read: Sequence[PairedReads], labels: Sequence[str]) -> dict[tuple[str, str], Compared]:
    """Sensitivity, specificity and AUC of each label.

    Parameters
    ----------
    read : sequence of PairedReads
        Of one study, one or more.
    labels : sequence of str

    Returns
    -------
    dict of (figure, label) to Compared
        ``sensitivity`` and ``specificity`` over all readings; ``auc`` the mean over readers of the
        area under the curve of their confidence, 1 to 5, negative where they said another label.
        NaN where the films or the readings don't have it; no interval below two films of a kind,
        and none where resamples are all alike.
    """
    truth = np.array([labels.index(p.alone.truth) for p in read])
    drawn = _ResampledReads(read)
    rates, areas = {}, {}
    for stage in STAGES:
        said = [getattr(p, stage) for p in read]
        called = np.array([labels.index(a.read) for a in said])
        sure = np.array([a.confidence for a in said], np.float64)
        weights = np.concatenate([np.ones((1, len(read))), drawn.readings()])
        rates[stage] = confusion.per_class(truth, called, len(labels), weights)
        areas[stage] = [
            drawn.mean_area(np.where(called == k, sure, -sure), truth == k)
            for k in range(len(labels))
        ]
    found = {}
    for k, label in enumerate(labels):
        of_kind, others = (len(np.unique(drawn.film[side])) for side in (truth == k, truth != k))
        for figure, name, kinds in (
            ("sensitivity", "recall", [of_kind]),
            ("specificity", "specificity", [others]),
            ("auc", "", [of_kind, others]),
        ):
            values = [rates[s][name][:, k] if name else areas[s][k] for s in STAGES]
            found[figure, label] = _compared(values[0], values[1], min(kinds) > 1)
    return found


def reliance(read: Sequence[PairedReads], seeded: bool) -> Reliance:
    """Of films whose advice was made wrong on purpose, or of those where the model itself was
    wrong."""
    here = np.array([p.aided.seeded is seeded and p.aided.advice != p.aided.truth for p in read])
    followed = here & np.array([p.aided.read == p.aided.advice for p in read], bool)
    turned = followed & np.array([p.alone.read != p.alone.advice for p in read], bool)
    drawn = _ResampledReads(read)
    weights = np.concatenate([np.ones((1, len(read))), drawn.readings()])
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = (weights @ followed) / (weights @ here)
    varies = len(np.unique(drawn.film[here.astype(bool)])) > 1
    share = _estimate(shares, varies)
    return Reliance(int(here.sum()), int(followed.sum()), int(turned.sum()), share)


class _ResampledReads:
    """Films, and readers where there are several, drawn with replacement."""

    def __init__(self, read: Sequence[PairedReads]) -> None:
        self.film = _numbered([p.alone.film for p in read])
        self.reader = _numbered([p.alone.reader for p in read])
        self.films = bootstrap.draw(self.film, RESAMPLES)
        self.readers = bootstrap.draw(self.reader, RESAMPLES, seed=1)
        if self.readers.shape[1] < 2:
            self.readers[:] = 1

    def readings(self) -> NDArray[np.float64]:
        """How often each reading counts in each resample, float64 (resamples, n)."""
        return self.films[:, self.film].astype(np.float64) * self.readers[:, self.reader]

    def mean_area(self, score: NDArray[Any], positive: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Mean over readers of the area under the curve: of all films first, then of each
        resample, float64 (1 + resamples,)."""
        areas = []
        for reader in range(self.readers.shape[1]):
            own = self.reader == reader
            whole = curves.auroc(curves.count(score[own], positive[own]))
            each = curves.resample(score[own], positive[own], self.film[own], self.films)
            areas.append(np.concatenate([[whole], each.auroc]))
        counts = np.concatenate([np.ones((1, len(areas))), self.readers]).T
        there = ~np.isnan(areas)
        with np.errstate(invalid="ignore", divide="ignore"):
            total = (np.where(there, areas, 0) * counts).sum(0)
            mean: NDArray[np.float64] = total / (there * counts).sum(0)
            return mean


def _numbered(names: Sequence[str]) -> Ints:
    return np.unique(np.asarray(names, str), return_inverse=True)[1]


def _compared(alone: NDArray[Any], aided: NDArray[Any], varies: bool) -> Compared:
    return Compared(*(_estimate(values, varies) for values in (alone, aided, aided - alone)))


def _estimate(values: NDArray[Any], varies: bool) -> Estimate:
    """Of a value for all films and then for each resample. Where the resamples are all alike there
    is no interval: three films of three say little, and 1 to 1 would say all."""
    each = values[1:]
    alike = np.isnan(each).all() or np.nanmin(each) == np.nanmax(each)
    return bootstrap.estimate(values[0], each if varies and not alike else each[:0])
