"""A download is made of what its page holds once the run that came with the press is over.

Whoever types a name and presses a download at once has the text sent right after the press: by
itself Streamlit makes the file of what the page held before, or finds none, since the run that
follows names its downloads anew. A button is known by its key, so what a file is about (a film, a
split) stands in the key of its button: a press is never answered with another film's.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, NamedTuple, TypeVar

from streamlit import runtime

_T = TypeVar("_T")
GRACE_S = 0.3
"""How long what was typed may take after the press; the browser sends both in one go."""
PATIENCE_S, LOOK_S = 30.0, 0.02
"""How long a run is waited for at most, and how often it is looked at."""
MOST, MOST_WAITING = 10_000, 2


class _Button(NamedTuple):
    session: str
    element: str


_buttons: dict[str, _Button] = {}
"""A download's name → whose button it was, which Streamlit forgets with the next run."""
_noting = Lock()
_waiting: list[str] = []
"""The session of each press that waits."""


def remember(manager: Any) -> None:
    """Note which button each download is of, from now on."""
    add = manager.add_deferred

    def added(*given: Any, **named: Any) -> str:
        name = str(add(*given, **named))
        entry = manager._deferred_callables[name]
        note(_buttons, name, _Button(entry["session_id"], entry["element_id"]), MOST)
        return name

    manager.add_deferred = added


def note(kept: dict[str, _T], name: str, value: _T, most: int) -> None:
    """Keep a value, and the latest `most` alone; any thread may."""
    with _noting:
        kept[name] = value
        while len(kept) > most:
            kept.pop(next(iter(kept)))


@contextmanager
def named_now(manager: Any, asked: str) -> Iterator[str]:
    """What a button's download is called once no run of its session is on. `asked` itself where
    the page no longer has the button: it can then be made within the context all the same, of what
    the page held at the press. Waits, but with two presses of a session at most: the server has a
    handful of threads for downloads."""
    button, held = _buttons.get(asked), manager._deferred_callables.get(asked)
    name = asked
    if button and button.element and _waiting.count(button.session) < MOST_WAITING:
        name = _newest(manager, asked, button)
    gone = held is not None and name not in manager._deferred_callables
    if gone:
        manager._deferred_callables[name] = held
    try:
        yield name
    finally:
        if gone:
            manager._deferred_callables.pop(name, None)


def _newest(manager: Any, asked: str, button: _Button) -> str:
    _waiting.append(button.session)
    try:
        time.sleep(GRACE_S)
        until = time.monotonic() + PATIENCE_S
        while _runs(button.session) and time.monotonic() < until:
            time.sleep(LOOK_S)
    finally:
        _waiting.remove(button.session)
    # The names that Streamlit holds are in the order in which they were given.
    for name in reversed(list(manager._deferred_callables)):
        if _buttons.get(name) == button:
            return str(name)
    return asked


def _runs(session: str) -> bool:
    """Whether a script is running in a session, or was asked to."""
    found = runtime.get_instance()._session_mgr.get_session_info(session)
    return found is not None and found.session._scriptrunner is not None
