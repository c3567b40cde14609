"""The app on a small network."""

from __future__ import annotations

from collections.abc import Iterator

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
def app(phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app with one model, labels N and T, its notice accepted."""
    monkeypatch.setenv("CXR_MODELS", str(phantom_model.bundle.folder.parent))
    monkeypatch.delenv("CXR_DATA", raising=False)
    return accepted()
