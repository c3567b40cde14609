"""What one session may hold, and what all of them together."""

from __future__ import annotations

import pytest
from appwalk import FILM, OTHER, click, text, upload
from streamlit.testing.v1 import AppTest

from ui.server import film_bytes


def test_what_others_hold_is_not_there_for_this_one(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_bytes, "most", lambda: len(FILM) + len(OTHER))
    others = film_bytes.SessionBytes(len(OTHER) + 1)
    monkeypatch.setattr(film_bytes, "_all", {others})
    upload(app, ("a.png", FILM))
    assert "server\\_full" in text(app)
    click(app, "clear")
    others.leave()  # that session was closed
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    assert "server\\_full" not in text(app)
    upload(app, ("c.png", FILM))
    assert app.session_state["films"][4].refusal.code == "server_full"


def test_the_limit_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(film_bytes.SETTING, "16")
    assert film_bytes.most() == 16_000_000
    monkeypatch.setenv(film_bytes.SETTING, "much")
    assert film_bytes.most() == film_bytes.USUAL_MB * 1_000_000
