"""The audit log: what is confirmed stays, and whatever is changed is found."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import threading
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

import pytest
import sqlalchemy as sa
from auditlog import begun, event, found, read
from reviews import verdict

import cxr
from cxr.__main__ import main
from cxr.audit import events
from cxr.audit.chain import ChainHead, follow
from cxr.audit.log import Log, exists
from cxr.errors import ReviewError
from cxr.report import make, to_json
from cxr.review.entries import LATER

ROOT = Path(__file__).parents[1]


@pytest.fixture
def place(empty_database: str) -> str:
    return empty_database


def test_rows_are_kept_in_their_order_and_hold_each_other(place: str) -> None:
    head = begun(place)
    rows, kept = read(place)
    assert kept == head
    assert [json.loads(row.body)["film"] for row in rows] == [f"{i:064x}" for i in range(5)]
    assert [row.before for row in rows[1:]] == [row.hash for row in rows[:-1]]
    assert found(place, str(head)) == []
    assert begun(place).seq == 10
    assert found(place, str(head)) == []


def test_the_database_itself_refuses_changes(place: str) -> None:
    begun(place)
    url = place if "://" in place else f"sqlite:///{place}"
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    for said in (
        "UPDATE cxr_audit_rows SET body = 'x'",
        "DELETE FROM cxr_audit_rows WHERE id = 5",
    ):
        with pytest.raises(sa.exc.DatabaseError), engine.begin() as connection:
            connection.exec_driver_sql(said)
    engine.dispose()
    assert found(place) == []


def forged(place: Path, *commands: str) -> None:
    """The same by somebody who owns the file and has read how it is made."""
    with sqlite3.connect(place) as connection:
        for what in ("update", "delete", "insert"):
            connection.execute(f"DROP TRIGGER IF EXISTS cxr_audit_rows_no_{what}")
        for command in commands:
            connection.execute(command)
    connection.close()


SWAP = (
    "UPDATE cxr_audit_rows SET id = 99 WHERE id = 2",
    "UPDATE cxr_audit_rows SET id = 2 WHERE id = 3",
    "UPDATE cxr_audit_rows SET id = 3 WHERE id = 99",
)


@pytest.mark.parametrize(
    ("commands", "said"),
    [
        (
            ["UPDATE cxr_audit_rows SET body = replace(body, 'Reader', 'Other') WHERE id = 3"],
            "Row 3",
        ),
        (["UPDATE cxr_audit_rows SET hash = 'x' WHERE id = 3"], "Row 3"),
        (["UPDATE cxr_audit_rows SET before = 'x' WHERE id = 3"], "Row 3: does not follow"),
        (["DELETE FROM cxr_audit_rows WHERE id = 1"], "Rows 1 to 1: missing"),
        (["DELETE FROM cxr_audit_rows WHERE id IN (2, 3)"], "Rows 2 to 3: missing"),
        (["DELETE FROM cxr_audit_rows WHERE id > 3"], "last 2 rows are missing"),
        (["DELETE FROM cxr_audit_rows"], "last 5 rows are missing"),
        (SWAP, "Row 2"),
        (["UPDATE cxr_audit_head SET seq = 4"], "does not end where it says"),
        (["DELETE FROM cxr_audit_head"], "does not end where it says"),
    ],
)
def test_edits_deletions_and_moves_are_found(
    commands: list[str], said: str, tmp_path: Path
) -> None:
    place = tmp_path / "audit.sqlite3"
    begun(str(place))
    forged(place, *commands)
    assert any(said in text for text in found(str(place))), found(str(place))


def test_a_row_that_was_written_anew_with_its_own_hash_is_found(tmp_path: Path) -> None:
    place = tmp_path / "audit.sqlite3"
    begun(str(place))
    rows, _ = read(str(place))
    new = follow(ChainHead(2, rows[1].hash), event(7).told)
    forged(
        place, f"UPDATE cxr_audit_rows SET body = '{new.body}', hash = '{new.hash}' WHERE id = 3"
    )
    assert found(str(place)) == ["Row 4: does not follow the row before it."]


@pytest.mark.parametrize("rows", [3, 5, 6])
def test_a_log_that_was_written_anew_is_found_by_an_export(rows: int, tmp_path: Path) -> None:
    head = begun(str(tmp_path / "audit.sqlite3"))
    other = str(tmp_path / "other.sqlite3")
    log = Log(other)
    log.add([event(i, "Other") for i in range(rows)])
    log.close()
    assert found(other) == []  # nothing in it says so
    assert found(other, str(head)) != []


def test_of_two_exports_of_one_row_both_are_looked_at(tmp_path: Path) -> None:
    place = str(tmp_path / "audit.sqlite3")
    head = begun(place)
    forged_head = f"{head.seq}:{'f' * 64}"
    for heads in ((forged_head, str(head)), (str(head), forged_head)):
        assert found(place, *heads) != []
    assert found(place, str(head), str(head)) == []


def test_a_log_that_was_cut_cleanly_is_found_by_an_export(tmp_path: Path) -> None:
    place = tmp_path / "audit.sqlite3"
    head = begun(str(place))
    before = read(str(place))[0][2].hash
    forged(
        place,
        "DELETE FROM cxr_audit_rows WHERE id > 3",
        f"UPDATE cxr_audit_head SET seq = 3, hash = '{before}'",
    )
    assert found(str(place)) == []
    assert found(str(place), str(head)) == ["Row 5: missing, and an export speaks of it."]


def test_a_log_that_was_tampered_with_takes_no_more(tmp_path: Path) -> None:
    place = tmp_path / "audit.sqlite3"
    begun(str(place))
    with sqlite3.connect(place) as connection:
        connection.execute("UPDATE cxr_audit_head SET seq = 3")
    connection.close()
    with pytest.raises(ReviewError, match=r"\[broken_log\]"):
        begun(str(place))


KILLED = """
import sys
sys.path.insert(0, sys.argv[2])
from cxr.audit.events import Event
from cxr.audit.log import Log
log = Log(sys.argv[1])
while True:
    head = log.add([Event("shown", "s", "w", {"film": "f" * 64})] * 3)
    print(head, flush=True)
