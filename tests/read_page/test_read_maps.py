"""Maps on the first page: asked for, chosen, explained and stored."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from appwalk import FILM, OTHER, click, pick, plates, running, text, titles, upload, wait
from PIL import Image
from streamlit.testing.v1 import AppTest

import cxr
from cxr.explain import overlay
from cxr.explain_eval import words
from ui import viewer
from ui.base.formatting import score
from ui.panels import map_text
from ui.session import films as ui_films
from ui.session import map_tasks, models
from ui.viewer import MapDisplay


def maps_shown(at: AppTest) -> list[str]:
    return [layer["name"] for plate in plates(at) for layer in plate["layers"]]


def test_there_is_a_map_only_when_asked_for(app: AppTest) -> None:
    upload(app, ("a.png", FILM))
    assert titles(app) == ["Film"]
    assert not maps_shown(app)
    click(app, "map")
    assert titles(app) == ["Map"]
    given = next(iter(app.session_state["readings"].values())).prediction.label
    assert maps_shown(app) == [f"{given} · Grad-CAM"]
    click(app, "map")
    assert titles(app) == ["Film"]


def test_one_film_on_another_or_side_by_side(app: AppTest) -> None:
    upload(app, ("a.png", FILM))
    click(app, "map")
    assert titles(app) == ["Map"]
    app.toggle(key="beside").set_value(True).run()
    assert titles(app) == ["Film", "Map"]
    first, second = plates(app)
    assert first["film"]["url"] == second["film"]["url"]  # sent once


def test_the_map_stays_from_film_to_film(app: AppTest) -> None:
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    click(app, "map")
    pick(app, 2)
    assert titles(app) == ["Map"]
    click(app, "map")
    pick(app, 1)
    assert titles(app) == ["Film"]


def test_a_picture_asked_for_as_the_class_changes_waits_for_its_map(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(app, ("a.png", FILM))
    click(app, "map")
    asked = {"plate": 1, "layer": "none", "opacity": 0.5, "scale": 0.5, "serial": 1}
    told = viewer._asked
    monkeypatch.setattr(
        viewer, "_asked", lambda key, what: asked if what == "picture" else told(key, what)
    )
    labels = next(each for each in app.segmented_control if set(each.options) == {"N", "T"})
    other = next(label for label in labels.options if label != labels.value)
    labels.set_value(other).run()
    assert not app.exception


def test_class_and_method_can_be_chosen(app: AppTest, phantom_model: cxr.Classifier) -> None:
    upload(app, ("a.png", FILM))
    p = phantom_model.predict([cxr.read(FILM)])[0].probabilities
    click(app, "map")
    method, label = app.segmented_control[0], app.segmented_control[1]
    assert len(method.options) == 5
    assert label.options == ["N", "T"]
    for choice in label.options:
        app.segmented_control[1].set_value(choice).run()
        if p[choice] < 0.1:
            click(app, "insist")
        app.segmented_control[0].set_value("occlusion").run()
        wait(lambda: not running(app))
        app.run()
        speaks = f"orange speaks for {choice}, blue against it"
        assert maps_shown(app) == [f"{choice} · Occlusion"]
        assert titles(app) == [f"Map: {speaks}"]


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
    assert titles(app) == ["Map"]  # which waits for no evidence
    app.toggle(key="lungs").set_value(True)
    app.toggle(key="randomised").set_value(True).run()
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
    assert titles(app) == ["Map"]
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
    name, data = map_text.picture(
        MapDisplay(1, "T · Grad-CAM", 0.5, 0.4),
        film,
        ui_films.Film(1, "a.png", FILM, "0" * 64),
        ui_films.Reading(prediction=prediction),
        map_tasks.wanted(film, phantom_model, "T", "gradcam"),
        map_text.MapEvidence(map_tasks.ComputedMap(np.full((30, 26), 0.3, np.float32))),
        phantom_model,
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
    given = ui_films.Film(1, "a.png", FILM, "0" * 64)
    reading = ui_films.Reading(prediction=phantom_model.predict([film])[0])
    wanted = map_tasks.wanted(film, phantom_model, "T", "gradcam")
    found = map_text.MapEvidence(map_tasks.ComputedMap(np.zeros((30, 26), np.float32)))
    lines = map_text.caption(given, reading, wanted, found, phantom_model)
    assert "What moved the network, not where disease is." in lines


def test_the_lines_under_a_saved_map_say_what_it_is_and_whose(
    phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[list[str]] = []
    drawn = overlay.export_png

    def noted(film8: Any, whole: Any, method: str, lines: list[str], *more: Any) -> bytes:
        told.append(lines)
        return drawn(film8, whole, method, lines, *more)

    monkeypatch.setattr(overlay, "export_png", noted)
    film = cxr.read(FILM)
    prediction = phantom_model.predict([film])[0]
    turned = ui_films.Change(turns=1)
    for given in (
        ui_films.Film(1, "a.png", FILM, "0" * 64, change=turned),
        ui_films.Film(2, "child-01", FILM, "0" * 64, "P", "Guangzhou"),
    ):
        map_text.picture(
            MapDisplay(1, "T · Grad-CAM", 0.5, 0.4),
            film,
            given,
            ui_films.Reading(prediction=prediction),
            map_tasks.wanted(film, phantom_model, "T", "gradcam"),
            map_text.MapEvidence(map_tasks.ComputedMap(np.full((30, 26), 0.3, np.float32))),
            phantom_model,
        )
    (when, change, *rest), (sample, *_) = told
    assert re.match(r"Saved \d{4}-\d\d-\d\d \d\d:\d\d", when)
    assert when.endswith("films from: Another hospital")
    assert change == "Film turned 90°"
    said = "\n".join(rest)
    bundle = phantom_model.bundle
    p = prediction.probabilities["T"]
    for part in (bundle.name, bundle.digest[:12], f"score {score(p)}", words.CAVEAT):
        assert part in said
    assert "a.png" not in "\n".join(told[0]), "the file's name is not asked for"
    assert sample.endswith("films from: Guangzhou")


def test_going_back_to_a_film_works_out_nothing_again(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            calls.append(name)
            return function(*args, **kwargs)

        return call

    monkeypatch.setattr(map_tasks, "make_map", counted("map", map_tasks.make_map))
    monkeypatch.setattr(ui_films, "read", counted("read", ui_films.read))
    monkeypatch.setattr(ui_films, "_read_and_score", counted("score", ui_films._read_and_score))
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    click(app, "map")
    assert sorted(calls) == ["map", "read", "read", "score", "score"]
    address = plates(app)[0]["film"]["url"]
    pick(app, 2)
    assert sorted(calls) == ["map", "map", "read", "read", "score", "score"]
    pick(app, 1)
    assert len(calls) == 6
    assert plates(app)[0]["film"]["url"] == address
