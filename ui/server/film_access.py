"""A film's address opens for the browser that it was given to, and for no other.

Streamlit hands its media to whoever knows the address. Here each browser has a cookie that no
script can read, each session says which browser it is in, and media of a session in another browser
are not found. Every answer also says that it is not to be stored, framed or told to others.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

import streamlit as st
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import runtime
from streamlit.runtime.app_session import AppSessionState
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui.server import downloads

COOKIE = "cxr_browser"
PATIENCE_S, LOOK_S = 3.0, 0.05
"""A page that runs again names its films anew, and until then none is anybody's: how long a film is
waited for while no page of its browser runs, and how often it is looked for."""
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"frame-ancestors 'none'; object-src 'none'; base-uri 'self'"),
)

MOST_MADE = 1000

_browsers: dict[str, str] = {}
"""Session → its browser's cookie."""
_made: dict[str, str] = {}
"""A download that was made when it was asked for → its session, which Streamlit forgets."""


def claim() -> None:
    """Say which browser this session is in; nothing where the app runs without this middleware."""
    context = get_script_run_ctx()
    cookie = st.context.cookies.get(COOKIE)
    if context is None or not cookie or _browsers.get(context.session_id) == cookie:
        return
    for session in [each for each in _browsers if not _lives(each)]:
        _browsers.pop(session, None)
    _browsers[context.session_id] = cookie
    _watch_downloads(runtime.get_instance().media_file_mgr)


def _watch_downloads(manager: Any) -> None:
    """Note whose each download is, from now on, and make it of what the page holds by then."""
    if getattr(manager.execute_deferred, "watched", False):
        return
    make = manager.execute_deferred
    downloads.remember(manager)

    def made(asked: str) -> str:
        with downloads.named_now(manager, asked) as name:
            session = manager._deferred_callables.get(name, {}).get("session_id", "")
            address = str(make(name))
        downloads.note(_made, PurePosixPath(address).stem, session, MOST_MADE)
        return address

    made.watched = True  # type: ignore[attr-defined]
    manager.execute_deferred = made


def _lives(session: str) -> bool:
    return runtime.exists() and runtime.get_instance().is_active_session(session)


def owns(cookie: str, file_id: str) -> bool:
    """Whether a session in that browser names the file now."""
    if not runtime.exists():
        return False
    named: dict[str, dict[str, str]] = (
        runtime.get_instance().media_file_mgr._files_by_session_and_coord
    )
    return any(
        secrets.compare_digest(theirs.encode(), cookie.encode())
        and (_made.get(file_id) == session or file_id in list(named.get(session, {}).values()))
        for session, theirs in list(_browsers.items())
    )


class FilmAccess:
    """ASGI middleware.

    Parameters
    ----------
    app : ASGI application
        Streamlit's.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = PurePosixPath(scope["path"])
        cookie = _cookie(scope["headers"])
        # Streamlit's own fonts lie in static/media.
        media = path.parent.name == "media" and path.parent.parent.name != "static"
        if media and not await _let_in(cookie, path.stem):
            await _not_found(send)
            return
        # Whoever signs out leaves nothing that the next one at this browser could open.
        page = any(k == b"accept" and b"text/html" in v for k, v in scope["headers"])
        new = (page and not cookie) or path.parts[-2:] == ("auth", "logout")
        given = _set_cookie(scope) if new else b""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [*HEADERS, *([(b"cache-control", b"no-store")] if media else [])]
                if given:
                    added.append((b"set-cookie", given))
                message["headers"] = [*message.get("headers", []), *added]
            await send(message)

        await self._app(scope, receive, answer)


async def _let_in(cookie: str, file_id: str) -> bool:
    waited = 0.0
    while not owns(cookie, file_id):
        if waited > PATIENCE_S or cookie not in _browsers.values():
            return False
        await asyncio.sleep(LOOK_S)
        waited += 0.0 if _runs(cookie) else LOOK_S
    return True


def _runs(cookie: str) -> bool:
    """Whether a page is being worked out in that browser."""
    manager = runtime.get_instance()._session_mgr
    found = [manager.get_session_info(each) for each, of in list(_browsers.items()) if of == cookie]
    return any(each and each.session._state == AppSessionState.APP_IS_RUNNING for each in found)


def _cookie(headers: Iterable[tuple[bytes, bytes]]) -> str:
    for name, value in headers:
        # Python's own parser gives up at a cookie of somebody else that holds a quote.
        if name == b"cookie" and (own := cookie_parser(value.decode("latin-1")).get(COOKIE)):
            return own
    return ""


def _set_cookie(scope: dict[str, Any] | Scope) -> bytes:
    forwarded = dict(scope["headers"]).get(b"x-forwarded-proto", b"")
    secure = "; Secure" if scope.get("scheme") == "https" or forwarded == b"https" else ""
    token = secrets.token_urlsafe(32)
    return f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax{secure}".encode()


async def _not_found(send: Send) -> None:
    headers = [*HEADERS, (b"cache-control", b"no-store"), (b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": b"File not found"})
