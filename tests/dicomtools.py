"""Programs of Debian that read DICOM, for tests that want a reader that is not ours."""

from __future__ import annotations

import shutil

import pytest


def tool(name: str) -> str:
    """A program of Debian's dcmtk or dicom3tools."""
    if (found := shutil.which(name)) is None:
        pytest.skip(f"{name} is not installed (Debian: apt-get install dcmtk dicom3tools)")
    return found
