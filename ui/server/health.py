"""``/health``: whether this server can do its work, for whoever watches it. No name, no path."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse

from cxr.audit.log import Log
from cxr.audit.log import setting as audit_setting
from cxr.errors import CxrError
from cxr.model.bundle import bundles_in
from cxr.model.classifier import load
from cxr.notice import NOTICE
from cxr.review.store import ReviewStore, setting
from cxr.screening.selftest import selftest
from cxr.shipped import folder
from cxr.study.answers import Answers
from cxr.study.answers import setting as study_setting

EVERY_S = 60.0
"""What was found is told again for so long, however often it is asked."""

_lock = threading.Lock()
_last: list[tuple[float, dict[str, Any]]] = []


async def health(_: Request | None = None) -> JSONResponse:
    """200 where all is well, else 503; each check by name."""
    found = await run_in_threadpool(look)
    return JSONResponse(found, 200 if found["status"] == "ok" else 503)


def look() -> dict[str, Any]:
    """Look at everything, at most once in `EVERY_S` seconds."""
    with _lock:
        if _last and monotonic() - _last[0][0] < EVERY_S:
            return _last[0][1]
        checks = _network() | {
            "verdicts": _opens(lambda: ReviewStore(setting())),
            "answers": _opens(lambda: Answers(study_setting())),
            "audit log": _opens(lambda: Log(audit_setting())),
        }
        well = all(said == "ok" for said in checks.values())
        found = {"status": "ok" if well else "failed", "checks": checks, "notice": NOTICE}
        _last[:] = [(monotonic(), found)]
        return found


def _network() -> dict[str, str]:
    """Of the network that the app begins with."""
    try:
        model = load(bundles_in(folder())[0])
        return {check.name: "ok" if check.well else check.said for check in selftest(model)}
    except IndexError:
        return {"network": "none"}
    except (CxrError, OSError) as refusal:
        return {"network": getattr(refusal, "code", "unreadable")}


def _opens(opened: Callable[[], ReviewStore | Answers | Log]) -> str:
    try:
        opened().close()
    except CxrError as refusal:
        return refusal.code
    return "ok"
