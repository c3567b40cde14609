"""Where the networks are that come with the library."""

from __future__ import annotations

import os
from pathlib import Path

_HERE = Path(__file__).resolve().parent


def folder() -> Path:
    """Where bundles are looked for: `CXR_MODELS`, else those that come with the library."""
    return Path(os.environ.get("CXR_MODELS") or models())


def models() -> Path:
    """The folder of bundles: inside the package where it was installed, ``models`` beside it in a
    checkout."""
    installed = _HERE / "_models"
    return installed if installed.is_dir() else _HERE.parent / "models"
