"""Reports of many films as one archive."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

from .html import to_html
from .pdf import to_pdf
from .record import Report, to_json


def to_zip(reports: Sequence[Report]) -> bytes:
    """Each report as PDF, HTML and JSON, under a number and the beginning of its film's hash:
    files' names carry patients' names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for i, report in enumerate(reports, 1):
            name = f"{i:03}-{report.content['film']['sha256'][:12]}"
            archive.writestr(f"{name}.pdf", to_pdf([report]))
            archive.writestr(f"{name}.html", to_html([report]))
            archive.writestr(f"{name}.json", to_json(report))
    return out.getvalue()
