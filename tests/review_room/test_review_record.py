"""What the page Review tells the audit log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from reviewpage import named, opened, press

from cxr.audit.events import verdict
from cxr.audit.log import Log
from cxr.review.store import ReviewStore
from ui.session import record


def test_cases_verdicts_and_who(
    place: Path, cases: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "audit.sqlite3"
    monkeypatch.setenv("CXR_AUDIT", str(log))
    at = opened()
    press(at, f"verdict-model_wrong-{cases[0]}")
    named(at, "Next").click().run()
    assert record._writer(str(log)).written(60)
    with Log(str(log)).whole() as (rows, _):
        told = [json.loads(row.body) for row in rows]
    (kept,) = ReviewStore(str(place)).entries()
    said = next(row for row in told if row["kind"] == "verdict")
    assert said["case"] == cases[0]
    assert said["verdict"] == "model_wrong"
    assert said["who"] == kept.reader
    assert said["sha256"] == verdict(kept)["sha256"]
    shown = [row["case"] for row in told if row["kind"] == "shown"]
    assert shown[0] == cases[0]
    assert len(set(shown)) == len(shown) > 1
