"""Folders of the user that the program writes to, as the XDG base directory specification has
them."""

from __future__ import annotations

import os
from pathlib import Path

NAME = "cxr-lens"


def data_home() -> Path:
    """What must be kept: `XDG_DATA_HOME`, else ``~/.local/share``."""
    return _home("XDG_DATA_HOME", ".local/share")


def cache_home() -> Path:
    """What can be worked out again: `CXR_CACHE`, else in `XDG_CACHE_HOME`, else in ``~/.cache``."""
    if own := os.environ.get("CXR_CACHE"):
        return Path(own)
    return _home("XDG_CACHE_HOME", ".cache")


def _home(variable: str, otherwise: str) -> Path:
    # The specification has relative paths ignored.
    given = os.environ.get(variable, "")
    return (Path(given) if Path(given).is_absolute() else Path.home() / otherwise) / NAME
