"""What a press of a download is given, without a server."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from ui.server import downloads


class Manager:
    """Streamlit's, as far as downloads are concerned."""

    def __init__(self) -> None:
        self._deferred_callables: dict[str, dict[str, Any]] = {}
        self._numbers = count()

    def add_deferred(self, session_id: str, element_id: str) -> str:
        name = f"name{next(self._numbers)}"
        self._deferred_callables[name] = {"session_id": session_id, "element_id": element_id}
        return name


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What a run has still to do, a call or nothing at each look; empty once it is over."""
    left: list[object] = []

    def session(_: str) -> Any:
        if left and callable(happens := left.pop(0)):
            happens()
        return SimpleNamespace(session=SimpleNamespace(_scriptrunner=left or None))

    sessions = SimpleNamespace(get_session_info=session)
    server = SimpleNamespace(_session_mgr=sessions)
    monkeypatch.setattr(downloads.runtime, "get_instance", lambda: server)
    monkeypatch.setattr(downloads, "_buttons", {})
    monkeypatch.setattr(downloads, "GRACE_S", 0.0)
    return left


@pytest.fixture
def manager() -> Manager:
    here = Manager()
    downloads.remember(here)
    return here


def test_what_the_run_after_the_press_names_is_made(
    running: list[object], manager: Manager
) -> None:
    asked = manager.add_deferred("one", "pdf")

    def run() -> None:
        manager._deferred_callables.clear()
        for element in ("pdf", "json"):
            manager.add_deferred("one", element)
        manager.add_deferred("two", "pdf")

    running.extend([None, None, run])
    with downloads.named_now(manager, asked) as now:
        assert now != asked
        assert manager._deferred_callables[now] == {"session_id": "one", "element_id": "pdf"}


def test_a_button_that_is_gone_still_gives_what_was_pressed(
    running: list[object], manager: Manager
) -> None:
    gone, nameless = manager.add_deferred("one", "pdf"), manager.add_deferred("one", "")
    held = manager._deferred_callables[gone]
    running.append(manager._deferred_callables.clear)
    with downloads.named_now(manager, gone) as name:
        assert name == gone
        assert manager._deferred_callables == {gone: held}
    assert not manager._deferred_callables
    manager.add_deferred("one", "")
    for other in (nameless, "never"):
        with downloads.named_now(manager, other) as name:
            assert name == other
            assert other not in manager._deferred_callables


def test_a_third_press_of_a_session_does_not_wait(
    running: list[object], manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (manager.add_deferred("one", each) for each in ("a", "b", "c"))
    looks: list[str] = []
    monkeypatch.setattr(downloads, "_newest", lambda _, asked, button: looks.append(asked) or asked)
    with downloads.named_now(manager, first):
        pass
    monkeypatch.setattr(downloads, "_waiting", ["one", "one", "two"])
    with downloads.named_now(manager, second), downloads.named_now(manager, third):
        pass
    monkeypatch.setattr(downloads, "_waiting", ["one", "two"])
    with downloads.named_now(manager, third):
        pass
    assert looks == [first, third]


def test_buttons_of_long_ago_are_forgotten(
    manager: Manager, running: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MOST", 2)
    for _ in range(5):
        manager.add_deferred("one", "pdf")
    assert len(downloads._buttons) == 2
