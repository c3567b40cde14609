"""Reports as a PDF, a page each, set by Typst: letters are text, and readers for the blind find
headings and pictures. Nothing is written to disk on the way and nothing is fetched."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ..errors import ReportError
from .page import Picture, page_of
from .record import Report

_TEMPLATE = Path(__file__).parent / "page.typ"


def to_pdf(reports: Sequence[Report]) -> bytes:
    """One PDF of one report or several.

    Raises
    ------
    ReportError
        ``no_typst``: what makes PDFs is not installed.
    """
    try:
        import typst
    except ImportError:
        raise ReportError(
            "no_typst",
            "PDFs need Typst: pip install typst. HTML, which prints as well, and JSON do not.",
        ) from None
    pages = []
    for report in reports:
        page = page_of(report)
        told = {**asdict(page), "pictures": [_drawn(picture) for picture in page.pictures]}
        pages.append(told)
    made: bytes = typst.compile(
        _TEMPLATE.read_bytes(), sys_inputs={"pages": json.dumps(pages)}, format="pdf"
    )
    return made


def _drawn(picture: Picture) -> dict[str, object]:
    """Typst takes no base64, but a drawing that holds a picture."""
    told = asdict(picture)
    told["address"] = _svg(picture.address, picture.width, picture.height)
    told["bar"] = _svg(picture.bar, 256, 8) if picture.bar else ""
    return told


def _svg(address: str, width: int, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width} {height}"><image width="{width}" height="{height}" '
        f'preserveAspectRatio="none" xlink:href="{address}"/></svg>'
    )
