"""The one rule for tables that leave the program: no cell is run as a formula.

Whatever the library or a page hands out as CSV goes through :func:`write`, which guards every cell.
A bundle's or a run's own tables do not: they are read by programs alone."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from .notice import NOTICE

_ACTS = ("=", "+", "-", "@", "\t", "\r", "'")


def inert(cell: str) -> str:
    """A text that no spreadsheet runs: one that it would is given a leading apostrophe, and so is
    one that begins with an apostrophe, so that :func:`original` can take one off again."""
    return f"'{cell}" if cell.startswith(_ACTS) else cell


def original(cell: str) -> str:
    """The text that :func:`inert` made this cell of."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_ACTS) else cell


class Number(str):
    """A number in digits of its own, as ``Number(-1.5, ".6f")``: the one text that is left as it
    is."""

    def __new__(cls, value: float, form: str) -> Number:
        return super().__new__(cls, format(value, form))


def _cell(value: Any) -> Any:
    return inert(value) if isinstance(value, str) and not isinstance(value, Number) else value


def write(
    file: TextIO, columns: Sequence[str], lines: Iterable[Iterable[Any]], end: str = "\r\n"
) -> None:
    """A CSV of texts and numbers, the notice in a last column of its own."""
    writer = csv.writer(file, lineterminator=end)
    writer.writerow([*map(inert, columns), "notice"])
    for line in lines:
        writer.writerow([*map(_cell, line), NOTICE])
