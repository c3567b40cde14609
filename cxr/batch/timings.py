"""How long each film took, by stage, in a file of its own beside the table.

Times are never the same twice, and the table is: so they are no part of it. They are kept with the
answer, in the same commit, and so a run that was killed has those of all films that it need not
score again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import spreadsheet
from .parquet import whole
from .scorer import STAGES
from .state import State

# No second Parquet file: tables that lie side by side are read as one.
ENDING = ".timings.csv"


def write(out: Path, parts: Path, state: State) -> None:
    """Write a line for each film that was worked out: milliseconds of wall time, empty where a
    stage was not reached.

    Raises
    ------
    ScreenError
        ``not_written``.
    """
    with whole(out, parts) as part, part.open("w", encoding="utf-8", newline="") as file:
        spreadsheet.write(
            file, ["path", "sha256", *(f"ms_{stage}" for stage in STAGES)], _lines(state)
        )


def _lines(state: State) -> Iterator[list[Any]]:
    for path, mark, seconds in state.times():
        yield [path, mark, *(round(1000 * seconds[s], 1) if s in seconds else "" for s in STAGES)]
