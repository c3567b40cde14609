"""What came of preparing a data folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Prepared:
    """What came of it.

    Attributes
    ----------
    frame : DataFrame
        The manifest.
    seen : DataFrame
        ``seen.csv``.
    copies : DataFrame
        Rows of `seen` that are copies of an earlier film.
    wanted : DataFrame, optional
        The manifest that was to be matched.
    """

    frame: pd.DataFrame
    seen: pd.DataFrame
    copies: pd.DataFrame
    wanted: pd.DataFrame | None


def summary(found: Prepared) -> Iterator[str]:
    """What a person wants to know of it, line by line."""
    yield f"{len(found.seen)} files, {len(found.frame)} films"
    yield from refused_as(found.seen)
    if found.wanted is None:
        unlabelled = int(((found.seen.refused == "") & (found.seen.label == "")).sum())
        other = int((found.copies.label != found.copies.label_of).sum())
        yield f"without a label that was asked for: {unlabelled}"
        yield f"copies of another film: {len(found.copies)}, of another label: {other} (copies.csv)"
    else:
        for source, rows in found.wanted.groupby("source"):
            there = int((found.frame.source == source).sum())
            yield f"{source}: {there} of {len(rows)} films of the manifest"
    cells = found.frame.split + " " + found.frame.source + " " + found.frame.label
    yield from (f"{cell}: {count}" for cell, count in cells.value_counts().sort_index().items())
    shown = int((found.frame.display == "1").sum()) if "display" in found.frame else 0
    yield f"films that the app may show: {shown} of {len(found.frame)} (column display is 1)"
    if not shown:
        yield (
            "No page will show a film. Where nothing written on them is a name, say the same "
            "command again with --display yes."
        )


def refused_as(seen: pd.DataFrame) -> list[str]:
    """By which codes, and how many."""
    counts = seen.refused[seen.refused != ""].value_counts()
    return [f"refused as {code}: {count}" for code, count in counts.items()]
