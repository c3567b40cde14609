"""The app without a browser: what the pages say and do."""

from __future__ import annotations

import io
import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from films import film, png
from PIL import Image
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Radio

import cxr
from cxr import overlay
from cxr.explain import Stage, words
from ui import films as ui_films
from ui import map_work, maps, models
from ui.desk import Job, Shelf
from ui.viewer import Look
from ui.words import plain, score

APP = Path(__file__).parents[1] / "app.py"
FILM = png(film(300, 260))
OTHER = png(film(200, 260))
NOT_A_FILM = b"no film, but text"


@pytest.fixture(autouse=True)
def _own_desk() -> Iterator[None]:
    """Streamlit's tests all run as one session, which would share its cache."""
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture
def app(phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app with one model, labels N and T, its notice accepted."""
    monkeypatch.setenv("CXR_MODELS", str(phantom_model.bundle.folder.parent))
    monkeypatch.delenv("CXR_DATA", raising=False)
    return accepted()


def start() -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=120).run()
    assert not at.exception
    return at


def accepted() -> AppTest:
    return click(start(), "accept")


def click(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception
    return at


def upload(at: AppTest, *files: tuple[str, bytes]) -> AppTest:
    uploader = at.file_uploader[0]
    uploader.set_value([(name, data, "application/octet-stream") for name, data in files])
    at.run()
    assert not at.exception
    return at


def listed(at: AppTest) -> Radio[int]:
    """The list of films."""
    return next(radio for radio in at.radio if radio.label.startswith("Films"))


def text(at: AppTest) -> str:
    """All that the page says in its own HTML and in messages."""
    return "\n".join([e.value for e in [*at.get("html"), *at.info, *at.caption]])


def plates(at: AppTest) -> list[dict[str, Any]]:
    """What lies on the light box."""
    boxes = [e.proto for e in at.get("bidi_component") if e.proto.component_name == "cxr_viewer"]
    return [plate for box in boxes for plate in json.loads(box.json)["plates"]]


def maps_shown(at: AppTest) -> list[str]:
    return [layer["name"] for plate in plates(at) for layer in plate["layers"]]


def titles(at: AppTest) -> list[str]:
    return [plate["title"] for plate in plates(at)]


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
    assert f"{wanted.label} {score(wanted.probabilities[wanted.label])}" in text(app)
    assert f"margin {score(wanted.margin)}" in text(app)
    assert cxr.NOTICE in text(app)
    assert phantom_model.bundle.digest[:12] in text(app)


def test_refused_files_stay_in_the_list_with_their_code(app: AppTest) -> None:
    upload(app, ("a.png", FILM), ("b.txt", NOT_A_FILM), ("c.png", OTHER))
    assert listed(app).options == [plain(n) for n in ("a.png", "b.txt", "c.png")]
    captions = listed(app).proto.captions
    assert plain("[not_an_image]") in captions[1]
    assert "margin" in captions[0]
    assert "margin" in captions[2]
    listed(app).set_value(2).run()
    assert plain("[not_an_image]") in app.info[0].value
    assert app.button(key="map").disabled


def test_next_and_previous_hold_at_the_ends(app: AppTest) -> None:
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    following = next(b for b in app.button if b.label == "Next")
    following.click().run()
    assert app.session_state["film"] == 2
    assert next(b for b in app.button if b.label == "Next").disabled


def test_a_key_pressed_before_the_browser_knows_of_a_step_does_not_undo_it(app: AppTest) -> None:
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    before = listed(app)._widget_state  # which a browser sends until it has drawn the next film
    next(b for b in app.button if b.label == "Next").click().run()
    states = app._tree.get_widget_states()
    states.widgets.append(before)
    states.widgets.append(WidgetState(id=app.button(key="map").id, trigger_value=True))
    app._run(states)
    assert app.session_state["film"] == 2
    assert app.session_state["asked"] == {2}


def test_remove_forgets_the_film(app: AppTest) -> None:
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    click(app, "remove")
    assert [f.name for f in app.session_state["films"].values()] == ["b.png"]
    click(app, "clear")
    assert not app.session_state["films"]
    assert app.file_uploader


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
    assert listed(app).options == [r"\<b\>x\<\/b\> \*\*y\*\* \:smile\:\.png"]


def test_there_is_a_map_only_when_asked_for(app: AppTest) -> None:
    upload(app, ("a.png", FILM))
    assert titles(app) == ["Film"]
    assert not maps_shown(app)
    click(app, "map")
    assert titles(app) == ["Film", "Map"]
    given = next(iter(app.session_state["readings"].values())).prediction.label
    assert maps_shown(app) == [f"{given} · Grad-CAM"]
    click(app, "map")
    assert titles(app) == ["Film"]


def test_one_film_on_another_or_side_by_side(app: AppTest) -> None:
    upload(app, ("a.png", FILM))
    click(app, "map")
    first, second = plates(app)
    assert first["film"]["url"] == second["film"]["url"]  # sent once
    app.toggle(key="beside").set_value(False).run()
    assert titles(app) == ["Map"]


def test_class_and_method_can_be_chosen(app: AppTest, phantom_model: cxr.Classifier) -> None:
    upload(app, ("a.png", FILM))
    p = phantom_model.predict([cxr.read(FILM)])[0].probabilities
    click(app, "map")
    method, label = app.segmented_control
    assert len(method.options) == 5
    assert label.options == ["N", "T"]
    for choice in label.options:
        app.segmented_control[1].set_value(choice).run()
        if p[choice] < 0.1:
            click(app, "insist")
        app.segmented_control[0].set_value("occlusion").run()
        wait(lambda: not running(app))
        app.run()
        assert maps_shown(app) == [f"{choice} · Occlusion"]


def lung_finder(probability: float) -> SimpleNamespace:
    """Finds lungs in the left half of any film, and lets any film in."""
    found = np.zeros((64, 64), np.float32)
    found[:, :32] = probability
    bundle = SimpleNamespace(operating_points={"lung": {"threshold": 0.0}})
    return SimpleNamespace(find=lambda _: found, has_lungs=lambda p: p.max() > 0.5, bundle=bundle)


def test_the_evidence_comes_below_the_map(
    app: AppTest, phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "finder", lambda: lung_finder(0.9))
    upload(app, ("a.png", FILM))
    click(app, "map")
    assert titles(app) == ["Film", "Map"]  # which waits for no evidence
    app.toggle(key="lungs").set_value(True)
    app.toggle(key="twin").set_value(True).run()
    for _ in range(2):
        wait(lambda: not running(app))
        app.run()
    assert titles(app) == ["Map", "Map of shuffled weights", "Lungs"]
    film = cxr.read(FILM)
    label = phantom_model.predict([film])[0].label
    values = cxr.explain.grad_cam(phantom_model, film, label)
    tested = cxr.explain.faithfulness(phantom_model, film, label, values)
    found = np.zeros((64, 64), np.float32)
    found[:, :32] = 1
    for said in (words.faithful(tested, label), words.lung_share(values, found)):
        assert said in text(app)
    assert "Shuffled weights: the map depends on the weights" in text(app)


@pytest.mark.parametrize("finder", [None, lung_finder(0.1)])
def test_without_lungs_there_is_still_a_map(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, finder: SimpleNamespace | None
) -> None:
    monkeypatch.setattr(models, "finder", lambda: finder)
    upload(app, ("a.png", FILM))
    click(app, "map")
    assert titles(app) == ["Film", "Map"]
    assert "lungs" not in [toggle.key for toggle in app.toggle]
    assert "Lungs:" not in text(app)


def test_a_map_of_an_unlikely_class_is_drawn_only_if_insisted_on(
    app: AppTest, phantom_model: cxr.Classifier
) -> None:
    upload(app, ("a.png", FILM))
    p = phantom_model.predict([cxr.read(FILM)])[0].probabilities
    unlikely = min(p, key=lambda label: p[label])
    assert p[unlikely] < 0.1
    click(app, "map")
    app.segmented_control[1].set_value(unlikely).run()
    assert titles(app) == ["Film"]
    assert f"{unlikely} scores {score(p[unlikely])}" in text(app)
    click(app, "insist")
    assert maps_shown(app) == [f"{unlikely} · Grad-CAM"]


def test_the_picture_of_a_map_is_the_whole_film_with_its_caption(
    phantom_model: cxr.Classifier,
) -> None:
    film = cxr.read(FILM)
    prediction = phantom_model.predict([film])[0]
    name, data = maps._picture(
        Look(1, "T · Grad-CAM", 0.5, 0.4),
        film,
        ui_films.Reading(prediction=prediction),
        map_work.wanted(film, phantom_model, "T", "gradcam"),
        maps.Found(map_work.Drawn(np.full((30, 26), 0.3, np.float32))),
        phantom_model.bundle,
    )
    assert name == f"map-{film.sha256[:12]}-T-gradcam.png"
    picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    film8 = film.eight_bit
    whole = np.full(film8.shape, 0.3, np.float32)
    left = (picture.shape[1] - film8.shape[1]) // 2
    inside = picture[: film8.shape[0], left : left + film8.shape[1]]
    assert np.array_equal(inside, overlay.blend(film8, whole, "gradcam", 0.5, 0.4))


def test_the_caption_says_what_a_map_does_not_show(phantom_model: cxr.Classifier) -> None:
    film = cxr.read(FILM)
    reading = ui_films.Reading(prediction=phantom_model.predict([film])[0])
    wanted = map_work.wanted(film, phantom_model, "T", "gradcam")
    found = maps.Found(map_work.Drawn(np.zeros((30, 26), np.float32)))
    lines = maps._caption(reading, wanted, found, phantom_model.bundle)
    assert "What moved the network, not where disease is." in lines


def test_going_back_to_a_film_works_out_nothing_again(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            calls.append(name)
            return function(*args, **kwargs)

        return call

    monkeypatch.setattr(map_work, "make_map", counted("map", map_work.make_map))
    monkeypatch.setattr(ui_films, "read", counted("read", ui_films.read))
    monkeypatch.setattr(ui_films, "_read_and_score", counted("score", ui_films._read_and_score))
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    click(app, "map")
    assert sorted(calls) == ["map", "read", "read", "score", "score"]
    address = plates(app)[0]["film"]["url"]
    listed(app).set_value(2).run()
    listed(app).set_value(1).run()
    assert len(calls) == 5
    assert plates(app)[0]["film"]["url"] == address


def running(at: AppTest) -> bool:
    return any(t.name == "map" for t in threading.enumerate())


def wait(until: Callable[[], bool]) -> None:
    tick = threading.Event()
    for _ in range(600):
        if until():
            return
        tick.wait(0.05)
    raise AssertionError("nothing happened within 30 seconds")


@pytest.fixture
def endless(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app with a film on the stage and an occlusion that stays at its first, coarse map until
    it is told to end."""

    def drill_down(_: Any, film: cxr.Radiograph, *__: Any, progress: Any) -> Iterator[Stage]:
        yield Stage(np.full(film.eight_bit.shape, 0.2, np.float32), 50, 170)
        while progress(0.25) is not False:
            threading.Event().wait(0.01)
        raise cxr.Cancelled

    monkeypatch.setattr(map_work, "drill_down", drill_down)
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    click(app, "map")
    app.segmented_control[0].set_value("occlusion").run()
    assert running(app)
    return app


def test_a_coarse_map_is_shown_at_once_and_stays_when_the_rest_is_cancelled(
    endless: AppTest,
) -> None:
    assert titles(endless) == ["Film", "Map, still coarse"]
    assert "50 of 170 forward passes" in text(endless)
    click(endless, "cancel")
    wait(lambda: not running(endless))
    endless.run()
    assert titles(endless) == ["Film", "Map, still coarse"]
    assert "Stopped" in text(endless)
    click(endless, "go-on")
    assert running(endless)
    click(endless, "map")
    wait(lambda: not running(endless))


def test_the_test_of_a_map_can_be_cancelled_and_the_map_stays(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faithfulness(*_: Any, progress: Any) -> None:
        while progress(0.25) is not False:
            threading.Event().wait(0.01)
        raise cxr.Cancelled

    monkeypatch.setattr(map_work, "faithfulness", faithfulness)
    upload(app, ("a.png", FILM))
    click(app, "map")  # and the page rests, though the test goes on
    assert running(app)
    click(app, "cancel")
    wait(lambda: not running(app))
    assert titles(app) == ["Film", "Map"]
    assert "Stopped: whether the map of" in text(app)


@pytest.mark.parametrize("how", ["film", "class", "method", "hide", "remove"])
def test_a_map_in_the_making_stops_when_it_is_left(endless: AppTest, how: str) -> None:
    if how == "film":
        listed(endless).set_value(2).run()
    elif how == "class":
        label = endless.segmented_control[1]
        label.set_value(next(o for o in label.options if o != label.value)).run()
    elif how == "method":
        endless.segmented_control[0].set_value("gradcam").run()
    else:
        click(endless, "map" if how == "hide" else "remove")
    wait(lambda: not running(endless))


def test_the_table_holds_every_file_and_the_notice(
    app: AppTest, phantom_model: cxr.Classifier
) -> None:
    upload(app, ("=1+1.png", FILM), ("b.txt", NOT_A_FILM))
    readings = app.session_state["readings"]
    rows = [(f, readings[n, phantom_model.bundle.digest]) for n, f in files(app).items()]
    from ui.export import scores_csv

    table = pd.read_csv(io.BytesIO(scores_csv(rows, phantom_model.bundle)))
    assert list(table.notice) == [cxr.NOTICE] * 2
    assert list(table.file) == ["'=1+1.png", "b.txt"]
    wanted = phantom_model.predict([cxr.read(FILM)])[0]
    assert table["class"][0] == wanted.label
    assert table.p_T[0] == pytest.approx(wanted.probabilities["T"], abs=1e-6)
    assert table.refused[1] == "not_an_image"
    assert set(table.model_sha256) == {phantom_model.bundle.digest}
    assert table.sha256[0] == cxr.read(FILM).sha256


def files(at: AppTest) -> dict[int, ui_films.Film]:
    return at.session_state["films"]


def test_one_film_too_many_is_refused(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui_films, "MOST_FILMS", 1)
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    assert plain("[too_many_films]") in listed(app).proto.captions[1]


def test_a_sample_is_taken_once(app: AppTest) -> None:
    click(app, "take-child-02")
    assert "1,328 × 1,104 pixels" in text(app)
    assert "given as N" in text(app)
    click(app, "samples")
    click(app, "take-child-02")
    assert len(files(app)) == 1


def test_a_label_without_samples_says_why(app: AppTest) -> None:
    assert any("CXR_DATA" in caption.value for caption in app.caption)


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.0, "0"), (0.001, "<.01"), (0.25, ".25"), (0.999, ">.99"), (1.0, "1")],
)
def test_a_score_is_written_without_a_leading_nought(value: float, written: str) -> None:
    assert score(value) == written


def test_the_shelf_drops_what_was_used_longest_ago() -> None:
    shelf = Shelf(10)
    for key in "ab":
        shelf.get(key, lambda: 0, lambda _: 4)
    shelf.find("a")
    shelf.put("c", 1, 4)
    assert shelf.find("b") is None
    assert shelf.find("a") == 0
    assert shelf.weight == 8
    shelf.put("d", 2, 40)
    assert shelf.find("d") == 2
    assert shelf.weight == 40


def test_a_job_tells_a_refusal_from_a_fault() -> None:
    def refuse(_: Callable[[float], bool]) -> None:
        raise cxr.ExplainError("bad_patch", "Too wide.")

    job = Job("key", refuse)
    assert job.wait(30)
    assert job.refusal is not None
    assert job.refusal.code == "bad_patch"
    assert not job.cancelled
