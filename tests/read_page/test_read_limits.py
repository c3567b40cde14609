"""What one session may hold, and what all of them together."""

from __future__ import annotations

import pytest
from appwalk import FILM, OTHER, click, text, upload
from streamlit.testing.v1 import AppTest

from ui.session import room


def test_what_others_hold_is_not_there_for_this_one(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "most", lambda: len(FILM) + len(OTHER))
    others = room.Held(len(OTHER) + 1)
    monkeypatch.setattr(room, "_all", {others})
    upload(app, ("a.png", FILM))
    assert "server\\_full" in text(app)
    click(app, "clear")
    others.leave()  # that session was closed
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    assert "server\\_full" not in text(app)
    upload(app, ("c.png", FILM))
    assert app.session_state["films"][4].refusal.code == "server_full"


def test_the_limit_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(room.SETTING, "16")
    assert room.most() == 16_000_000
    monkeypatch.setenv(room.SETTING, "much")
    assert room.most() == room.USUAL_MB * 1_000_000
