"""Pages without a browser: opened, pressed and read."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from films import film, png
from streamlit.runtime.caching import clear_session_resource_cache
from streamlit.testing.v1 import AppTest

APP = Path(__file__).parents[1] / "app.py"


FILM = png(film(300, 260))


OTHER = png(film(200, 260))


def start() -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=120).run()
    assert not at.exception
    return at


def accepted() -> AppTest:
    return click(start(), "accept")


def opened(page: str, address: dict[str, str] | None = None, **state: Any) -> AppTest:
    """A page of ``pages/``, its notice accepted; no other page is drawn before it."""
    at = start()
    for name, value in {"accepted": True, **state}.items():
        at.session_state[name] = value
    for name, value in (address or {}).items():
        at.query_params[name] = value
    at.switch_page(f"pages/{page}.py").run()
    assert not at.exception
    return at


def forget() -> None:
    """End the session as Streamlit does; what all sessions share stays. All tests of a process are
    one session to it."""
    clear_session_resource_cache("test session id")


def click(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception
    return at


def upload(at: AppTest, *files: tuple[str, bytes]) -> AppTest:
    uploader = at.file_uploader[0]
    uploader.set_value([(name, data, "application/octet-stream") for name, data in files])
    at.run()
    assert not at.exception
    return at


def listed(at: AppTest) -> list[dict[str, Any]]:
    """The rows of the list of films."""
    lists = [e.proto for e in at.get("bidi_component") if e.proto.component_name == "cxr_worklist"]
    rows: list[dict[str, Any]] = json.loads(lists[0].json)["rows"]
    return rows


def pick(at: AppTest, number: int) -> AppTest:
    """Show a film, as a click on its row does."""
    at.session_state["film"] = number
    at.run()
    assert not at.exception
    return at


def text(at: AppTest) -> str:
    """All that the page says in its own HTML and in messages."""
    return "\n".join([e.value for e in [*at.get("html"), *at.info, *at.caption]])


def plates(at: AppTest) -> list[dict[str, Any]]:
    """What lies on the light box."""
    boxes = [e.proto for e in at.get("bidi_component") if e.proto.component_name == "cxr_viewer"]
    return [plate for box in boxes for plate in json.loads(box.json)["plates"]]


def full_screen(at: AppTest) -> str:
    """What full screen shows of the page, a line each."""
    (box,) = (e.proto for e in at.get("bidi_component") if e.proto.component_name == "cxr_viewer")
    return "\n".join(json.loads(box.json)["caption"])


def downloads(at: AppTest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], bytes]]:
    """What the page would give, by the key of its button; the page is drawn anew."""
    offered: dict[str, Callable[[], bytes]] = {}

    def button(_: str, data: Callable[[], bytes], *__: object, key: str, **___: object) -> None:
        offered[key] = data

    with monkeypatch.context() as patch:
        patch.setattr("streamlit.download_button", button)
        at.run()
    assert not at.exception
    return offered


def titles(at: AppTest) -> list[str]:
    return [plate["title"] for plate in plates(at)]


def running(at: AppTest) -> bool:
    return any(t.name == "map" for t in threading.enumerate())


def wait(until: Callable[[], bool]) -> None:
    tick = threading.Event()
    for _ in range(600):
        if until():
            return
        tick.wait(0.05)
    raise AssertionError("nothing happened within 30 seconds")
