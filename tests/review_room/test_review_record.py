"""What the page Review tells the audit log."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import threading
from hashlib import sha256
from pathlib import Path

import pytest
from appwalk import downloads
from auditlog import read, told
from reviewpage import kept, named, opened, press, section, text

from cxr.audit.events import verdict
from cxr.audit.log import Log
from cxr.audit.writer import Writer
from ui.session import record


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CXR_AUDIT", str(tmp_path / "audit.sqlite3"))
    return tmp_path / "audit.sqlite3"


def test_cases_verdicts_and_who(place: Path, log: Path, cases: list[str]) -> None:
    at = opened()
    press(at, f"verdict-model_wrong-{cases[0]}")
    named(at, "Next").click().run()
    (entry,) = kept(place)
    (said,) = told(log, "verdict")
    assert said["case"] == cases[0]
    assert said["verdict"] == "model_wrong"
    assert said["who"] == entry.reader
    assert said["sha256"] == verdict(entry)["sha256"]
    shown = [row["case"] for row in told(log, "shown")]
    assert shown[0] == cases[0]
    assert len(set(shown)) == len(shown) > 1


def test_a_verdict_is_told_to_its_reader_once_its_row_is_there(
    place: Path, log: Path, cases: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()
    add, written = Log.add, Writer.written

    def waits(self: Log, events: list[record.Event]) -> object:
        assert asked.wait(60) or not any(each.kind == "verdict" for each in events)
        return add(self, events)

    def asks(self: Writer, seconds: float) -> bool:
        assert seconds == record.VERDICT_S
        asked.set()
        return written(self, 60)

    monkeypatch.setattr(Log, "add", waits)
    monkeypatch.setattr(Writer, "written", asks)
    press(opened(), f"verdict-subtle-{cases[0]}")
    there = [json.loads(row.body)["kind"] for row in read(str(log))[0]]
    asked.set()
    assert "verdict" in there


def test_a_log_that_is_held_holds_no_verdict_up(
    place: Path, log: Path, cases: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened()
    told(log)
    monkeypatch.setattr(record, "VERDICT_S", 0.01)
    other = sqlite3.connect(log, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    press(at, f"verdict-subtle-{cases[0]}")
    assert "subtle, case" in text(at)
    assert not [row for row in read(str(log))[0] if '"verdict"' in row.body]
    other.execute("ROLLBACK")
    other.close()
    (said,) = told(log, "verdict")
    assert said["case"] == cases[0]


def test_verdicts_that_leave_carry_the_log_s_head_and_are_told_to_it(
    place: Path, log: Path, cases: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened()
    for case in cases[:2]:
        press(at, f"verdict-subtle-{case}")
    section(at, "Verdicts out and in")
    told(log)
    head = str(read(str(log))[1])
    given = downloads(at, monkeypatch)
    table = given["verdicts-csv"]()
    told(log)
    after = str(read(str(log))[1])
    whole = given["verdicts-json"]()
    rows = csv.DictReader(io.StringIO(table.decode("utf-8-sig")))
    assert [row["log_head"] for row in rows] == [head] * 2
    assert json.loads(whole)["log_head"] == after
    assert [(row["what"], row["rows"], row["sha256"]) for row in told(log, "exported")] == [
        ("verdicts", 2, sha256(data).hexdigest()) for data in (table, whole)
    ]
