"""Parts of a page that run again by themselves, and presses that such a run is deaf to.

Streamlit 1.67 may send a press twice: with the run of a timer that falls due just then, and with
the run that the press itself asks for. What a press does relative to what there is (step on, turn
over, take back) would be done twice. And where it takes the two together, it warns of a timer whose
part has gone meanwhile as if a press were lost.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx, script_runner
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState

_TIMED = "timed"
_P = ParamSpec("_P")
_timers: set[str] = set()
"""The fragments of all sessions that timers draw; an identity is a place in the code and on a page,
so there are few."""


def _of_no_timer(said: logging.LogRecord) -> bool:
    """Whether a record of Streamlit's is about something else than a timer's fragment."""
    about = said.args[0] if isinstance(said.args, tuple) and said.args else None
    return not isinstance(about, str) or about not in _timers


logging.getLogger(script_runner.__name__).addFilter(_of_no_timer)


def every(seconds: float) -> Callable[[Callable[_P, None]], Callable[_P, None]]:
    """Decorator: a fragment that is drawn again every so many seconds."""

    def timed(draw: Callable[_P, None]) -> Callable[_P, None]:
        @wraps(draw)
        def drawn(*args: _P.args, **kwargs: _P.kwargs) -> None:
            own = ThreadState.get().fragment_id
            st.session_state.setdefault(_TIMED, set()).add(own)
            if own is not None:
                _timers.add(own)
            draw(*args, **kwargs)

        return st.fragment(drawn, run_every=seconds)

    return timed


def pressed(act: Callable[_P, None]) -> Callable[_P, None]:
    """Decorator: a callback that leaves a press to the run which that press asks for."""

    @wraps(act)
    def acted(*args: _P.args, **kwargs: _P.kwargs) -> None:
        context = get_script_run_ctx()
        runs = context.fragment_ids_this_run if context is not None else None
        if not runs or not st.session_state.get(_TIMED, set()).issuperset(runs):
            act(*args, **kwargs)

    return acted
