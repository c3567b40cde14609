"""Two models for the metrics page, and its films."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import tables
from appwalk import forget

from cxr.metrics.predictions import table
from cxr.model.bundle import open_bundle
from ui.metrics import worst_subgroups


@pytest.fixture(autouse=True)
def _own_session() -> Iterator[None]:
    """Figures stay, which are kept by their table's hash: each is worked out once a process."""
    forget()
    yield
    forget()


@pytest.fixture(autouse=True)
def _subgroups_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worst_subgroups, "PATIENCE", 60)


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models on the same films."""
    shelf = tmp_path_factory.mktemp("models")
    frame = tables.raw(300)
    tables.bundle(shelf / "default", frame)
    tables.bundle(shelf / "other", frame.assign(logit_T=frame.logit_T - 0.8))
    return shelf


@pytest.fixture
def room(shelf: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("CXR_MODELS", str(shelf))
    monkeypatch.setenv("CXR_REVIEW", str(tmp_path / "review.sqlite3"))
    monkeypatch.delenv("CXR_DATA", raising=False)
    return shelf


@pytest.fixture
def rows(room: Path) -> pd.DataFrame:
    return table(open_bundle(room / "default"))
