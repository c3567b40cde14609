"""What readers have given back: taken in, held by the session, narrowed by, and said of a film."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from cxr.errors import CxrError
from cxr.worklist.readings import Readings
from cxr.worklist.results import Numbers, Results
from ui.base.formatting import exact, plain

_FILES, _HELD, _TURN = "worklist-files", "worklist-readings", "worklist-turn"
_SHOWN = ("Read", "Not read", "Readers differ")


def beside(results: Results) -> Readings | None:
    """What readers gave back, in the sidebar; None where nothing was, or not in a file that can be
    read. The session keeps it when the page is left."""
    with st.sidebar:
        st.file_uploader(
            "Read back",
            ["csv", "json"],
            accept_multiple_files=True,
            key=_zone(),
            on_change=_take_in,
            help="Lists that were handed out and filled, each named after its reader, and verdicts "
            "as Review exports them. Other files take the place of these.",
        )
        if _FILES in st.session_state:
            st.button("Forget what was read", on_click=_forget)
    files = st.session_state.get(_FILES)
    held: tuple[Results, Any, Readings] | None = st.session_state.get(_HELD)
    if files and (held is None or held[0] is not results or held[1] is not files):
        try:
            held = results, files, Readings(results, files)
        except CxrError as refusal:
            _forget()
            st.info(plain(str(refusal)))
            return None
        st.session_state[_HELD] = held
    return held[2] if files and held else None


def _zone() -> str:
    return f"worklist-given-{st.session_state.setdefault(_TURN, 0)}"


def _take_in() -> None:
    if given := st.session_state.get(_zone()):
        st.session_state[_FILES] = [(each.name, each.getvalue()) for each in given]
    else:
        _forget()


def _forget() -> None:
    """Also what the zone lists, which would come back with the next file."""
    for name in (_FILES, _HELD):
        st.session_state.pop(name, None)
    st.session_state[_TURN] += 1


def ask() -> str | None:
    """By whom films are to have been read."""
    with st.sidebar:
        return st.selectbox("Readers", _SHOWN, index=None, placeholder="Any")


def narrowed(found: Numbers, readings: Readings, wanted: str | None) -> Numbers:
    """The films that are asked for by who has read them, in their order."""
    if wanted is None:
        return found
    rows = readings.differ if wanted == "Readers differ" else readings.read
    kept = np.isin(found, rows)
    return found[~kept if wanted == "Not read" else kept]


def told(readings: Readings) -> str:
    """Who has read how much, and how far they agree."""
    said = [
        f"{each.name} {each.films:,} of {each.listed:,}"
        + f" ({each.elsewhere:,} not in this table, or named like other films)"
        * bool(each.elsewhere)
        for each in readings.readers
    ]
    agreed = readings.agreement
    if not agreed.cases:
        return f"Read: {', '.join(said)}."
    kappa = "" if np.isnan(agreed.kappa) else f", kappa {exact(agreed.kappa)}"
    return (
        f"Read: {', '.join(said)}. By two or more {agreed.cases:,} films{kappa}; "
        f"rows on which calls differ: {len(readings.differ):,}."
    )


def of_film(readings: Readings | None, number: int) -> None:
    """What each reader says of the film that is shown."""
    for name, read in readings.of(number).items() if readings else ():
        rest = ", ".join(each for each in (read.sure, read.note) if each)
        st.caption(plain(f"{name}: {read.call}" + f" ({rest})" * bool(rest)))
