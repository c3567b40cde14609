"""Reports that several tests make and alter."""

from __future__ import annotations

import json
import re
from typing import Any

from films import film, png

from cxr.report import Report

FILM = png(film(300, 260))
OTHER = png(film(200, 260))
NAME = "Planted^Patient"


def changed(report: Report, **parts: Any) -> Report:
    """The same with parts of its content changed, as if it had been written so."""
    content = json.loads(json.dumps(report.content))
    for path, value in parts.items():
        *into, last = path.split("__")
        place = content
        for name in into:
            place = place[name]
        place[last] = value
    return Report(content)


def pages(pdf: bytes) -> int:
    """How many a PDF has."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))
