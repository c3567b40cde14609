"""Below the case: the queue as a list, how far readers agree, verdicts out and in, new labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from hashlib import sha256
from math import isnan

import pandas as pd
import streamlit as st

from cxr.errors import CxrError
from cxr.manifest import case_of
from cxr.review import agreement, exchange
from cxr.review.agreement import ReaderPair
from cxr.review.entries import Entry, consensus, settled, standing
from cxr.review.relabel import LabelChange, Relabelled, relabel
from cxr.review.store import ReviewStore
from ui.base.formatting import flags, plain, site
from ui.review import address, history, reader, source
from ui.review.queue import QueuePosition
from ui.review.saving import VERDICTS
from ui.server import access
from ui.session import record, studies

_FEW = 30
_LISTED = 500
_ABOUT = "review_taken_in"
_WAY = {
    True: "Its films are under “Split” in the sidebar.",
    False: "Its films are shown here once the model has scored them: python -m train learnt "
    "--data DIR --out models/NAME.",
}
"""How train is reviewed, where its films are there and where they aren't."""


def show(place: QueuePosition, store: ReviewStore, rows: list[Entry], train: bool) -> None:
    """One section at a time; none until it is asked for.

    Parameters
    ----------
    train : bool
        Whether the films that the model learnt from are there to be reviewed.
    """
    sections: dict[str, Callable[[], None]] = {
        "Queue": lambda: _queue(place, rows),
        "Agreement": lambda: _agreement(rows),
        "Verdicts out and in": lambda: _exchange(store),
    }
    if not place.wanted.blind:  # it names the labels of cases that are yet to be read
        sections["Corrected labels"] = lambda: _relabel(store, train)
    with st.container(key="review-records"):
        chosen = st.segmented_control(
            "More",
            list(sections),
            key="review-section",
            label_visibility="collapsed",
            persist_state="session",
        )
        if chosen:
            sections[chosen]()


