"""What the page Read tells the audit log."""

from __future__ import annotations

import csv
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from appwalk import FILM, OTHER, accepted, click, downloads, pick, upload
from auditlog import read, told
from streamlit.testing.v1 import AppTest

import cxr
from cxr.audit.chain import ChainHead
from ui.session import record


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CXR_AUDIT", str(tmp_path / "audit.sqlite3"))
    return tmp_path / "audit.sqlite3"


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
    assert len({row["session"] for row in rows}) == 1
    assert "Planted" not in json.dumps(rows)


def test_a_film_s_row_holds_all_that_was_found(
    place: Path, whole: tuple[cxr.Classifier, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network with limits, sets and operating points; a child's film, which it flags."""
    model, path = whole
    monkeypatch.setenv("CXR_MODELS", str(model.bundle.folder.parent))
    data = path.read_bytes()
    upload(accepted(), ("child.jpg", data))
    (row,) = told(place, "scored")
    found = cxr.assess(data, model)
    prediction, checks = found.scored
    assert found.standing is not None
    assert found.sets
    begun = {name: row.pop(name) for name in ("seq", "session", "time")}
    assert begun["seq"] == 2
    assert row == {
        "kind": "scored",
        "who": "",
        "film": sha256(data).hexdigest(),
        "network": model.bundle.digest,
        "temperature": model.bundle.temperature,
        "hospital": "",
        "checks": {each.code: [each.score, each.limit] for each in checks.findings},
        "flags": ["child"],
        "scores": prediction.probabilities,
        "sets": {share: list(labels) for share, labels in found.sets.items()},
        "thresholds": {"T": model.bundle.operating_points["T"]["threshold"]},
        "log_odds": found.standing.log_odds,
        "hospital_threshold": None,
        "called": None,
    }


def test_how_long_a_film_was_on_the_screen(
    place: Path, app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(record, "monotonic", lambda: now[0])
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    now[0] += 12.34
    pick(app, 2)
    now[0] += 3
    pick(app, 1)
    first, second = told(place, "left")
    assert (first["film"], first["seconds"]) == (sha256(FILM).hexdigest(), 12.3)
    assert (second["film"], second["seconds"]) == (sha256(OTHER).hexdigest(), 3.0)


def test_scores_and_reports_carry_the_log_s_head_and_are_told_to_it(
    place: Path, app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(app, ("a.png", FILM), ("junk.png", b"no film"))
    told(place)
    rows, head = read(str(place))
    assert head == ChainHead(len(rows), rows[-1].hash)
    click(app, "report")
    given = downloads(app, monkeypatch)
    film, junk = sha256(FILM).hexdigest(), sha256(b"no film").hexdigest()
    lines = csv.DictReader(given["download-scores"]().decode("utf-8-sig").splitlines())
    assert [line["log_head"] for line in lines] == [str(head)] * 2
    made = json.loads(given[f"report-{film[:12]}-JSON"]())
    assert made["log_head"] == str(head)
    scores, report = told(place, "exported")
    assert (scores["what"], scores["films"]) == ("scores", [film, junk])
    assert report["what"] == "report, JSON"
    assert report["reports"] == [{"film": film, "report": made["sha256"]}]


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
