"""``manifest.csv``, a data folder's list of films: read in one way by pages and by training."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from hashlib import sha256

from .errors import DataError
from .spreadsheet import original

FILE = "manifest.csv"
_MISFIT = (
    "has rows that do not fit its header, or a quotation mark that is never closed. Save it again "
    "as CSV, with quotation marks around what holds a comma."
)


def read(content: bytes, needed: Collection[str] = ()) -> tuple[list[str], list[dict[str, str]]]:
    """What a manifest holds, as text.

    Parameters
    ----------
    content : bytes
        UTF-8, with or without the mark that spreadsheets write.
    needed : collection of str
        Columns that it must have.

    Returns
    -------
    list of str
        Its columns.
    list of dict
        A row a film, in file order, each with all columns. Cells of one that the program wrote,
        which has a column ``notice``, are as they were before a spreadsheet's rule was applied.

    Raises
    ------
    DataError
        ``bad_manifest``: it is no such table, lacks a column, or has a row that is longer or
        shorter than its header.
    """
    try:
        table = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        header, *lines = [line for line in table if line] or [[]]
    except UnicodeDecodeError:
        raise _bad("is not UTF-8 text. Save it as CSV in UTF-8.") from None
    except csv.Error:
        raise _bad(_MISFIT) from None
    if not header:
        raise _bad("is empty. Its first row names the columns, each further row a film.")
    if any(len(line) != len(header) for line in lines):
        raise _bad(_MISFIT)
    if "notice" in header:
        header, *lines = ([original(cell) for cell in line] for line in (header, *lines))
    if missing := [name for name in needed if name not in header]:
        raise _bad(f"lacks the columns {', '.join(missing)}.")
    return header, [dict(zip(header, line, strict=True)) for line in lines]


def _bad(why: str) -> DataError:
    return DataError("bad_manifest", f"{FILE} {why}")


def case_of(image: str) -> str:
    """What stands for a film in addresses and verdicts, by its path in the manifest: 12 hexadecimal
    digits."""
    return case_of_digest(sha256(image.encode()).hexdigest())


def case_of_digest(path: str) -> str:
    """The same by the SHA-256 of its path, 64 hexadecimal digits."""
    return path[:12]
