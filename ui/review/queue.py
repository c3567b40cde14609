"""The sidebar: which cases, in what order, blind or not, and where the films are."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace

import pandas as pd
import streamlit as st

from cxr.errors import CxrError
from cxr.model.bundle import Bundle
from cxr.model.classifier import Classifier
from cxr.review import queue as order
from cxr.review.entries import Entry, consensus, standing, tidy
from cxr.review.queue import SAID, SHOWN, SORTS, TELLING, Queue, QueueFilter, narrowed
from cxr.screening.own_films import OWN
from ui.base.formatting import WAY_OUT, flag, meaning, plain, site
from ui.review import address, reader, source
from ui.session import studies, tables

SPLITS = {
    OWN: "Own: films of this folder",
    "test": "Test: hospitals it knows",
    "external": "External: hospitals it doesn’t know",
    "val": "Val: films it was tuned on",
    "train": "Train: films it learnt from",
}
_SHOWN = {
    "errors": "Called wrong",
    "mixed": "Wrong calls, as many right ones mixed in",
    "all": "All cases",
}
_SAID = {
    "": "All",
    "open": "Not judged by me",
    "nobody": "Judged by nobody",
    "disputed": "Readers disagree, no consensus",
    "settled": "Consensus kept",
}
_SORTS = {"margin": "Surest call first", "source": "Source", "loss": "Least expected label first"}
_PATH, _REFUSED = "folder-path", "folder-refused"
_FIRST = "T called N first, then N called T, then other errors."


@dataclass(frozen=True)
class QueuePosition:
    """Where the reader is.

    Attributes
    ----------
    wanted : QueueFilter
    queue : Queue
    at : int or None
        Place of the case in the queue; None for one that the address named alone.
    row : Series or None
        The case; None where there is none. One of a reader study under way is in no queue.
    mine : dict of case to Entry
        This reader's standing verdicts under this model.
    whole : int
        Cases of the queue before it was narrowed by who has judged them.
    """

    wanted: QueueFilter
    queue: Queue
    at: int | None
    row: pd.Series | None
    mine: dict[str, Entry]
    whole: int

    def neighbour(self, by: int) -> str:
        """The case `by` places on; "" past the ends."""
        if self.at is None:
            return str(self.queue.rows.case.iloc[0]) if len(self.queue.rows) else ""
        there = self.at + by
        inside = 0 <= there < len(self.queue.rows)
        return str(self.queue.rows.case.iloc[there]) if inside else ""

    def entry(self, model: Classifier, key: str) -> Entry:
        """The case as a row of this reader's that says nothing yet."""
        assert self.row is not None
        row, site = self.row, model.site
        return Entry(
            key,
            "verdict",
            reader.name(),
            str(row.case),
            str(row.image),
            model.bundle.digest,
            label=str(row.label),
            called=str(row.called),
            hospital=tidy(site.name) if site else "",
            profile=site.identity if site else "",
        )


def find(table: pd.DataFrame, bundle: Bundle, rows: list[Entry], key: Hashable) -> QueuePosition:
    """What the address asks for; without a case, the first that this reader hasn't judged. `key`
    is what the table hangs on."""
    wanted = address.wanted(table, bundle.labels)
    name, judged = reader.name(), standing(rows)
    free = studies.telling(table)
    whole = found = _queue((key, studies.cases()), replace(wanted, said=""), bundle.labels, free)
    if wanted.said in TELLING:
        told = reader.sight()(rows)
        found = narrowed(found, wanted.said, standing(told), name, consensus(told))
    elif wanted.said:
        found = narrowed(found, wanted.said, judged, name)
    mine = {case: entry for (case, who), entry in judged.items() if who == name}
    done = found.rows.case.isin(mine.keys())
    first = found.rows.case[~done] if not done.all() else found.rows.case
    case = address.case(found, table, str(first.iloc[0]) if len(first) else "")
    at = found.position(case)
    row = found.rows.iloc[at] if at is not None else None
    if row is None and case:
        row = table[table.case == case].iloc[0]
    return QueuePosition(wanted, found, at, row, mine, len(whole.rows))


# Of a million rows the order takes about a second; it is the same for every session.
@st.cache_resource(max_entries=16, show_spinner=False)
def _queue(
    key: Hashable, wanted: QueueFilter, labels: tuple[str, ...], _table: pd.DataFrame
) -> Queue:
    return order.queue(_table, labels, wanted)


def splits(there: list[str], chosen: str) -> None:
    """Which films: the folder's own, or a split of the model's table."""
    st.subheader("Cases", anchor=False)
    _choose("split", "Split", there, chosen, lambda s: SPLITS[s])


