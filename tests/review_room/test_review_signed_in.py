"""Review where people sign in: a reader speaks for himself alone, and hears others after that."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from appwalk import downloads
from auditlog import told
from reviewpage import control, kept, named, opened, press, ran, section, text
from reviews import verdict
from streamlit.testing.v1 import AppTest

from cxr.review.entries import Entry
from cxr.review.exchange import from_file, to_json

A, B = "A. Reader", "B. Reader"
OUT = "Verdicts out and in"


@pytest.fixture
def role(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Gives whoever is at the page a role."""

    def given(name: str) -> None:
        monkeypatch.setattr("ui.server.access.asks", lambda: True)
        monkeypatch.setattr("ui.server.access.role", lambda: name)

    return given


@pytest.fixture
def judged(place: Path, cases: list[str], role: Callable[[str], None]) -> list[str]:
    """Two cases of A's verdict, the first of them of B's too, who is at the page as a reader."""
    role("reader")
    for case in cases[:2]:
        press(opened(A, case=case), f"verdict-label_wrong-{case}")
    press(opened(B, case=cases[0]), f"verdict-subtle-{cases[0]}")
    return cases


def exported(at: AppTest, monkeypatch: pytest.MonkeyPatch) -> list[list[Entry]]:
    section(at, OUT)
    return [from_file(make()) for make in downloads(at, monkeypatch).values()]


def test_others_rows_leave_only_of_cases_that_one_has_judged(
    judged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened(B)
    for rows in exported(at, monkeypatch):
        assert [(row.reader, row.case) for row in rows] == [(A, judged[0]), (B, judged[0])]
    assert "2 rows: your own, and all of the cases that you have judged" in text(at)
    assert exported(opened("C. Reader"), monkeypatch) == [[], []]


@pytest.mark.parametrize("name", ["instructor", "admin"])
def test_whoever_teaches_has_all_rows(
    judged: list[str], role: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    role(name)
    at = opened("C. Reader")
    assert [len(rows) for rows in exported(at, monkeypatch)] == [3, 3]
    assert "3 rows of all readers" in text(at)


def test_a_verdict_taken_back_shows_no_others(
    judged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened(B, case=judged[1])
    press(at, f"verdict-subtle-{judged[1]}")
    press(at, "undo")
    assert {row.case for row in exported(at, monkeypatch)[0] if row.reader == A} == {judged[0]}


def test_corrected_labels_tell_of_others_only_what_one_has_judged(
    judged: list[str], role: Callable[[str], None]
) -> None:
    at = opened("C. Reader")
    section(at, "Corrected labels")
    assert "0 labels corrected, 0 doubted" in text(at)
    at = opened(B)
    section(at, "Corrected labels")
    assert "0 labels corrected, 1 doubted" in text(at), "the case that both have judged"
    role("instructor")
    at = opened("C. Reader")
    section(at, "Corrected labels")
    assert "1 label corrected (1 of them by one reader alone), 1 doubted" in text(at)


def test_queues_of_what_others_say_hold_only_what_one_has_judged(
    judged: list[str], role: Callable[[str], None]
) -> None:
    assert "1 of 1 · " in text(opened(B, said="disputed"))
    assert "No case of this model is like that" in text(opened("C. Reader", said="disputed"))
    role("instructor")
    assert "1 of 1 · " in text(opened("C. Reader", said="disputed"))


def test_the_queue_of_consensus_holds_only_what_one_has_judged(
    judged: list[str], role: Callable[[str], None]
) -> None:
    at = opened(B, case=judged[0])
    ran(control(at, "Together you say").set_value("unsure").run())
    press(at, f"consensus-{judged[0]}")
    assert "1 of 1 · " in text(opened(B, said="settled"))
    assert "No case of this model is like that" in text(opened("C. Reader", said="settled"))


def test_only_an_admin_takes_verdicts_in_and_the_log_says_so(
    judged: list[str],
    place: Path,
    role: Callable[[str], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CXR_AUDIT", str(tmp_path / "audit.sqlite3"))
    for name in ("reader", "instructor"):
        role(name)
        at = opened(B)
        section(at, OUT)
        assert not at.file_uploader
        assert "Take in" not in [button.label for button in at.button]
    role("admin")
    at = opened("Chief")
    section(at, OUT)
    data = taken_in(at, place)
    (row,) = told(tmp_path / "audit.sqlite3", "taken in")
    assert row["who"] == "Chief"
    assert row["sha256"] == sha256(data).hexdigest()
    assert (row["rows"], row["new"]) == (4, 1)


def taken_in(at: AppTest, place: Path) -> bytes:
    """All rows and one of elsewhere."""
    other = verdict("Elsewhere")
    data = to_json([*kept(place), Entry(**{**vars(other), "time": "2026-01-01T00:00:00.000000Z"})])
    at.file_uploader(key="review-file").set_value([("verdicts.json", data, "application/json")])
    ran(named(at, "Take in").click().run())
    assert "1 new row; 3 here already" in text(at)
    return data


def test_without_sign_in_all_may_and_the_log_says_so_too(
    place: Path, cases: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXR_AUDIT", str(tmp_path / "audit.sqlite3"))
    for case in cases[:3]:
        press(opened(A, case=case), f"verdict-label_wrong-{case}")
    at = opened(B)
    assert [len(rows) for rows in exported(at, monkeypatch)] == [3, 3]
    taken_in(ran(at.run()), place)
    (row,) = told(tmp_path / "audit.sqlite3", "taken in")
    assert row["who"] == B
