"""The first page without a browser: films come, are scored, refused, listed and go."""

from __future__ import annotations

import gc
import io
import re
import shutil
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from appwalk import APP, FILM, OTHER, accepted, click, listed, pick, start, text, upload
from streamlit.testing.v1 import AppTest

import cxr
from cxr.model.bundle import manifest_values, write_manifest
from cxr.teaching.samples import Sample
from ui.base.formatting import plain, score
from ui.session import films as ui_films
from ui.session import map_tasks, reload
from ui.session.hospitals import KNOWN
from ui.transfer.export import scores_csv
from ui.work import long_work
from ui.work.session_cache import Workspace

NOT_A_FILM = b"no film, but text"


def scores(at: AppTest) -> dict[str, str]:
    return dict(re.findall(r'aria-label="(\S+) (\S+)"', text(at)))


def test_nothing_is_shown_before_the_notice_is_accepted(app: AppTest) -> None:
    fresh = start()
    assert cxr.NOTICE in fresh.subheader[0].value
    assert not fresh.file_uploader
    click(fresh, "accept")
    assert fresh.file_uploader
    assert cxr.NOTICE in text(fresh)


def test_a_page_without_the_frame_shows_nothing(app: AppTest) -> None:
    page = AppTest.from_file(str(APP.parent / "pages" / "read.py"), default_timeout=120).run()
    assert not page.exception
    assert not page.main.children


def test_without_a_model_the_app_says_how_to_train_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXR_MODELS", str(tmp_path / "none"))
    at = accepted()
    assert "python -m train fit" in at.code[0].value
    assert not at.file_uploader


