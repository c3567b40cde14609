"""Where the networks are that come with the library."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def models() -> Path:
    """The folder of bundles: inside the package where it was installed, ``models`` beside it in a
    checkout."""
    installed = _HERE / "_models"
    return installed if installed.is_dir() else _HERE.parent / "models"
