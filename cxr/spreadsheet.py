"""The one rule for tables that leave the program: no cell is run as a formula."""

from __future__ import annotations

_ACTS = ("=", "+", "-", "@", "\t", "\r", "'")


def inert(cell: str) -> str:
    """A text that no spreadsheet runs: one that it would is given a leading apostrophe, and so is
    one that begins with an apostrophe, so that :func:`original` can take one off again."""
    return f"'{cell}" if cell.startswith(_ACTS) else cell


def original(cell: str) -> str:
    """The text that :func:`inert` made this cell of."""
    return cell[1:] if cell.startswith("'") else cell
