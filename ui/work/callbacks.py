"""Callbacks that the next press does not cut short.

Streamlit 1.67 leaves a callback wherever that touches the session while another press waits, and
never comes back to it: a verdict is in the database then, unsaid, and its case still on the screen.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.session_state import SessionState

_ASKED = "on_scriptrunner_yield"
"""By which a run asks whether another waits."""
_call = getattr(SessionState._call_callbacks, "__wrapped__", SessionState._call_callbacks)


@wraps(_call)
def _called_whole(*args: Any, **kwargs: Any) -> None:
    context = get_script_run_ctx(suppress_warning=True)
    waiting = context.script_requests if context is not None else None
    if waiting is None:
        _call(*args, **kwargs)
        return
    setattr(waiting, _ASKED, lambda: None)
    try:
        _call(*args, **kwargs)
    finally:
        delattr(waiting, _ASKED)


def never_cut() -> None:
    """Have the callbacks of every session in this process done whole; what waits comes after."""
    SessionState._call_callbacks = _called_whole  # type: ignore[method-assign]
