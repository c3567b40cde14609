"""Films to review, and a place for verdicts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cxr.metrics.predictions import table
from cxr.model.bundle import open_bundle
from cxr.review.queue import QueueFilter, queue
from ui.review import own, source


@pytest.fixture(autouse=True)
def _own_database() -> Iterator[None]:
    """Streamlit's tests share its caches; of these only the model may stay."""
    yield
    for shared in (source._jobs, source._open, own._jobs, own._held):
        shared.clear()


@pytest.fixture
def place(
    room: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The settings of an app with the room's films, and its empty database."""
    data, models = room
    monkeypatch.setenv("CXR_MODELS", str(models))
    monkeypatch.setenv("CXR_DATA", str(data))
    monkeypatch.setenv("CXR_CACHE", str(data.parent / "cache"))
    monkeypatch.setenv("CXR_REVIEW", str(tmp_path / "review.sqlite3"))
    yield tmp_path / "review.sqlite3"
    for thread in threading.enumerate():
        if thread.name == "map":
            thread.join(60)


@pytest.fixture
def cases(room: tuple[Path, Path]) -> list[str]:
    """The errors of test in the order of the queue."""
    bundle = open_bundle(room[1] / "room")
    return list(queue(table(bundle), bundle.labels, QueueFilter("test")).rows.case)
