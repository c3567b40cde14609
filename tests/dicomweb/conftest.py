"""A PACS of the tests' own, and results for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dicomweb_server import Server, serving
from pacsfilms import stored

import cxr
from cxr.dicom_out.results import results
from cxr.dicomweb import session


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(session, "PAUSE", 0.0)
    with serving() as server:
        yield server


@pytest.fixture
def made(phantom_model: cxr.Classifier) -> list[bytes]:
    """Report and picture of the first film."""
    found = cxr.assess(stored(), phantom_model)
    return [each.data for each in results(stored(), found, phantom_model)]
