"""Answers as a table for other programs."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import astuple, fields

from .. import spreadsheet
from .answers import Answer


def to_csv(answers: Sequence[Answer]) -> bytes:
    """One row an answer, with the notice; UTF-8 with a mark that spreadsheets need."""
    lines = (
        [str(int(cell) if isinstance(cell, bool) else cell) for cell in astuple(answer)]
        for answer in answers
    )
    out = io.StringIO()
    spreadsheet.write(out, [field.name for field in fields(Answer)], lines, end="\n")
    return out.getvalue().encode("utf-8-sig")
