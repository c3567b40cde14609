"""The database of verdicts on the disk: what was confirmed is there, whatever happens."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from reviews import verdict

from cxr.errors import ReviewError
from cxr.review.store import ReviewStore

ROOT = Path(__file__).parents[1]


def test_a_full_disk_keeps_nothing_and_says_so(tmp_path: Path) -> None:
    place = tmp_path / "r"
    store = ReviewStore(str(place))
    kept = store.record(verdict())
    with store._database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
        connection.commit()
    full = pytest.RaisesExc(ReviewError, check=lambda error: error.code == "store_unavailable")
    with full:
        for i in range(200):
            store.record(verdict(note="x" * 4000, image=f"images/{i}.jpg"))
    assert store.entries()[0] == kept


def test_commits_are_on_the_disk_before_they_are_confirmed(tmp_path: Path) -> None:
    store = ReviewStore(str(tmp_path / "r"))
    with store._database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


WRITER = """
import itertools, sys
sys.path[:0] = [{root!r}, {root!r} + "/tests"]
from reviews import verdict
from cxr.review.store import ReviewStore
store = ReviewStore(sys.argv[1])
for i in itertools.count():
    print(store.record(verdict(sys.argv[2], f"images/{{i}}.jpg", note="x" * 500)).key, flush=True)
"""


def test_nothing_confirmed_is_lost_to_kill_9(tmp_path: Path) -> None:
    """Two writers at once are killed in the middle, again and again."""
    place = tmp_path / "review.sqlite3"
    confirmed: set[str] = set()
    for turn in range(5):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER.format(root=str(ROOT)), str(place), reader],
                stdout=subprocess.PIPE,
                text=True,
            )
            for reader in "AB"
        ]
        for writer in writers:
            assert writer.stdout is not None
            # The first lines are waited for; the kill then comes wherever the writer is.
            lines = [writer.stdout.readline() for _ in range(3 + 4 * turn)]
            confirmed |= {line.strip() for line in lines if line}  # "": refused, not confirmed
        for writer in writers:
            os.kill(writer.pid, signal.SIGKILL)
        for writer in writers:
            assert writer.stdout is not None
            lines = writer.stdout.read().splitlines(keepends=True)
            confirmed |= {line.strip() for line in lines if line.endswith("\n")}
            writer.wait()
            writer.stdout.close()
        store = ReviewStore(str(place))
        rows = store.entries()
        store.close()
        assert confirmed <= {row.key for row in rows}
        assert len(rows) <= len(confirmed) + 2 * (turn + 1)
    assert len(confirmed) > 50
    with sqlite3.connect(place) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
