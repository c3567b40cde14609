"""Answers as a table for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import astuple, fields

from ..notice import NOTICE
from ..spreadsheet import inert
from .answers import Answer


def to_csv(answers: Sequence[Answer]) -> bytes:
    """One row an answer, with the notice; UTF-8 with a mark that spreadsheets need."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow([*(field.name for field in fields(Answer)), "notice"])
    for answer in answers:
        cells = [int(cell) if isinstance(cell, bool) else cell for cell in astuple(answer)]
        table.writerow([*(inert(str(cell)) for cell in cells), NOTICE])
    return out.getvalue().encode("utf-8-sig")
