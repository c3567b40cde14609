"""The table of docs/ledger.md: each run of sites left out keeps its own rows, and a command gathers
them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from cxr.errors import DataError

ROWS = "ledger.md"
"""In a run's folder: a row for each time that it was scored."""
_HEAD = (
    "| date | recipe | val: macro-F1, source recall | sites left out | | minutes |",
    "| --- | --- | --- | --- | --- | --- |",
)


def add(run: Path, name: str, sites: Sequence[str], found: dict[str, Any]) -> None:
    """Add today's row to a run's folder.

    Parameters
    ----------
    run : Path
    name : str
        Of the recipe.
    sites : sequence of str
    found : dict
        As :func:`train.experiments.site_holdout.leave_out` returns it.
    """
    val = found["val"]
    cells = [
        date.today().isoformat(),
        name,
        f"{val['macro_f1']['value']:.3f}, {val['source_recall']:.3f}",
    ]
    for site in sites:
        pairs = ", ".join(
            f"{pair} {area['value']:.3f} ({area['low']:.3f} to {area['high']:.3f})"
            for pair, area in found[site]["pairs"].items()
        )
        recalls = ", ".join(f"{label} {r:.2f}" for label, r in found[site]["recall"].items())
        cells.append(f"{site}: {pairs}; recall {recalls}")
    with (run / ROWS).open("a", encoding="utf-8") as file:
        file.write(f"| {' | '.join(cells)} | {found['minutes']:.0f} |\n")


def table(runs: Path) -> list[str]:
    """The rows of all runs in a folder under a head, the oldest day first.

    Raises
    ------
    DataError
        ``no_run``: there is none.
    """
    found = sorted(runs.glob(f"*-without-*/{ROWS}"), key=lambda path: path.stat().st_mtime)
    rows = [line for path in found for line in path.read_text(encoding="utf-8").splitlines()]
    if not rows:
        raise DataError(
            "no_run",
            f"No run in the folder {runs.name!r} left sites out. Make one: python -m train sites, "
            "with the same --runs.",
        )
    return [*_HEAD, *sorted(rows, key=lambda row: row.split(" | ")[0])]
