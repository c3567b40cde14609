"""When the server looks for garbage, and what becomes of a session whose tab was closed."""

from __future__ import annotations

import asyncio
import gc
import threading
import tomllib
import weakref
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from streamlit import runtime
from streamlit.runtime import Runtime
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.session_manager import SessionInfo
from streamlit.runtime.state.session_state import SessionState
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager
from streamlit.util import ReadOnlyAttributeDictionary

from ui.server import memory
from ui.work.session_cache import Workspace

MB = 1_000_000


class Garbage:
    """A circle, which only a look for garbage finds."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets what the process holds, MB, and the time, seconds."""

    def put(held: int, now: float = 0) -> None:
        monkeypatch.setattr(memory, "resident", lambda: held * MB)
        monkeypatch.setattr(memory, "monotonic", lambda: now)

    put(1000)
    return put


def test_garbage_is_looked_for_when_the_process_has_grown(clock: Callable[..., None]) -> None:
    watch = memory.Watch()
    for held, often in ((1000, 0), (1099, 0), (1100, 1), (1150, 1), (900, 1), (1210, 2)):
        clock(held)
        watch.look()
        assert watch.collected == often, held


def test_a_small_process_may_grow_by_more_than_its_share(clock: Callable[..., None]) -> None:
    clock(200)
    watch = memory.Watch()
    for held, often in ((240, 0), (250, 1)):
        clock(held)
        watch.look()
        assert watch.collected == often, held


def test_films_that_are_let_go_are_cause_at_once_and_when_their_session_is_gone(
    clock: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = memory.Watch()
    monkeypatch.setattr("ui.work.session_cache.WATCH", watch)
    Workspace().clear()
    for now, often in ((0, 1), (100, 1), (memory.FORGOTTEN, 2), (1000, 2)):
        clock(1000, now)
        watch.look()
        assert watch.collected == often, now


def test_it_collects_what_python_left(clock: Callable[..., None]) -> None:
    gc.disable()
    try:
        watch, garbage = memory.Watch(), Garbage()
        gone = weakref.ref(garbage)
        del garbage
        assert gone() is not None
        watch.freed()
        watch.look()
        assert gone() is None
    finally:
        gc.enable()


def test_a_session_that_cannot_come_back_is_emptied_without_another_one(
    clock: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held against Streamlit's own classes: the next one may name things otherwise."""
    storage = MemorySessionStorage(ttl_seconds=0)
    manager = WebsocketSessionManager(storage, Mock(), Mock(), None)
    loop: Any = asyncio.new_event_loop()
    server = Mock(spec=Runtime, _session_mgr=manager)
    server._get_async_objs.return_value = SimpleNamespace(eventloop=loop)
    monkeypatch.setattr(runtime, "exists", lambda: True)
    monkeypatch.setattr(runtime, "get_instance", lambda: server)
    session = Mock(spec=AppSession, id="one", session_state=SessionState())
    session.session_state["ticked"] = ReadOnlyAttributeDictionary({"rows": [1]})
    films = session.session_state["films"] = {1: b"a film"}
    session._fragment_storage = MemoryFragmentStorage()
    session._fragment_storage.register("part", lambda: films)
    metadata = session.session_state._new_widget_state.widget_metadata
    metadata["button"] = Mock(callback_args=(films,))
    storage.save(SessionInfo(client=None, session=session))
    watch = memory.Watch()
    watch.look()
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    session.shutdown.assert_called_once_with()
    assert "films" not in session.session_state
    assert not films
    assert not session._fragment_storage.contains("part")
    assert not metadata


def test_it_watches_once_however_often_pages_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LOOK", 3600)
    before = threading.active_count()
    watch = memory.Watch()
    for _ in range(3):
        watch.begin()
    assert threading.active_count() == before + 1


def test_streamlit_leaves_garbage_to_it() -> None:
    settings = (Path(__file__).parents[1] / ".streamlit" / "config.toml").read_text()
    assert tomllib.loads(settings)["runner"]["postScriptGC"] is False
