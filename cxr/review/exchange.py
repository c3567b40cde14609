"""Rows as a file, and back: CSV for people, JSON for programs. Both hold the same text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from .. import spreadsheet
from ..errors import ReviewError
from ..notice import NOTICE
from ..spreadsheet import original
from .entries import FIELDS, LATER, Entry, checked

FORMAT = 1
LARGEST = 64_000_000


def to_csv(entries: Iterable[Entry], log_head: str = "") -> bytes:
    """One line a row; UTF-8 with the mark that spreadsheets need. `log_head` is that of the audit
    log.

    Cells are those of :func:`cxr.spreadsheet.inert`.
    """
    out = io.StringIO()
    lines = ([*asdict(entry).values(), log_head] for entry in entries)
    spreadsheet.write(out, [*FIELDS, "log_head"], lines, end="\n")
    return out.getvalue().encode("utf-8-sig")


def to_json(entries: Iterable[Entry], log_head: str = "") -> bytes:
    """``{"format": 1, "notice": …, "log_head": …, "entries": [{…}, …]}``, UTF-8; `log_head` is that
    of the audit log."""
    rows = [asdict(entry) for entry in entries]
    whole = {"format": FORMAT, "notice": NOTICE, "log_head": log_head, "entries": rows}
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()


def from_file(data: bytes) -> list[Entry]:
    """The rows of a file that :func:`to_csv` or :func:`to_json` wrote, told apart by its content.

    Raises
    ------
    ReviewError
        ``bad_review_file``, with the first line or row that is wrong.
    """
    if len(data) > LARGEST:
        raise _bad(f"it is larger than {LARGEST // 10**6} MB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _bad("it is not UTF-8 text") from None
    is_json = text.lstrip().startswith("{")
    rows = _json_rows(text) if is_json else _csv_rows(text)
    entries = []
    for number, row in enumerate(rows, 1):
        try:
            entry = Entry(**row)
            # What was exported is clean already; anything else was written by another hand.
            if checked(entry) != entry:
                raise ReviewError("bad_entry", "A value holds characters that no form gives.")
        except (ReviewError, TypeError) as error:
            why = error.message if isinstance(error, ReviewError) else "It lacks columns."
            raise _bad(f"row {number} is wrong. {why.rstrip('.')}") from None
        entries.append(entry)
    return entries


def _csv_rows(text: str) -> list[dict[str, str]]:
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        raise _bad("it is no CSV table") from None
    header = table[0] if table else []
    if missing := [name for name in FIELDS if name not in (*header, *LATER)]:
        raise _bad(f"it lacks the columns {', '.join(missing)}")
    places = {name: header.index(name) for name in FIELDS if name in header}
    lines = [line for line in table[1:] if line]
    if short := next((i for i, line in enumerate(lines, 1) if len(line) < len(header)), 0):
        raise _bad(f"row {short} is cut short")
    return [{name: original(line[at]) for name, at in places.items()} for line in lines]


def _json_rows(text: str) -> Sequence[Mapping[str, Any]]:
    try:
        whole = json.loads(text)
        rows: Sequence[Mapping[str, Any]] = whole["entries"]
    except (ValueError, KeyError, RecursionError):
        raise _bad("it is no export of verdicts") from None
    if whole.get("format") != FORMAT:
        raise _bad("another version of this program wrote it")
    good = isinstance(rows, list) and all(
        isinstance(row, dict) and all(isinstance(value, str) for value in row.values())
        for row in rows
    )
    if not good:
        raise _bad("its rows are not of text alone")
    return rows


def _bad(why: str) -> ReviewError:
    return ReviewError(
        "bad_review_file",
        f"Nothing was taken in: {why}. Take the file as this program exported it.",
    )
