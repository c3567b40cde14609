"""Films of a table handed to several readers: a list for each, without a score, and a key to them
all."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from itertools import combinations, cycle
from typing import Any

from .. import spreadsheet
from ..errors import ScreenError
from .results import Numbers, Results

MOST_READERS = 12
MOST_FILMS = 5000
_COLUMNS = ("path", "sha256", "log_odds", "decision", "flags")
WRITTEN = ("call", "sure", "note")
"""Columns that a reader fills."""


def hand_out(results: Results, numbers: Numbers, readers: int, each: int) -> bytes:
    """A zip of ``reader-1.csv`` and so on, and ``key.csv``.

    Every film with bytes stands there once, in the order of its hash, which tells nothing; which
    readers read it goes by turns, so that all groups of readers share as many films.

    Parameters
    ----------
    results : Results
    numbers : Numbers
        Films.
    readers : int
    each : int
        How many of them read a film.

    Raises
    ------
    ScreenError
        ``bad_request``, ``bad_results``.
    """
    if not 1 <= each <= readers <= MOST_READERS or len(numbers) > MOST_FILMS:
        raise ScreenError(
            "bad_request",
            f"At most {MOST_FILMS:,} films are handed to at most {MOST_READERS} readers, and a "
            "film to no more readers than there are. Filter the list first.",
        )
    films = {row["sha256"]: row for row in results.rows(numbers, _COLUMNS) if row["sha256"]}
    groups = cycle(combinations(range(readers), each))
    dealt = [(films[mark], next(groups)) for mark in sorted(films)]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for reader in range(readers):
            lines = ([film["path"], film["sha256"], "", "", ""] for film, g in dealt if reader in g)
            archive.writestr(
                f"reader-{reader + 1}.csv", _table(("image", "sha256", *WRITTEN), lines)
            )
        key = (
            [*film.values(), " ".join(str(reader + 1) for reader in group)] for film, group in dealt
        )
        archive.writestr("key.csv", _table((*_COLUMNS, "readers"), key))
    return out.getvalue()


def _table(columns: Sequence[str], lines: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    spreadsheet.write(text, columns, lines)
    return text.getvalue().encode("utf-8-sig")
