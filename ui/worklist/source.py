"""The table of results that the server's setting names, opened once for all sessions."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from cxr.errors import CxrError
from cxr.worklist.results import Results
from ui.base.formatting import plain
from ui.worklist.setting import named


def results() -> Results:
    """The table; ends the page with a sentence where it cannot be used."""
    try:
        changed = Path(named()).stat().st_mtime_ns
    except OSError:
        changed = 0
    try:
        return _open(named(), changed)
    except CxrError as refusal:
        st.info(plain(str(refusal)))
        st.stop()


@st.cache_resource(max_entries=1, show_spinner="Opening the table")
def _open(place: str, changed_ns: int) -> Results:
    return Results(Path(place))