def _queue(place: QueuePosition, said: list[Entry]) -> None:
    rows = place.queue.rows
    votes = agreement.votes(standing(said))
    agreed = consensus(said)
    start = max(0, (place.at or 0) - _LISTED // 2)
    part = rows.iloc[start : start + _LISTED]
    mine = [place.mine.get(case) for case in part.case]
    telling = {
        "labelled": part.label.astype(str),
        "called": part.called.astype(str),
        "margin": part.margin.round(2),
        "source": part.source.astype(str).map(site),
        "passport": part.passport.astype(str).map(flags),
    }
    listed = pd.DataFrame(
        {
            "case": part.case,
            **({} if place.wanted.blind else telling),
            "my verdict": [VERDICTS[entry.verdict] if entry else "" for entry in mine],
            "all readers": [  # of the others only once one's own is given
                history.told(votes[case]) if entry else ""
                for case, entry in zip(part.case, mine, strict=True)
            ],
            "consensus": [
                history.agreed(agreed[case]) if entry and case in agreed else ""
                for case, entry in zip(part.case, mine, strict=True)
            ],
        }
    ).set_index(pd.RangeIndex(start + 1, start + 1 + len(part)))
    picked = st.dataframe(
        listed,
        key=f"review-list-{start}",
        on_select="rerun",
        selection_mode="single-row",
        height=320,
    )
    if len(rows) > len(part):
        st.caption(f"{len(part):,} of {len(rows):,} cases, round the one that is shown.")
    chosen = picked.selection.rows  # it outlives the cases that it was chosen from
    if chosen and chosen[0] < len(part):
        case = str(part.case.iloc[chosen[0]])
        st.button(f"Open case {case}", key="review-open", on_click=address.go, args=(case,))


def _agreement(rows: list[Entry]) -> None:
    verdicts = agreement.verdicts(standing(rows))
    reads = agreement.reads(standing(rows, "blind"))
    st.markdown("**Verdicts under this model**")
    _agreement_of(verdicts)
    agreed = consensus(rows)
    if agreed:
        together = {case: entry.verdict for case, entry in agreed.items()}
        st.write(f"Consensus on {_count(len(agreed), 'case')}; each reader beside it:")
        _pairs(agreement.with_consensus(verdicts, together))
    st.markdown("**Blind reads under this model**")
    _agreement_of(reads)
    st.caption(
        "Kappa: agreement beyond chance, 1 whole, 0 none. Only cases that two or more readers "
        "have judged count; – is undefined. "
        "Fleiss’ kappa is over all readers, Cohen’s over each two."
    )


def _agreement_of(answers: dict[tuple[str, str], str]) -> None:
    found = agreement.agreement(answers)
    if not found.cases:
        st.caption("No case has been judged by two readers yet.")
        return
    few = f" Under {_FEW} cases: read it with care." if found.cases < _FEW else ""
    st.write(
        f"Fleiss’ kappa {_kappa(found.kappa)} · {_count(found.cases, 'shared case')}, "
        f"{found.readers} readers.{few}"
    )
    _pairs(found.pairs)


def _pairs(pairs: tuple[ReaderPair, ...]) -> None:
    table = pd.DataFrame(
        [(p.first, p.second, p.cases, f"{p.observed:.0%}", _kappa(p.kappa)) for p in pairs],
        columns=["reader", "and reader", "cases", "same answer", "Cohen’s kappa"],
    )
    st.dataframe(table, hide_index=True, height="content" if len(table) < 12 else 400)


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _kappa(value: float) -> str:
    return "–" if isnan(value) else f"{value:.2f}".replace("-", "−")


def _exchange(store: ReviewStore) -> None:
    told, held = reader.sight(), studies.cases()  # a download is made outside the session
    every = told(source.kept(store))
    rows = _telling(every, held)
    whose = " of all readers and models"
    if not reader.sees_all():
        whose = ": your own, and all of the cases that you have judged"
    st.write(f"{_count(len(every), 'row')}{whose}. The history is kept whole.")
    if waits := len({row.case for row in every}) - len({row.case for row in rows}):
        st.caption(studies.left_out(waits))
    tell = record.exporter()

    def written(write: Callable[[list[Entry], str], bytes]) -> bytes:
        leaving = _telling(told(store.entries()), held)
        data = write(leaving, record.head())
        tell("verdicts", {"rows": len(leaving), "sha256": sha256(data).hexdigest()})
        return data

    with st.container(horizontal=True):
        st.download_button(
            "Verdicts (CSV)",
            lambda: written(exchange.to_csv),
            "verdicts.csv",
            "text/csv",
            key="verdicts-csv",
            on_click="ignore",
        )
        st.download_button(
            "Verdicts (JSON)",
            lambda: written(exchange.to_json),
            "verdicts.json",
            "application/json",
            key="verdicts-json",
            on_click="ignore",
        )
    if not access.asks() or access.may("admin"):  # a row's reader is whoever its file names
        _take_in(store)


def _take_in(store: ReviewStore) -> None:
    with st.form("review-import", border=False, clear_on_submit=True):
        given = st.file_uploader(
            "Verdicts of another database, as exported",
            ["csv", "json"],
            key="review-file",
            help="Rows that are here already are passed over; one wrong row and none is taken in.",
        )
        sent = st.form_submit_button("Take in")
    if sent and given is not None:
        try:
            data = given.getvalue()
            taken = exchange.from_file(data)
            new = store.take_in(taken)
            record.taken_in(data, len(taken), new)
            st.session_state[_ABOUT] = (
                f"{_count(new, 'new row')}; {len(taken) - new:,} here already."
            )
            st.rerun()
        except CxrError as refusal:
            st.error(plain(str(refusal)))
    if told := st.session_state.pop(_ABOUT, ""):
        st.success(told)


def _telling(rows: list[Entry], held: Collection[str]) -> list[Entry]:
    """Those that say nothing of a case of a reader study under way."""
    return [row for row in rows if row.case not in held]


def _relabel(store: ReviewStore, train: bool) -> None:
    folder = source.folder()
    if folder is None:
        st.caption("The manifest is read from the data folder: name it in the sidebar.")
        return
    if waits := len(studies.cases().intersection(map(case_of, folder.rows))):
        st.info(f"The manifest holds every film’s label. {studies.left_out(waits)}")
        return
    said = settled(reader.sight()(source.kept(store)))
    try:
        found = relabel(folder.manifest(), said)
    except CxrError as refusal:
        st.error(plain(str(refusal)))
        return
    alone = sum(len(change.readers) == 1 for change in found.changes)
    st.write(
        f"{_count(len(found.changes), 'label')} corrected"
        f"{f' ({alone:,} of them by one reader alone)' if alone else ''}, "
        f"{len(found.open):,} doubted but left as it is. The data folder itself is never altered."
    )
    splits = Counter(change.split for change in found.changes)
    for split, (right, wrong) in sorted(found.judged.items()):
        st.caption(
            plain(
                f"{split or 'no split'}: {splits[split]:,} corrected, "
                f"{_count(right + wrong, 'film')} judged, {right:,} of them called right"
            )
        )
    if flattered := [
        split for split in sorted(splits) if split != "train" and found.judged_mostly_wrong(split)
    ]:
        st.warning(
            f"Most of the films of {plain(' and '.join(flattered))} that were judged were called "
            "wrong. A test set whose labels are put right mostly where the model was wrong raises "
            "every figure of that model. Review as many calls that were right (“Which” in the "
            f"sidebar mixes them in), or correct train alone. {_WAY[train]}"
        )
    if "train" in splits:
        whole = st.toggle("Correct the other splits too", key="relabel-all")
        if not whole:
            found = relabel(folder.manifest(), said, "train")
    _changes(found)
    st.download_button(
        "manifest.csv with corrected labels",
        found.manifest,
        "manifest.csv",
        "text/csv",
        key="relabelled",
        on_click="ignore",
        disabled=not found.changes,
    )


def _by(change: LabelChange) -> str:
    if change.consensus:
        return f"a consensus of {len(change.readers)}"
    return "by one reader" if len(change.readers) == 1 else f"by {len(change.readers)} readers"


def _changes(found: Relabelled) -> None:
    if found.changes:
        rows = [
            (c.image, c.before, c.after, _by(c), "; ".join(c.readers), c.time)
            for c in found.changes
        ]
        names = ["film", "label", "corrected", "stands behind it", "readers", "at"]
        st.dataframe(pd.DataFrame(rows, columns=names), hide_index=True)
    if found.open:
        doubts = [(d.image, d.label, d.why, "; ".join(d.said)) for d in found.open]
        names = ["film", "label", "why it stays", "said"]
        st.dataframe(pd.DataFrame(doubts, columns=names), hide_index=True)