def test_an_altered_model_is_refused_with_its_code(
    phantom_model: cxr.Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(phantom_model.bundle.folder, tmp_path / "altered")
    with (copy / "model.tflite").open("ab") as file:
        file.write(b"\0")
    monkeypatch.setenv("CXR_MODELS", str(tmp_path))
    at = accepted()
    assert "altered" in at.info[0].value
    assert plain("[altered_file]") in at.info[0].value


def test_scores_are_the_library_s(app: AppTest, phantom_model: cxr.Classifier) -> None:
    upload(app, ("a.png", FILM))
    wanted = phantom_model.predict([cxr.read(FILM)])[0]
    assert scores(app) == {label: score(p) for label, p in wanted.probabilities.items()}
    app.sidebar.selectbox(key="hospital").set_value(KNOWN).run()
    assert f"{wanted.label} {score(wanted.probabilities[wanted.label])}" in text(app)
    assert f"margin {score(wanted.margin)}" in text(app)
    assert cxr.NOTICE in text(app)
    assert phantom_model.bundle.digest[:12] in text(app)


def test_a_model_that_is_not_shown_a_film_s_edge_says_so(
    app: AppTest, phantom_model: cxr.Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "It is not shown the outer 4.7 % at each edge."
    assert said not in text(upload(app, ("a.png", FILM)))
    copy = shutil.copytree(phantom_model.bundle.folder, tmp_path / "cropping")
    values = manifest_values(copy)
    write_manifest(copy, values | {"preprocessing": {**values["preprocessing"], "crop": 3}})
    monkeypatch.setenv("CXR_MODELS", str(tmp_path))
    assert said in text(upload(accepted(), ("a.png", FILM)))


def test_a_model_that_is_calibrated_anew_scores_anew(
    phantom_model: cxr.Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(phantom_model.bundle.folder, tmp_path / "phantom")
    monkeypatch.setenv("CXR_MODELS", str(tmp_path))
    at = upload(accepted(), ("a.png", FILM))
    before = scores(at)
    values = manifest_values(copy)
    write_manifest(copy, {**values, "temperature": 5 * values["temperature"]})
    assert scores(at.run()) != before
    wanted = cxr.load(copy).predict([cxr.read(FILM)])[0]
    assert scores(at) == {label: score(p) for label, p in wanted.probabilities.items()}


def test_refused_files_stay_in_the_list_with_their_code(app: AppTest) -> None:
    upload(app, ("a.png", FILM), ("b.txt", NOT_A_FILM), ("c.png", OTHER))
    assert [row["name"] for row in listed(app)] == ["a.png", "b.txt", "c.png"]
    assert [row["said"].startswith("Refused: not an image") for row in listed(app)] == [
        *(False, True, False)
    ]
    pick(app, 2)
    assert plain("[not_an_image]") in app.info[0].value
    assert app.button(key="map").disabled


def test_next_and_previous_hold_at_the_ends(app: AppTest) -> None:
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    following = next(b for b in app.button if b.label == "Next")
    following.click().run()
    assert app.session_state["film"] == 2
    assert next(b for b in app.button if b.label == "Next").disabled


def test_remove_forgets_the_film(app: AppTest) -> None:
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    click(app, "remove")
    assert [f.name for f in app.session_state["films"].values()] == ["b.png"]
    click(app, "clear")
    assert not app.session_state["films"]
    assert app.file_uploader


def test_what_was_removed_last_can_be_brought_back_or_forgotten(app: AppTest) -> None:
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    click(app, "clear")
    assert not app.session_state["films"]
    click(app, "bring-back")
    assert [f.name for f in app.session_state["films"].values()] == ["a.png", "b.png"]
    assert app.session_state["film"] == 1
    click(app, "remove")
    click(app, "bring-back")
    assert [f.name for f in app.session_state["films"].values()] == ["a.png", "b.png"]
    click(app, "clear")
    click(app, "forget")
    assert not app.session_state["removed"]
    assert "bring-back" not in [button.key for button in app.button]


def test_of_a_film_that_is_forgotten_no_pixel_stays(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Workspace()
    for module in (ui_films, map_tasks, long_work):
        monkeypatch.setattr(module, "workspace", lambda: here)
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    click(app, "map")
    first, second = (film.sha256 for film in app.session_state["films"].values())

    def held(film: str) -> bool:
        return film in str(list(here.shelf._held))

    click(app, "remove")
    assert held(first)  # it can be brought back
    click(app, "forget")
    assert not held(first)
    assert held(second)


def test_nothing_of_the_session_holds_on_to_a_film_that_is_forgotten(app: AppTest) -> None:
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    alive = [weakref.ref(film) for film in app.session_state["films"].values()]
    click(app, "map")
    for number in (1, 2):
        app.segmented_control(key=f"own-label-after-{number}").set_value("N").run()
        if number < 2:
            next(b for b in app.button if b.label == "Next").click().run()
    for page in ("lab", "hospital", "read"):
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception
    click(app, "clear")
    click(app, "forget")
    gc.collect()
    assert [film() for film in alive] == [None] * 2


def test_what_was_removed_makes_room(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui_films, "MOST_BYTES", len(FILM) + len(OTHER) // 2)
    upload(app, ("a.png", FILM))
    click(app, "clear")
    upload(app, ("b.png", OTHER))
    assert not app.session_state["removed"]
    assert [f.refusal for f in app.session_state["films"].values()] == [None]


def test_a_reload_brings_back_what_its_session_held(app: AppTest) -> None:
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    app.session_state["one-patient"] = [[1, 2]]
    app.session_state["tries"] = {1: ["a region"]}
    app.run()
    secret = app.session_state["tab"]
    held = reload._TABS[secret]
    asks = {"tab-secret": {"back": {"secret": secret}}}
    with stated({**asks}) as fresh:
        reload._back()
    assert fresh["accepted"]
    assert [f.name for f in fresh["films"].values()] == ["a.png", "b.png"]
    with stated(fresh | {"films": {}}) as asked_twice:
        reload._back()
    assert asked_twice["films"] == {}, "what was removed since comes back"
    held["films"].clear()  # as when the old session's time is over
    assert len(fresh["films"]) == 2
    assert (fresh["one-patient"], fresh["tries"]) == ([[1, 2]], {1: ["a region"]})
    with stated({"tab-secret": {"back": {"secret": "another's"}}}) as stranger:
        reload._back()
    assert "films" not in stranger
    assert stranger["lost"]


@contextmanager
def stated(state: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The session's state of a script that is not run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(st, "session_state", state)
        patch.setattr(ui_films, "weigh", lambda: None)
        yield state


def test_a_double_click_removes_one_film(app: AppTest, pressed_twice: None) -> None:
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    click(app, "remove")
    assert [f.name for f in app.session_state["films"].values()] == ["b.png"]
    click(app, "remove")
    assert not app.session_state["films"]


def test_a_step_after_all_films_were_removed_goes_nowhere(app: AppTest) -> None:
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    next(b for b in app.button if b.label == "Next").click()
    app.button(key="clear").click()
    states = app._tree.get_widget_states()
    states.widgets.sort(key=lambda state: "clear" not in state.id)  # as they were pressed
    app._run(states)
    assert not app.exception
    assert not app.session_state["films"]


def test_a_session_does_not_see_another_s_film(app: AppTest) -> None:
    upload(app, ("a.png", FILM))
    other = accepted()
    assert "films" not in other.session_state or not other.session_state["films"]
    upload(other, ("b.png", OTHER))
    assert "260 × 200" in text(other)
    assert "a.png" not in text(other)


def test_names_are_neither_logged_nor_printed(
    app: AppTest, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(0):
        upload(app, ("Surname^Given.png", FILM), ("Surname^Given.txt", NOT_A_FILM))
        click(app, "map")
    assert "Surname" not in caplog.text
    printed = capfd.readouterr()
    assert "Surname" not in printed.out + printed.err


def test_a_name_is_not_markup(app: AppTest) -> None:
    upload(app, ("<b>x</b> **y** :smile:.png", FILM))
    assert "&lt;b&gt;x" in text(app)
    assert "<b>x" not in text(app)
    assert listed(app)[0]["whole"] == "<b>x</b> **y** :smile:.png"  # shown as text


def files(at: AppTest) -> dict[int, ui_films.Film]:
    return at.session_state["films"]


def test_the_table_holds_every_file_and_the_notice(
    app: AppTest, phantom_model: cxr.Classifier
) -> None:
    upload(app, ("=1+1.png", FILM), ("b.txt", NOT_A_FILM))
    read = {number: reading for (number, _), reading in app.session_state["readings"].items()}
    rows = [(film, read[number]) for number, film in files(app).items()]
    table = pd.read_csv(io.BytesIO(scores_csv(rows, phantom_model)))
    assert list(table.notice) == [cxr.NOTICE] * 2
    assert list(table.file) == ["'=1+1.png", "b.txt"]
    wanted = phantom_model.predict([cxr.read(FILM)])[0]
    assert table["class"][0] == wanted.label
    assert table.p_T[0] == pytest.approx(wanted.probabilities["T"], abs=1e-6)
    assert table.refused[1] == "not_an_image"
    assert set(table.model_sha256) == {phantom_model.bundle.digest}
    assert table.sha256[0] == cxr.read(FILM).sha256


def test_one_film_too_many_is_refused(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui_films, "MOST_FILMS", 1)
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    assert listed(app)[1]["said"] == "Refused: too many films"


def test_a_sample_is_taken_once(app: AppTest) -> None:
    click(app, "take-child-02")
    assert "1,328 × 1,104 pixels" in text(app)
    assert "given as N" in text(app)
    click(app, "samples")
    click(app, "take-child-02")
    assert len(files(app)) == 1


def test_a_sample_whose_file_has_gone_is_refused(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(sample: Sample) -> bytes:
        raise FileNotFoundError

    monkeypatch.setattr(Sample, "data", gone)
    click(app, next(b.key for b in app.button if str(b.key).startswith("take-child")))
    assert plain("[empty]") in app.info[0].value


def test_a_label_without_samples_says_why(app: AppTest) -> None:
    assert any("CXR_DATA" in caption.value for caption in app.caption)
