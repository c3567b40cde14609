"""What opens a film to one browser alone, without a server."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from ui.server import film_access
from ui.server.film_access import COOKIE, FilmAccess

FILM = "0" * 32


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, str]]:
    """What each session's page names now; one names a film, in browser A."""
    held = {"one": {"film": FILM}, "two": {}}
    manager = SimpleNamespace(_files_by_session_and_coord=held)
    sessions = SimpleNamespace(get_session_info=lambda _: None)
    server = SimpleNamespace(
        media_file_mgr=manager, is_active_session=held.__contains__, _session_mgr=sessions
    )
    monkeypatch.setattr(film_access.runtime, "exists", lambda: True)
    monkeypatch.setattr(film_access.runtime, "get_instance", lambda: server)
    monkeypatch.setattr(film_access, "_browsers", {"one": "A", "two": "B"})
    monkeypatch.setattr(film_access, "_made", {})
    monkeypatch.setattr(film_access, "PATIENCE_S", 0.2)
    return held


def asked(path: str, cookie: str = "", **headers: str) -> tuple[int, dict[str, str]]:
    """Status and headers of the answer."""
    sent: list[dict[str, Any]] = []
    given = {"accept": "text/html", **headers}
    if cookie:
        given["cookie"] = f"other=1; {COOKIE}={cookie}"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "scheme": "http",
        "path": path,
        "headers": [(k.encode(), v.encode()) for k, v in given.items()],
    }
    asyncio.run(FilmAccess(app)(scope, None, send))  # type: ignore[arg-type]
    told = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
    return sent[0]["status"], told


@pytest.mark.parametrize(
    ("cookie", "status"), [("A", 200), ("B", 404), ("", 404), ("C", 404), ("AA", 404)]
)
def test_media_open_for_their_browser(cookie: str, status: int, named: dict[str, Any]) -> None:
    found, headers = asked(f"/media/{FILM}.bin", cookie)
    assert found == status
    assert headers["cache-control"] == "no-store"
    assert asked(f"/under/a/path/media/{FILM}.bin", cookie)[0] == status


def test_fonts_open_for_everybody(named: dict[str, Any]) -> None:
    for cookie in ("A", ""):
        found, headers = asked("/static/media/MaterialSymbols-Rounded.woff2", cookie)
        assert found == 200
        assert "cache-control" not in headers


def test_a_film_is_waited_for_while_a_page_runs(
    named: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    named["one"].clear()  # its run has begun, and names its films later
    looks = 0

    def runs(cookie: str) -> bool:
        nonlocal looks
        looks += 1
        if looks == 3:
            named["one"]["film"] = FILM
        return True

    monkeypatch.setattr(film_access, "PATIENCE_S", 0.0)
    monkeypatch.setattr(film_access, "LOOK_S", 0.001)
    monkeypatch.setattr(film_access, "_runs", runs)
    assert asked(f"/media/{FILM}.bin", "A")[0] == 200
    assert looks == 3


def test_what_a_page_or_a_session_no_longer_names_is_not_found(named: dict[str, Any]) -> None:
    named["one"].clear()  # the film was removed
    assert asked(f"/media/{FILM}.bin", "A")[0] == 404
    named["one"]["film"] = FILM
    assert asked(f"/media/{FILM}.bin", "A")[0] == 200
    named.pop("one")  # the session was closed
    assert asked(f"/media/{FILM}.bin", "A")[0] == 404


def test_a_page_that_runs_again_is_waited_for(
    named: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    named["one"].clear()
    looks = []

    async def meanwhile(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 2:
            named["one"]["film"] = FILM

    monkeypatch.setattr(asyncio, "sleep", meanwhile)
    assert asked(f"/media/{FILM}.bin", "A")[0] == 200
    assert len(looks) == 2


def test_a_browser_gets_one_cookie_that_no_script_reads(named: dict[str, Any]) -> None:
    _, headers = asked("/")
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    assert cookie != asked("/")[1]["set-cookie"]
    assert "Secure" in asked("/", **{"x-forwarded-proto": "https"})[1]["set-cookie"]
    assert "set-cookie" not in asked("/", "A")[1]
    assert "set-cookie" not in asked("/static/a.js", accept="*/*")[1]


def test_signing_out_gives_another(named: dict[str, Any]) -> None:
    assert f"{COOKIE}=" in asked("/auth/logout", "A")[1]["set-cookie"]


def test_every_answer_says_what_browsers_may_do(named: dict[str, Any]) -> None:
    for path in ("/", "/_stcore/health", f"/media/{FILM}"):
        headers = asked(path)[1]
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_a_cookie_of_somebody_else_hides_none(named: dict[str, Any]) -> None:
    quoted = f'prefs={{"a":"b c"}}; {COOKIE}=A'
    assert asked(f"/media/{FILM}.bin", accept="*/*", cookie=quoted)[0] == 200


def test_a_download_is_its_session_s(named: dict[str, Any]) -> None:
    class Manager:
        _deferred_callables: ClassVar = {"asked": {"session_id": "two"}}

        def add_deferred(self) -> str:
            return ""

        def execute_deferred(self, asked: str) -> str:
            return "/media/1234.pdf"

    manager = Manager()
    for _ in range(2):  # each session says so
        film_access._watch_downloads(manager)
    assert manager.execute_deferred("asked") == "/media/1234.pdf"
    assert asked("/media/1234.pdf", "B")[0] == 200
    assert asked("/media/1234.pdf", "A")[0] == 404


def test_sessions_that_are_gone_are_forgotten(
    named: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        film_access, "get_script_run_ctx", lambda: SimpleNamespace(session_id="three")
    )
    monkeypatch.setattr(film_access.st, "context", SimpleNamespace(cookies={COOKIE: "D"}))
    named.pop("one")
    monkeypatch.setattr(film_access, "_watch_downloads", lambda manager: None)
    film_access.claim()
    assert film_access._browsers == {"two": "B", "three": "D"}
