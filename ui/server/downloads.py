"""A download is made of what its page holds once the run that came with the press is over.

Whoever types a name and presses a download at once has the text sent right after the press: by
itself Streamlit makes the file of what the page held before, or finds none, since the run that
follows names its downloads anew.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from streamlit import runtime

GRACE_S = 0.3
"""How long what was typed may take after the press; the browser sends both in one go."""
PATIENCE_S, LOOK_S = 30.0, 0.02
"""How long a run is waited for at most, and how often it is looked at."""
MOST = 10_000


class _Button(NamedTuple):
    session: str
    element: str


_buttons: dict[str, _Button] = {}
"""A download's name → whose button it was, which Streamlit forgets with the next run."""


def remember(manager: Any) -> None:
    """Note which button each download is of, from now on."""
    add = manager.add_deferred

    def added(*given: Any, **named: Any) -> str:
        name = str(add(*given, **named))
        entry = manager._deferred_callables[name]
        _buttons[name] = _Button(entry["session_id"], entry["element_id"])
        while len(_buttons) > MOST:
            _buttons.pop(next(iter(_buttons)))
        return name

    manager.add_deferred = added


def named_now(manager: Any, asked: str) -> str:
    """What a button's download is called once no run of its session is on; `asked` itself where
    the page no longer has the button. Waits."""
    button = _buttons.get(asked)
    if button is None or not button.element:
        return asked
    time.sleep(GRACE_S)
    until = time.monotonic() + PATIENCE_S
    while _runs(button.session) and time.monotonic() < until:
        time.sleep(LOOK_S)
    # The names that Streamlit holds are in the order in which they were given.
    for name in reversed(list(manager._deferred_callables)):
        if _buttons.get(name) == button:
            return str(name)
    return asked


def _runs(session: str) -> bool:
    """Whether a script is running in a session, or was asked to."""
    found = runtime.get_instance()._session_mgr.get_session_info(session)
    return found is not None and found.session._scriptrunner is not None
