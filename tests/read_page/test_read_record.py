"""What the page Read tells the audit log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from appwalk import FILM, OTHER, click, pick, upload
from streamlit.testing.v1 import AppTest

from cxr.audit.chain import breaks
from cxr.audit.log import Log
from ui.session import record


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CXR_AUDIT", str(tmp_path / "audit.sqlite3"))
    return tmp_path / "audit.sqlite3"


def told(place: Path) -> list[dict[str, Any]]:
    assert record._writer(str(place)).written(60)
    log = Log(str(place))
    with log.whole() as (rows, head):
        found = list(rows)
    log.close()
    assert list(breaks(found, head)) == []
    return [json.loads(row.body) for row in found]


def kinds(rows: list[dict[str, Any]]) -> list[str]:
    return [row["kind"] for row in rows]


def test_what_was_shown_of_which_film_and_for_how_long(place: Path, app: AppTest) -> None:
    upload(app, ("Planted^Name.png", FILM), ("junk.png", b"no film"))
    click(app, "map")
    pick(app, 2)
    pick(app, 1)
    rows = told(place)
    assert kinds(rows) == [
        "began",
        *["scored", "shown"],
        "scored",
        *["left", "shown"],
        "left",
        "shown",
    ]
    scored, refused = (row for row in rows if row["kind"] == "scored")
    assert set(scored["scores"]) == {"N", "T"}
    assert len(scored["film"]) == len(scored["network"]) == 64
    assert refused["refused"] == "not_an_image"
    bare, mapped, again = (row for row in rows if row["kind"] == "shown")
    assert "map" not in bare
    assert mapped["map"]["method"] == "gradcam"
    assert again["map"] == mapped["map"]
    assert all(row["seconds"] >= 0 for row in rows if row["kind"] == "left")
    assert len({row["session"] for row in rows}) == 1
    assert "Planted" not in json.dumps(rows)


def test_running_the_page_again_tells_nothing_new(place: Path, app: AppTest) -> None:
    upload(app, ("a.png", FILM))
    before = told(place)
    for _ in range(3):
        app.run()
    assert told(place) == before


def test_another_page_and_removal_end_what_was_shown(place: Path, app: AppTest) -> None:
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    click(app, "clear")
    assert kinds(told(place))[-1] == "left"


def test_a_session_that_ends_leaves_what_it_showed(place: Path) -> None:
    session = record.RecordedSession(shown="a film", about={"film": "f"}, began=True)
    session.end()
    left, ended = told(place)
    assert (left["kind"], left["film"], ended["kind"]) == ("left", "f", "ended")


def test_a_log_that_cannot_be_written_is_said_and_nothing_else_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, app: AppTest
) -> None:
    wrong = tmp_path / "no_database"
    wrong.write_bytes(b"something else, not a database at all" * 200)
    monkeypatch.setenv("CXR_AUDIT", str(wrong))
    upload(app, ("a.png", FILM))
    assert not record._writer(str(wrong)).written(60)
    app.run()
    assert not app.exception
    assert "audit log is not being written" in app.sidebar.warning[0].value
