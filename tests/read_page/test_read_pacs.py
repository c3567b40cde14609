"""Films from the PACS on Read, and results back to it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from appwalk import FILM, click, downloads, listed, text, upload
from auditlog import told
from dicomweb_server import Server, serving
from films import lut
from pacsfilms import stored, there, uids
from pydicom import dcmread
from streamlit.testing.v1 import AppTest

import cxr
from cxr.dicom_out.marks import Map, Window
from cxr.dicom_out.results import Result, results
from cxr.dicomweb import session
from cxr.dicomweb.reference import series_of
from ui.panels import as_shown
from ui.session import films as ui_films


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, app: AppTest) -> Iterator[Server]:
    monkeypatch.setattr(session, "PAUSE", 0.0)
    with serving() as server:
        monkeypatch.setenv("CXR_PACS", server.pacs().url)
        server.hold(stored(study=1), stored(study=2, StudyDate="20261102"))
        yield server


def keys(at: AppTest) -> set[str]:
    return {button.key for button in at.button}


def searched(at: AppTest) -> AppTest:
    at.run()
    click(at, "pacs")
    (form,) = (button for button in at.button if button.label == "Search")
    form.click()
    return at.run()


def test_without_a_pacs_there_is_nothing_of_it(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CXR_PACS", raising=False)
    app.run()
    assert "pacs" not in keys(app)
    upload(app, ("a.dcm", stored()))
    assert not {"pacs", "pacs-send"} & keys(app)
    assert "For the film’s study" in text(app)


def test_wrong_settings_are_said(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXR_PACS", "ftp://pacs")
    app.run()
    assert "bad" in text(app)
    assert "pacs" not in keys(app)


def test_films_are_fetched_read_and_sent_back(app: AppTest, server: Server) -> None:
    searched(app)
    choice = app.multiselect(key="pacs-taken")
    assert [option[:10] for option in choice.options] == ["2026-11-02", "2026-11-01"]
    choice.set_value([str(there(None, study=number)) for number in (2, 1)])
    app.run()
    click(app, "pacs-fetch")
    assert len(listed(app)) == 2
    assert "Müller" not in text(app)
    for said in ("in the PACS.", "there already."):
        click(app, "pacs-send")
        assert said in text(app)
    assert len(server.stored) == 2
    kept = {str(ds.SeriesInstanceUID) for ds in server.heads.values()}
    assert series_of("report", uids(study=2)[2]) in kept


def test_results_that_leave_are_told_to_the_log(
    app: AppTest, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXR_AUDIT", str(tmp_path / "audit.sqlite3"))
    data = stored(study=1)
    upload(app, ("a.dcm", data))
    saved = downloads(app, monkeypatch)["dicom-1"]()
    with zipfile.ZipFile(io.BytesIO(saved)) as files:
        made = {str(dcmread(files.open(each)).SOPInstanceUID) for each in files.namelist()}
    for _ in range(2):
        click(app, "pacs-send")
    rows = told(tmp_path / "audit.sqlite3", "exported")
    assert [row["what"] for row in rows] == ["DICOM", *["DICOM, to the PACS"] * 2]
    assert {row["film"] for row in rows} == {sha256(data).hexdigest()}
    assert [set(row["instances"]) for row in rows] == [made] * 3
    assert [row.get("sent") for row in rows] == [None, 2, 0]
    assert set(server.stored) == made


def test_films_of_any_part_are_found_on_wish(app: AppTest, server: Server) -> None:
    server.hold(stored(study=3, StudyDate="20261103", BodyPartExamined="KNEE"))
    searched(app)
    assert len(app.multiselect(key="pacs-taken").options) == 2
    app.selectbox(key="pacs-part").set_value("Any")
    (form,) = (button for button in app.button if button.label == "Search")
    form.click().run()
    assert len(app.multiselect(key="pacs-taken").options) == 3


def test_a_part_of_the_body_may_be_typed_and_what_it_leaves_out_is_said(
    app: AppTest, server: Server
) -> None:
    server.hold(stored(study=3, StudyDate="20261103", BodyPartExamined=None))
    searched(app)
    assert len(app.multiselect(key="pacs-taken").options) == 3, "Chest takes it too"
    for typed, films in (("TORAX", 0), ("any", 3), ("x" * 17, None)):
        box = app.selectbox(key="pacs-part")
        box.options.append(typed)  # the tests' harness knows only what can be picked
        box.set_value(typed)
        (form,) = (button for button in app.button if button.label == "Search")
        form.click().run()
        shown = [each for each in app.multiselect if each.key == "pacs-taken"]
        assert (len(shown[0].options) if shown else 0) == (films or 0)
        if films == 0:
            assert "2 series of other parts of the body are left out" in text(app)
            assert "1 series of which the PACS names no part of the body are left out" in text(app)
            assert "No film that fits." in text(app)
    assert "[bad_query]" in text(app).replace("\\", "")


def test_a_fault_is_a_sentence_and_the_button_tries_again(app: AppTest, server: Server) -> None:
    server.faults = ["503"] * 2
    searched(app)
    assert "busy" in app.info[0].value
    searched(app)
    app.multiselect(key="pacs-taken").set_value([str(there(None, study=n)) for n in (1, 2)])
    app.run()
    server.faults = ["", *["half"] * 2]
    click(app, "pacs-fetch")
    assert "broke off" in app.info[0].value
    click(app, "pacs-fetch")
    assert len(listed(app)) == 2  # the one that had come is not there twice
    server.faults = ["401"]
    click(app, "pacs-send")
    assert "[pacs_login]" in text(app)
    click(app, "pacs-send")
    assert "in the PACS." in text(app)
    assert len(server.stored) == 2


def test_what_no_film_gets_past_is_met_once(app: AppTest, server: Server) -> None:
    searched(app)
    app.multiselect(key="pacs-taken").set_value([str(there(None, study=n)) for n in (1, 2)])
    app.run()
    server.login = "someone:else"
    before = len(server.asked)
    click(app, "pacs-fetch")
    assert "[pacs_login" in app.info[0].value.replace("\\", "")
    assert len(server.asked) == before + 1


def test_the_window_as_shown_is_sent_where_it_is_wanted(app: AppTest, server: Server) -> None:
    upload(app, ("a.dcm", stored()))
    app.session_state["windows"] = {1: Window(120, 80)}
    click(app, "pacs-send")
    assert "2 files" in text(app)
    app.toggle(key="window-as-shown").set_value(True)
    app.run()
    click(app, "pacs-send")
    assert "3 files" in text(app)
    (state,) = (ds for ds in server.heads.values() if ds.Modality == "PR")
    assert state.SeriesInstanceUID == series_of("presentation", uids()[2])


def test_the_map_that_is_sent_is_the_one_that_is_shown(
    app: AppTest, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, str] | None] = []

    def made(data: bytes, found: Any, model: Any, drawn: Map | None, **how: Any) -> list[Result]:
        sent.append(drawn and (drawn.label, drawn.method))
        return results(data, found, model, drawn, **how)

    monkeypatch.setattr("ui.transfer.pacs.results", made)
    upload(app, ("a.dcm", stored()))
    click(app, "map")
    for label in ("T", "N"):
        next(c for c in app.segmented_control if c.label == "Class").set_value(label).run()
        if "insist" in keys(app):
            click(app, "insist")
        click(app, "pacs-send")
    click(app, "map")
    click(app, "pacs-send")
    assert sent == [("T", "gradcam"), ("N", "gradcam"), None]


def test_a_file_has_the_map_that_is_shown_when_it_is_made(
    phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The map's own part of the page is drawn anew without the page that offers the file."""
    monkeypatch.setattr("streamlit.session_state", {})
    film, other = (ui_films.Film(number, "a.dcm", stored(), "0" * 64) for number in (1, 2))
    held = as_shown.map_shown(film, phantom_model)
    assert held() is None
    for label in ("T", "N"):
        as_shown.keep_map(film, phantom_model, Map(np.zeros((2, 2), np.float32), "gradcam", label))
        assert getattr(held(), "label", "") == label
    as_shown.keep_map(other, phantom_model, Map(np.zeros((2, 2), np.float32), "gradcam", "T"))
    assert held() is None, "another film is shown"


def test_a_window_that_cannot_be_said_is_named_and_the_rest_is_sent(
    app: AppTest, server: Server
) -> None:
    upload(app, ("a.dcm", stored(RescaleSlope=2, VOILUTSequence=lut(np.arange(256) // 2, 0, 8))))
    app.session_state["windows"] = {1: Window(120, 80)}
    app.toggle(key="window-as-shown").set_value(True)
    app.run()
    assert "straight line" in text(app)
    click(app, "pacs-send")
    assert "2 files" in text(app)


def test_what_has_no_scores_or_hides_them_has_no_results(app: AppTest, server: Server) -> None:
    upload(app, ("a.dcm", stored(Modality="CT")))
    assert "pacs-send" not in keys(app)
    app.toggle(key="call-first").set_value(True).run()
    upload(app, ("a.dcm", stored(Modality="CT")), ("b.dcm", stored()))
    next(b for b in app.button if b.label == "Next").click().run()
    assert "pacs-send" not in keys(app)


def test_only_a_dicom_film_has_a_study(app: AppTest, server: Server, tmp_path: Path) -> None:
    upload(app, ("a.png", FILM))
    assert "pacs-send" not in keys(app)
    assert "For the film’s study" not in text(app)
