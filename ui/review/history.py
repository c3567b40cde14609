"""What was said of a case; others' words only after one's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from html import escape

import streamlit as st

from cxr.review import agreement
from cxr.review.entries import Entry, box_of, consensus, standing
from cxr.review.folder import Boxes
from ui.review import reader
from ui.review.queue import QueuePosition
from ui.review.saving import VERDICTS


def show(place: QueuePosition, rows: list[Entry]) -> None:
    """The last rows, a line each."""
    row = place.row
    assert row is not None
    if not (here := _told_of(place, rows)):
        return
    votes = agreement.votes(standing(here)).get(str(row.case), Counter())
    if votes.total() > 1:
        many, how = votes.total(), "agree" if len(votes) == 1 else "disagree"
        st.html(f'<div class="cxr-heading">{many} readers {how}: {escape(told(votes))}</div>')
    if together := consensus(here).get(str(row.case)):
        st.html(f'<div class="cxr-heading">Consensus: {escape(agreed(together))}</div>')
    kinds = {entry.key: entry.kind for entry in here}
    lines = "".join(f"<p>{escape(_told(entry, kinds))}</p>" for entry in here[-12:])
    st.html(f'<div class="cxr-heading">Said of this case</div><div class="cxr-quiet">{lines}</div>')


def marks(place: QueuePosition, rows: list[Entry]) -> Boxes:
    """Where those whose words are shown saw what they judged."""
    boxes = (box_of(entry.mark) for entry in standing(_told_of(place, rows)).values())
    return tuple(box for box in boxes if box is not None)


def _told_of(place: QueuePosition, rows: list[Entry]) -> list[Entry]:
    """The rows of the case that this reader may see."""
    assert place.row is not None
    here = [entry for entry in rows if entry.case == place.row.case]
    if str(place.row.case) in place.mine:
        return here
    return [entry for entry in here if entry.reader == reader.name()]


def told(votes: Counter[tuple[str, str]]) -> str:
    """Such as "2 label wrong (N), 1 subtle", the most first."""
    return ", ".join(
        f"{n} {VERDICTS[verdict].lower()}{f' ({right})' if right else ''}"
        for (verdict, right), n in votes.most_common()
    )


def agreed(entry: Entry) -> str:
    """Such as "label wrong (N), by A and B"."""
    right = f" ({entry.correction})" if entry.correction else ""
    return f"{VERDICTS[entry.verdict].lower()}{right}, by {' and '.join(entry.behind)}"


def _told(entry: Entry, kinds: Mapping[str, str]) -> str:
    parts = {
        "blind": [f"blind read {entry.read}, {entry.confidence}"],
        "withdrawn": [f"took a {kinds.get(entry.withdraws, 'verdict')} back"],
        "consensus": [
            f"wrote down the consensus: {agreed(entry)}" if entry.took_part else "",
            f"severity {entry.severity}" if entry.severity else "",
            entry.note,
        ],
        "verdict": [
            VERDICTS[entry.verdict].lower() if entry.verdict else "",
            f"it is {entry.correction}" if entry.correction else "",
            f"severity {entry.severity}" if entry.severity else "",
            f"read {entry.read}" if entry.read else "",
            "a place marked (key B)" if entry.mark else "",
            entry.note,
        ],
    }[entry.kind]
    when = f"{entry.time[:10]} {entry.time[11:16]}"
    return f"{when} {entry.reader}: {', '.join(part for part in parts if part)}"
