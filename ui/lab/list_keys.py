"""One place back or on in a list that stands in the session, by key."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ui.base import keymap


def further(names: Sequence[str], key: str) -> None:
    """Buttons that move the choice under `key`, one of `names`; the ends hold."""
    place = names.index(st.session_state[key])
    for said, act, by in (("Earlier", "earlier", -1), ("Further", "further", 1)):
        to = place + by
        st.button(
            said,
            key=f"{key}-{act}",
            shortcut=keymap.of(act),
            disabled=not 0 <= to < len(names),
            on_click=st.session_state.update,
            args=({key: names[max(0, min(to, len(names) - 1))]},),
        )
