"""The Lab on a small network, with a hand that draws."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from appwalk import FILM, forget, opened, upload
from labpage import Hand
from streamlit.testing.v1 import AppTest

import cxr
from ui.lab import regions


@pytest.fixture(autouse=True)
def _own_workspace() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Hand:
    drawing = Hand(regions.viewer)
    monkeypatch.setattr(regions, "viewer", drawing)
    return drawing


@pytest.fixture
def lab(phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch, hand: Hand) -> AppTest:
    """The lab with one film, one model, labels N and T."""
    monkeypatch.setenv("CXR_MODELS", str(phantom_model.bundle.folder.parent))
    monkeypatch.delenv("CXR_DATA", raising=False)
    return upload(opened("lab"), ("a.png", FILM))
