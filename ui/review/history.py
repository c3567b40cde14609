"""What was said of a case; others' words only after one's own."""

from __future__ import annotations

from html import escape

import streamlit as st

from cxr.review.entries import Entry
from ui.review import reader
from ui.review.queue import Place
from ui.review.verdict import VERDICTS


def show(place: Place, rows: list[Entry]) -> None:
    """The last rows, a line each."""
    row = place.row
    assert row is not None
    own = reader.name()
    here = [entry for entry in rows if entry.case == row.case]
    if str(row.case) not in place.mine:
        here = [entry for entry in here if entry.reader == own]
    if not here:
        return
    lines = "".join(f"<p>{escape(_told(entry))}</p>" for entry in here[-12:])
    st.html(f'<div class="cxr-heading">Said of this case</div><div class="cxr-quiet">{lines}</div>')


def _told(entry: Entry) -> str:
    parts = {
        "blind": [f"blind read {entry.read}, {entry.confidence}"],
        "withdrawn": ["took a verdict back"],
        "verdict": [
            VERDICTS[entry.verdict].lower() if entry.verdict else "",
            f"it is {entry.correction}" if entry.correction else "",
            f"severity {entry.severity}" if entry.severity else "",
            f"read {entry.read}" if entry.read else "",
            entry.note,
        ],
    }[entry.kind]
    when = f"{entry.time[:10]} {entry.time[11:16]}"
    return f"{when} {entry.reader}: {', '.join(part for part in parts if part)}"