"""


def test_a_writer_that_is_killed_leaves_a_whole_log(place: str) -> None:
    told = []
    for rows in (1, 4, 9):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, place, str(ROOT)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        told += [process.stdout.readline().strip() for _ in range(rows)]
        process.send_signal(signal.SIGKILL)
        told += process.stdout.read().split()  # as much as it said before it heard
        process.wait()
    assert found(place, *[each for each in told if len(each) > 65]) == []
    assert read(place)[1].seq >= int(told[-1].partition(":")[0])


SIDE = """
import sys
sys.path.insert(0, sys.argv[2])
from cxr.audit.events import Event
from cxr.audit.log import Log
log = Log(sys.argv[1])
for i in range(10):
    log.add([Event("shown", sys.argv[3], "w", {"n": i})])
"""


def test_several_processes_and_threads_write_one_chain(place: str) -> None:
    command = [sys.executable, "-c", SIDE, place, str(ROOT)]
    processes = [subprocess.Popen([*command, str(i)]) for i in range(3)]
    log = Log(place)
    threads = [
        threading.Thread(target=lambda: [log.add([event(i)]) for i in range(10)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait() for process in processes] == [0, 0, 0]
    rows, head = read(place)
    assert head.seq == len(rows) == 70
    assert found(place) == []
    for name in map(str, range(3)):  # each one's own rows in its own order
        own = [told for row in rows if (told := json.loads(row.body))["session"] == name]
        assert [told["n"] for told in own] == list(range(10))


def test_what_a_verdict_leaves_here_has_no_note_and_no_file() -> None:
    kept = verdict(note="Planted Name", image="Planted^Name.png")
    told = json.dumps(events.verdict(kept))
    assert "Planted" not in told
    assert kept.case in told
    assert events.verdict(verdict(note="other"))["sha256"] != events.verdict(kept)["sha256"]


def test_a_verdict_given_by_a_profile_names_it_as_every_row_does() -> None:
    kept = verdict(hospital="Planted hospital", profile="d" * 64)
    told = events.verdict(kept)
    assert told["hospital"] == "d" * 64
    assert "Planted" not in json.dumps(told)
    shipped = events.verdict(replace(kept, hospital="", profile=""))
    assert "hospital" not in shipped
    assert told["sha256"] != shipped["sha256"]


def test_a_verdict_without_later_fields_has_the_hash_that_it_always_had() -> None:
    kept = verdict()
    held = {name: value for name, value in asdict(kept).items() if name not in LATER}
    text = json.dumps(held, sort_keys=True, ensure_ascii=True)
    assert events.verdict(kept)["sha256"] == sha256(text.encode()).hexdigest()
    marked = replace(kept, mark=".1000,.2000,.3000,.4000")
    assert events.verdict(marked)["sha256"] != events.verdict(kept)["sha256"]


def run(*asked: object) -> int:
    return main([str(each) for each in asked])


def test_the_command_line(
    tmp_path: Path,
    phantom_model: cxr.Classifier,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from films import film, png

    place = tmp_path / "audit.sqlite3"
    monkeypatch.setenv("CXR_AUDIT", str(place))
    assert run("audit", "verify") == 2
    assert not exists(str(place))
    head = begun(str(place))
    export = tmp_path / "report.json"
    made = make(png(film()), phantom_model, tested=False, log_head=str(head))
    export.write_bytes(to_json(made))
    assert run("audit", "verify", "--export", export) == 0
    assert str(head) in capsys.readouterr().out
    assert run("audit", "show", "--film", "0" * 63 + "3") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["seq"] == 4
    (tmp_path / "odd.json").write_text('{"log_head": [1]}')
    assert run("audit", "verify", "--export", tmp_path / "odd.json") == 1
    capsys.readouterr()
    forged(place, "UPDATE cxr_audit_rows SET body = 'x' WHERE id = 3")
    assert run("audit", "show") == 0, "what was edited is shown as it is"
    assert "x" in capsys.readouterr().out.splitlines()
    forged(place, "DELETE FROM cxr_audit_rows WHERE id = 2")
    assert run("audit", "verify") == 1
    assert "Rows 2 to 2: missing." in capsys.readouterr().out
    (tmp_path / "none.csv").write_text("file,log_head\nx,\n")
    assert run("audit", "verify", "--export", tmp_path / "none.csv") == 2


def test_a_log_that_is_not_there_is_said_and_not_begun(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = tmp_path / "audit.sqlite3"
    for part in ("verify", "show"):
        assert run("audit", part, "--log", nowhere) == 2
        assert "[no_log]" in capsys.readouterr().err
    assert not nowhere.exists()
