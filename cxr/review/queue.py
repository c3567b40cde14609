"""Which cases a reader works through, and in what order."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..metrics.predictions import flag_names
from .entries import Entry

SORTS = ("margin", "source", "loss")
SHOWN = ("errors", "mixed", "all")
SAID = ("open", "nobody", "disputed", "settled")
TELLING = ("disputed", "settled")
"""Of these, what tells a blind reader something of the case."""
FIRST = (("T", "N"), ("N", "T"))
"""(truth, called): the errors that come first."""


@dataclass(frozen=True)
class QueueFilter:
    """A queue, as an address gives it; "" is any.

    Attributes
    ----------
    split : str
        One, since splits are never pooled.
    source, truth, called : str
    sort : {"margin", "source", "loss"}
    shown : {"errors", "mixed", "all"}
        Called wrong only, these and as many that were called right, or every case.
    blind : bool
        Nothing of the model or the label orders or narrows the queue.
    passport : str
        A flag of the input passport.
    said : {"", "open", "nobody", "disputed", "settled"}
        All, those that a reader has not judged, that nobody has, of which readers say different
        things without a consensus, or that have one; see :func:`narrowed`.
    """

    split: str
    source: str = ""
    truth: str = ""
    called: str = ""
    sort: str = "margin"
    shown: str = "errors"
    blind: bool = False
    passport: str = ""
    said: str = ""


@dataclass(frozen=True)
class Queue:
    """Cases in order.

    Attributes
    ----------
    rows : DataFrame
        Of :func:`cxr.metrics.predictions.table`, its index kept.
    hidden : int
        Cases that would be here but may not be shown.
    """

    rows: pd.DataFrame
    hidden: int

    def position(self, case: str) -> int | None:
        """Where a case stands, from 0; None if it isn't here."""
        found = np.flatnonzero((self.rows.case == case).to_numpy())
        return int(found[0]) if len(found) else None


def queue(table: pd.DataFrame, labels: tuple[str, ...], wanted: QueueFilter) -> Queue:
    """T called N, then N called T, then other errors, then, if wanted, what was called right.

    Within each, `margin` puts the surest call first, `loss` the least expected label, `source`
    the sources by name and then the surest call. A model without both T and N has no such groups:
    its errors come by `loss` whatever is asked for. A blind queue comes in the order of the
    cases' own numbers, which tells nothing, as does a mixed one; the numbers also say which cases
    that were called right are mixed in.
    """
    keep = (table.split == wanted.split).to_numpy()
    if wanted.source:
        keep = keep & (table.source == wanted.source).to_numpy()
    if not wanted.blind:
        if wanted.truth:
            keep = keep & (table.label == wanted.truth).to_numpy()
        if wanted.called:
            keep = keep & (table.called == wanted.called).to_numpy()
        if wanted.passport:
            keep = keep & flag_names(table, "passport")[wanted.passport]
    asked_for_right = wanted.truth and wanted.truth == wanted.called and not wanted.blind
    shown = table.display.to_numpy(bool)
    if wanted.shown != "all" and not asked_for_right:
        wrong = (table.label.cat.codes != table.called.cat.codes).to_numpy()
        right = np.flatnonzero(keep & ~wrong & shown)
        keep = keep & wrong
        if wanted.shown == "mixed":
            by_number = np.argsort(table.case.to_numpy(str)[right])
            keep[right[by_number[: int((keep & shown).sum())]]] = True
    rows = table[keep & shown]
    return Queue(rows.iloc[_order(rows, labels, wanted)], int((keep & ~shown).sum()))


def narrowed(
    found: Queue,
    said: str,
    standing: Mapping[tuple[str, str], Entry],
    who: str,
    agreed: Collection[str] = (),
) -> Queue:
    """The cases of a queue by what readers have said of them.

    Parameters
    ----------
    said : str
        See :class:`QueueFilter`.
    standing : mapping
        See :func:`cxr.review.entries.standing`: of the model.
    who : str
        The reader whose own verdicts count for ``open``.
    agreed : collection of str
        Cases that have a consensus.
    """
    voices: dict[str, dict[str, tuple[str, str]]] = {}
    for (case, reader), entry in standing.items():
        voices.setdefault(case, {})[reader] = entry.verdict, entry.correction
    cases = found.rows.case
    if said == "open":
        kept = ~cases.isin([case for case, of in voices.items() if who in of])
    elif said == "nobody":
        kept = ~cases.isin(list(voices))
    elif said == "settled":
        kept = cases.isin(list(agreed))
    else:
        several = [case for case, of in voices.items() if len(set(of.values())) > 1]
        kept = cases.isin(several) & ~cases.isin(list(agreed))
    # What may not be shown has not been judged.
    return Queue(found.rows[kept], 0 if said in TELLING else found.hidden)


def _order(rows: pd.DataFrame, labels: tuple[str, ...], wanted: QueueFilter) -> NDArray[np.intp]:
    if wanted.blind or wanted.shown == "mixed":
        return np.argsort(rows.case.to_numpy(str), kind="stable")
    truth, called = rows.label.to_numpy(str), rows.called.to_numpy(str)
    group = np.where(truth == called, len(FIRST) + 1, len(FIRST))
    sort = wanted.sort
    if {"N", "T"} <= set(labels):
        for place, (is_truth, is_called) in enumerate(FIRST):
            group[(truth == is_truth) & (called == is_called)] = place
    else:
        sort = "loss"
    by = [-rows["loss" if sort == "loss" else "margin"].to_numpy(float), group]
    if sort == "source":
        by.insert(1, np.unique(rows.source.to_numpy(str), return_inverse=True)[1])
    return np.lexsort(by)
