"""Folders of the user that the program writes to, where the system keeps such folders.

On Linux these are the XDG base directories. Earlier versions wrote there on every system: a folder
that they left behind is used on.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import platformdirs

NAME = "cxr-lens"


def data_home() -> Path:
    """What must be kept."""
    usual = platformdirs.user_data_path(NAME, appauthor=False)
    return _or_earlier(usual, "XDG_DATA_HOME", ".local/share")


def cache_home() -> Path:
    """What can be worked out again: `CXR_CACHE`, else the system's place for it."""
    if own := os.environ.get("CXR_CACHE"):
        return Path(own)
    usual = platformdirs.user_cache_path(NAME, appauthor=False)
    return _or_earlier(usual, "XDG_CACHE_HOME", ".cache")


def _or_earlier(usual: Path, variable: str, otherwise: str) -> Path:
    # The specification has relative paths ignored.
    given = os.environ.get(variable, "")
    earlier = (Path(given) if Path(given).is_absolute() else Path.home() / otherwise) / NAME
    with suppress(OSError):
        if earlier.is_dir():
            return earlier
    return usual
