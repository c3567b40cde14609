"""The hospital page on a small network, with a folder of its own for profiles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from appwalk import accepted, forget
from streamlit.testing.v1 import AppTest

import cxr


@pytest.fixture(autouse=True)
def _own_workspace() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def sites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where profiles are kept."""
    monkeypatch.setenv("CXR_SITES", str(tmp_path / "sites"))
    return tmp_path / "sites"


@pytest.fixture
def page(phantom_model: cxr.Classifier, sites: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page with a model of the labels N and T, and no film yet."""
    monkeypatch.setenv("CXR_MODELS", str(phantom_model.bundle.folder.parent))
    monkeypatch.delenv("CXR_DATA", raising=False)
    at = accepted().switch_page("pages/hospital.py").run()
    assert not at.exception
    return at
