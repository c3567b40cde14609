"""The report of one film: what was said of it, what that is worth, and what it came from.

``record`` makes it, ``page`` puts it into words, ``html`` and ``pdf`` draw that on one page, and
``verification`` works everything out again and names what differs. Every score and every map comes
from the rooms below; what was said is told here and decided there.

>>> report = cxr.report.make("film.dcm", model)
>>> Path("report.pdf").write_bytes(cxr.report.to_pdf([report]))
>>> cxr.report.verify(report, "film.dcm").differences
()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .html import to_html
    from .pdf import to_pdf
    from .record import Report, Verdict, from_json, make, to_json
    from .verification import Verification, verify

__all__ = [
    "Report",
    "Verdict",
    "Verification",
    "from_json",
    "make",
    "to_html",
    "to_json",
    "to_pdf",
    "verify",
]

_HOME = {
    "to_html": "html",
    "to_pdf": "pdf",
    "Report": "record",
    "Verdict": "record",
    "from_json": "record",
    "make": "record",
    "to_json": "record",
    "Verification": "verification",
    "verify": "verification",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