def filters(table: pd.DataFrame, bundle: Bundle, wanted: QueueFilter) -> None:
    """One control for each other part of the address."""
    labels = ("", *bundle.labels)
    groups = {"N", "T"} <= set(bundle.labels)

    def said(label: str) -> str:
        means = meaning(label, bundle.labels) if label else ""
        return f"{label} · {means}" if means else label or "Any"

    if waits := len(table) - len(studies.telling(table)):
        st.caption(studies.left_out(waits))
    names = ("", *address.sources(table, wanted.split))
    _choose("source", "Source", names, wanted.source, lambda s: site(s) if s else "All")
    _choose("shown", "Which", SHOWN, wanted.shown, lambda name: _SHOWN[name])
    told = [name for name in SAID if name not in TELLING or not wanted.blind]
    _choose("said", "Judged", ("", *told), wanted.said, lambda name: _SAID[name])
    if wanted.blind:
        st.caption("Other filters and the order are put aside while blind, and come back after.")
    else:
        _choose("truth", "Labelled", labels, wanted.truth, said)
        _choose("called", "Called", labels, wanted.called, said)
        if flags := address.flags_of(table):
            _choose("passport", "Input passport", ("", *flags), wanted.passport, _flag)
        if groups:
            _choose("sort", "Order", SORTS, wanted.sort, lambda name: _SORTS[name], help=_FIRST)
        else:
            st.caption("In order of loss: this model’s labels are not N and T.")
    st.session_state["queue-blind"] = wanted.blind
    st.toggle(
        "Read blind first",
        key="queue-blind",
        on_change=_blind_changed,
        help="Label, scores, maps and neighbours come only after your own read, and cases come "
        "in an order that tells nothing.",
    )


def _flag(code: str) -> str:
    return flag(code) if code else "Any"


def where(place: QueuePosition) -> str:
    """Such as "3 of 124 · case 3fa2… · 12 passed over, may not be shown (display is not 1)"."""
    total = len(place.queue.rows)
    here = "Not in this queue" if place.at is None else f"{place.at + 1} of {total:,}"
    if place.row is None:
        here = "No case"
    parts = [here]
    if place.row is not None:
        parts.append(f"case {place.row.case}")
    done = int(place.queue.rows.case.isin(place.mine.keys()).sum())
    if done:
        parts.append(f"{done:,} judged by you")
    if place.queue.hidden:
        parts.append(f"{place.queue.hidden:,} passed over, may not be shown (display is not 1)")
    return " · ".join(parts)


def nothing(place: QueuePosition) -> str:
    """Why the queue is empty."""
    if place.wanted.said == "open" and place.whole:
        return "You have judged every case of this queue. Choose another in the sidebar."
    if place.queue.hidden:
        return (
            f"All {place.queue.hidden:,} cases of this queue are films that may not be shown. "
            f"Choose another in the sidebar. {WAY_OUT}"
        )
    return "No case of this model is like that. Choose another queue in the sidebar."


def _choose(
    name: str,
    label: str,
    options: Sequence[str],
    value: str,
    said: Callable[[str], str],
    help: str | None = None,
) -> None:
    key = f"queue-{name}"
    st.session_state[key] = value
    st.selectbox(
        label,
        options,
        key=key,
        format_func=said,
        on_change=lambda: address.change(name, st.session_state[key]),
        help=help,
    )


def _blind_changed() -> None:
    address.blind(st.session_state["queue-blind"])


def films(bundle: Bundle, own: str) -> None:
    """Where the films are, and how to name another folder; `own` is said of films of one's own."""
    st.subheader("Films", anchor=False)
    found = source.folder()
    if own:
        st.caption(own)
    elif found is not None:
        st.caption(f"{len(found.rows):,} films listed in the data folder.")
        if why := source.wrong(found, tables.key_of(bundle.folder)):
            st.warning(why)
    elif source.folder_named():
        st.caption("The data folder that was named has no manifest that can be read.")
    with st.expander("Another folder"), st.form("folder", border=False):
        st.text_input(
            "Path on the server",
            key=_PATH,
            help="A folder that holds manifest.csv and the films it lists. Empty: the server’s "
            "own, which CXR_DATA names.",
        )
        st.form_submit_button("Use this folder", on_click=_use_folder)
        if refusal := st.session_state.get(_REFUSED):
            st.error(plain(refusal))


def _use_folder() -> None:
    """Before the page is drawn: a press is not lost where the page was still being drawn."""
    try:
        source.name_folder(st.session_state[_PATH].strip())
        st.session_state.pop(_REFUSED, None)
    except CxrError as refusal:
        st.session_state[_REFUSED] = str(refusal)
