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
    now = downloads.named_now(manager, asked)
    assert now != asked
    assert manager._deferred_callables[now] == {"session_id": "one", "element_id": "pdf"}


def test_a_button_that_is_gone_or_has_no_name_stays_what_it_was(
    running: list[object], manager: Manager
) -> None:
    gone, nameless = manager.add_deferred("one", "pdf"), manager.add_deferred("one", "")
    manager._deferred_callables.clear()
    manager.add_deferred("one", "")
    assert downloads.named_now(manager, gone) == gone
    assert downloads.named_now(manager, nameless) == nameless
    assert downloads.named_now(manager, "never") == "never"


def test_buttons_of_long_ago_are_forgotten(
    manager: Manager, running: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MOST", 2)
    for _ in range(5):
        manager.add_deferred("one", "pdf")
    assert len(downloads._buttons) == 2
