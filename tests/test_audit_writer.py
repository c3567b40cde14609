"""The audit log's writer: events are kept in their order, and nobody waits for it."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path

import pytest
from auditlog import begun, event, found, read

from cxr.audit import writer
from cxr.audit.log import Log
from cxr.audit.writer import Writer
from cxr.errors import ReviewError


def test_the_writer_keeps_what_it_is_given_in_order(empty_database: str) -> None:
    pen = Writer(lambda: Log(empty_database))
    for i in range(50):
        pen.put(event(i))
    assert pen.written(60)
    assert pen.head == read(empty_database)[1]
    pen.close()
    assert [json.loads(row.body)["film"] for row in read(empty_database)[0]] == [
        f"{i:064x}" for i in range(50)
    ]


def test_nobody_waits_while_the_log_is_held(tmp_path: Path) -> None:
    place = tmp_path / "audit.sqlite3"
    begun(str(place), 1)
    other = sqlite3.connect(place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    pen = Writer(lambda: Log(str(place)))
    for i in range(20):
        pen.put(event(i))
    assert not pen.written(0.2)
    other.execute("ROLLBACK")
    other.close()
    assert pen.written(60)
    pen.close()
    assert read(str(place))[1].seq == 21


def test_what_waits_is_written_once_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "AGAIN", 0.01)
    monkeypatch.setattr(writer, "MOST", 4)
    gate = threading.Event()
    place = tmp_path / "audit.sqlite3"

    def opened() -> Log:
        if not gate.is_set():
            raise ReviewError("store_unavailable", "It cannot be opened now.")
        return Log(str(place))

    pen = Writer(opened)
    for i in range(7):
        pen.put(event(i))
    assert not pen.written(60)
    assert pen.failure is not None
    gate.set()
    while not pen.written(0.05):
        pass
    pen.close()
    rows = [json.loads(row.body) for row in read(str(place))[0]]
    assert [row["kind"] for row in rows] == ["shown"] * 4 + ["lost"]
    assert rows[-1]["events"] == 3
    assert found(str(place)) == []


def test_an_event_that_cannot_be_written_is_said_and_ends_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "AGAIN", 0.01)
    gate = threading.Event()

    def opened() -> Log:
        if not gate.is_set():
            raise TypeError("whatever an event makes of it")
        return Log(str(tmp_path / "audit.sqlite3"))

    pen = Writer(opened)
    pen.put(event())
    assert not pen.written(1)
    assert pen.failure is not None
    gate.set()
    while not pen.written(0.05):
        pass
    pen.close()
