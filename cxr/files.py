"""Files that are named, or lie in folders that are."""

from __future__ import annotations

import os
from collections.abc import Sequence


def files_at(place: str) -> list[str]:
    """The files in a folder and below; anything else, and a folder without any, as it is."""
    found: list[str] = []
    for folder, folders, names in os.walk(place):
        folders[:] = [name for name in folders if not name.startswith(".")]
        shown = (name for name in names if not name.startswith("."))
        found += (os.path.join(folder, name) for name in shown)  # noqa: PTH118 (need not be text)
    return sorted(found) or [place]


def below(places: Sequence[str]) -> dict[str, str]:
    """Every file's path, and its path below the place that was named."""
    return {name: os.path.relpath(name, place) for place in places for name in files_at(place)}
