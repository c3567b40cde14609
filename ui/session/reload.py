"""What one browser tab holds, brought back after a reload.

Streamlit begins a new session at every reload and keeps the old one for two minutes. The tab keeps
a secret that only it was told; whoever shows it is given what the old session holds, as long as
that is there: nothing lives longer than it did. A server that was started again holds nothing:
there the tab says which films it had (:mod:`ui.session.missing`).
"""

from __future__ import annotations

import copy
import secrets
from collections.abc import Mapping
from dataclasses import astuple
from typing import Any
from weakref import WeakValueDictionary

import streamlit as st

from ui.base.component import component
from ui.server import who
from ui.session import films, missing
from ui.session.missing import Missing

KEYS = (
    *("accepted", "reader", "hospital", "model", "call-first", "review_given", "review_folder"),
    *("story_kept", "story-title", "tries", "hospital-profile-films"),
    *("study-instructed", "study-answered", "study-given-up"),
    *("study_plan", "study_pool", "study_stopped", "study_passed", "study-held", "study-opened"),
    *("films", "film", "last_number", "readings", "looked-at", "removed", "one-patient"),
    *("asked", "own-calls", "scores-seen", "thresholds", "viewer-salt", "missing"),
)
"""Of the session's state; what else there is follows from these."""

ASK_AGAIN_MS = 3000
"""Streamlit 1.67 may lose what a component says while it is set up (its issue 16732)."""

_JS = """
export default function ({ data, setTriggerValue }) {
  const before = sessionStorage.getItem("cxr-tab");
  sessionStorage.setItem("cxr-tab", data.secret);
  if (before && before !== data.secret)
    window.cxrAsked = { secret: before, ...window.cxrHeld };
  window.cxrHeld = data.held;
  clearTimeout(window.cxrAsksAgain);
  const ask = () => {
    if (!window.cxrAsked || window.cxrAsked.secret === data.answered) return;
    setTriggerValue("back", window.cxrAsked);
    window.cxrAsksAgain = setTimeout(ask, %d);
  };
  ask();
}
"""
_component = component("cxr_tab", _JS % ASK_AGAIN_MS)


class SessionState(dict[str, Any]):
    """State of one session and of whoever was at it, by reference; goes with the session."""

    who = ""


_TABS: WeakValueDictionary[str, SessionState] = WeakValueDictionary()


def come_back() -> None:
    """Tell the tab its secret and what is held, and bring back what the session before held."""
    if "tab" not in st.session_state:
        st.session_state["tab"] = secrets.token_urlsafe(32)
    data = {
        "secret": st.session_state["tab"],
        "held": _told(),
        "answered": st.session_state.get("tab-answered", ""),
    }
    _component(key="tab-secret", data=data, on_back_change=_back)


def _told() -> dict[str, Any]:
    """What the tab says of this session to a server that was started again."""
    shown = st.session_state.get("film")
    here = [
        Missing(film.name, len(film.data), bool(film.source), film.label, film.number == shown)
        for film in films.films().values()
    ]
    return {
        "accepted": st.session_state.get("accepted", False),
        "films": [astuple(each) for each in (*here, *missing.missing())],
    }


def remember() -> None:
    """Have what the session holds now found after a reload."""
    held = st.session_state.setdefault("tab-held", SessionState())
    held.who = who.signed_in()
    for key in [key for key in held if key not in st.session_state]:
        held.pop(key)  # what was dropped since does not come back
    held.update({key: st.session_state[key] for key in KEYS if key in st.session_state})
    _TABS[st.session_state["tab"]] = held


def _back() -> None:
    said = (st.session_state.get("tab-secret") or {}).get("back")
    said = said if isinstance(said, Mapping) else {}  # it is a browser's word
    before = str(said.get("secret", ""))
    if before == st.session_state.get("tab-answered"):
        return
    st.session_state["tab-answered"] = before
    held = _TABS.get(before)
    if held is None and "films" in said:  # the page has stood still, and the server was ended
        st.session_state["accepted"] = said.get("accepted") is True
        missing.expect(said["films"], films.MOST_FILMS)
        return
    if held is None or held.who != who.signed_in():  # another person signed in since
        st.session_state["lost"] = True
        return
    for key, value in held.items():
        # Copied, since the old session empties its own when its time is over.
        st.session_state[key] = copy.copy(value)
    films.weigh()
