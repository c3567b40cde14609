"""Components whose script ends with the data that came last.

Streamlit 1.67 loads a component's script before the first call to it. Where new data come while it
loads, the call with the old data may come after the one with the new (seen with the list of films
on a busy machine: "not scored yet" stayed beside a film that was scored). Each data get a turn, and
what is older than what is shown is passed over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import streamlit as st

_SHOWN = "component-turns"
_LAST_WINS = """
export default function (component) {
  const box = component.parentElement;
  if (component.data.turn < (box.cxrTurn ?? 0)) return;
  box.cxrTurn = component.data.turn;
  return shown(component);
}
"""


def component(name: str, js: str, **look: Any) -> Callable[..., Any]:
    """As ``st.components.v2.component``; what it returns wants `key` and `data`.

    Parameters
    ----------
    name : str
    js : str
        A module that exports a function by default, ``export default function (…) {…}``.
    **look
        Its HTML and styles.
    """
    drawn = st.components.v2.component(name, js=script(js), **look)

    def draw(*, key: str, data: dict[str, Any], **more: Any) -> Any:
        return drawn(key=key, data={**data, "turn": _turn(key, data)}, **more)

    return draw


def script(js: str) -> str:
    """The module, which passes over what is older than what it has shown."""
    return js.replace("export default function", "const shown = function", 1) + _LAST_WINS


def _turn(key: str, data: dict[str, Any]) -> int:
    """Milliseconds at which these data came: a server that was started again counts on."""
    turns = st.session_state.setdefault(_SHOWN, {})
    before, turn = turns.get(key, (None, 0))
    if data != before:
        turns[key] = data, max(turn + 1, time.time_ns() // 10**6)
    return int(turns[key][1])
