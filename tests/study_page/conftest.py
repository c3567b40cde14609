"""The settings of the page Study."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import appwalk
import pytest


@pytest.fixture
def place(
    room: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The settings of an app with the room's films; where answers are kept."""
    monkeypatch.setenv("CXR_MODELS", str(room[1]))
    monkeypatch.setenv("CXR_DATA", str(room[0]))
    monkeypatch.setenv("CXR_STUDY", str(tmp_path / "study.sqlite3"))
    monkeypatch.setenv("CXR_REVIEW", str(tmp_path / "review.sqlite3"))
    appwalk.forget()
    yield tmp_path / "study.sqlite3"
    appwalk.forget()
