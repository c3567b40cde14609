"""The list of films as a worklist, and films that their reader changes."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from appwalk import FILM, OTHER, click, listed, pick, plates, text, upload
from films import dicom, film, png
from streamlit.testing.v1 import AppTest

import cxr
from ui.base.formatting import told_short
from ui.session import films as ui_films
from ui.session import hospitals, operating_points
from ui.transfer.export import scores_csv

LATERAL = dicom(film(90, 80), ViewPosition="LL")


def names(at: AppTest) -> list[str]:
    return [row["whole"] for row in listed(at)]


def choose(at: AppTest, label: str, option: str) -> AppTest:
    next(box for box in at.selectbox if box.label == label).set_value(option).run()
    assert not at.exception
    return at


def test_names_are_cut_so_that_they_still_differ() -> None:
    alike = {i: f"film-of-the-hospital-{i:03}-in-the-year-2026-frontal.dcm" for i in range(3)}
    cut = told_short(alike)
    assert len(set(cut.values())) == 3
    assert max(map(len, cut.values())) <= 24
    assert told_short({1: "short.png", 2: "short.png"}) == {1: "short.png", 2: "short.png"}


@pytest.mark.parametrize("most", [18, 24])
def test_names_that_differ_in_two_places_are_cut_so_that_all_of_them_do(most: int) -> None:
    names = [
        f"hospital-of-the-district-2024-{month:02d}-01-patient-{patient:04d}-frontal-view.dcm"
        for month in (1, 2, 11)
        for patient in (1, 2, 12, 112)
    ]
    cut = told_short(dict(enumerate([*names, names[0]])), most)
    assert len(set(cut.values())) == len(names)
    assert cut[0] == cut[len(names)], "the same name is cut the same"
    assert max(map(len, cut.values())) < len(names[0])


def test_a_file_that_came_twice_is_said_to_be_the_same(app: AppTest) -> None:
    upload(app, ("a.png", FILM), ("b.png", OTHER), ("c.png", FILM))
    assert ["the same file as a.png" in row["said"] for row in listed(app)] == [False, False, True]


def test_the_list_is_sorted_and_stepped_through_as_sorted(
    app: AppTest, phantom_model: cxr.Classifier
) -> None:
    rng = np.random.default_rng(0)
    shown = {f"{i}.png": png(rng.integers(0, 255, (90, 80)).astype(np.uint8)) for i in range(3)}
    scores = {
        n: phantom_model.predict([cxr.read(d)])[0].probabilities["T"] for n, d in shown.items()
    }
    upload(app, *shown.items(), ("none.txt", b"no film"))
    choose(app, "Order", "T first")
    wanted = sorted(scores, key=lambda name: -scores[name])
    assert names(app) == [*wanted, "none.txt"]  # what has no score comes last
    pick(app, listed(app)[0]["number"])
    next(b for b in app.button if b.label == "Next").click().run()
    assert wanted[1] in text(app)
    assert "2 of 4" in text(app)


def test_the_list_is_narrowed_and_keeps_what_is_shown(app: AppTest) -> None:
    upload(app, ("a.png", FILM), ("b.txt", b"no film"), ("c.png", OTHER))
    choose(app, "Show", "Refused")
    assert names(app) == ["a.png", "b.txt"]  # the first is on the stage, and Next goes on from it
    choose(app, "Show", "Not looked at")
    assert names(app) == ["a.png", "b.txt", "c.png"]
    next_film = next(button for button in app.button if button.label == "Next")
    assert not next_film.disabled
    next_film.click().run()
    assert "· b.txt" in text(app)
    assert names(app) == ["b.txt", "c.png"]  # the first was looked at


def test_above_threshold_says_where_no_threshold_holds(
    app: AppTest, phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(app, ("a.png", FILM))
    undeclared = "No threshold holds for films of a hospital that is not declared"
    choose(app, "Show", "Above threshold")
    assert "This model brings no threshold" in text(app)
    monkeypatch.setattr(operating_points, "shipped", lambda bundle, label: 0.5)
    assert undeclared in text(app.run())
    app.sidebar.selectbox(key="hospital").set_value(hospitals.KNOWN).run()
    assert "o threshold" not in text(app)
    app.sidebar.selectbox(key="hospital").set_value(hospitals.OTHER).run()
    assert undeclared in text(app)
    digest = phantom_model.bundle.digest
    monkeypatch.setattr(operating_points, "_chosen", lambda: {(digest, "T"): 0.5})
    assert "o threshold" not in text(app.run())


def test_what_came_while_the_list_is_narrowed_is_listed(app: AppTest) -> None:
    upload(app, ("a.png", FILM))
    choose(app, "Show", "Refused")
    upload(app, ("b.png", OTHER), ("c.txt", b"no film"))
    assert "c.txt" in names(app)
    assert not app.exception


def test_a_refused_film_is_shown_and_let_in_and_marked(app: AppTest) -> None:
    upload(app, ("lateral.dcm", LATERAL))
    assert "Refused: not frontal" in text(app)
    assert listed(app)[0]["said"] == "Refused: not frontal"
    assert len(plates(app)) == 1
    assert 'class="cxr-bars"' not in text(app)
    click(app, "let-in")
    assert 'class="cxr-bars"' in text(app)
    assert "Let in on your word" in text(app)
    assert "lateral, oblique or decubitus" in text(app)
    assert "let in on your word" in listed(app)[0]["said"]
    click(app, "as-filed")
    assert 'class="cxr-bars"' not in text(app)


def test_a_film_is_turned_and_scored_again(app: AppTest, phantom_model: cxr.Classifier) -> None:
    upload(app, ("a.png", FILM))
    click(app, "turn-right")
    click(app, "exchange")
    assert "260 × 300" not in text(app)
    assert "300 × 260" in text(app)
    said = listed(app)[0]["said"]
    assert said == "turned 90°, black and white exchanged · no call"
    (given,) = app.session_state["films"].values()
    (reading,) = app.session_state["readings"].values()
    row = pd.read_csv(io.BytesIO(scores_csv([(given, reading)], phantom_model))).iloc[0]
    assert row.changed == "turned 90°, black and white exchanged"
    turned = cxr.imaging.altered.altered(cxr.read(FILM), 1, True)
    wanted = phantom_model.predict([turned])[0].probabilities["T"]
    assert abs(row.p_T - wanted) < 1e-6
    assert ui_films.Change().said == ""


def test_the_smallest_scores_leave_with_their_digits(phantom_model: cxr.Classifier) -> None:
    found = cxr.assess(FILM, phantom_model).scored[0]
    small = {"N": 1 - 3.25e-9, "T": 3.25e-9}
    reading = ui_films.Reading(
        prediction=replace(found, probabilities=small, logits={"N": 20.0, "T": 0.0})
    )
    given = ui_films.Film(1, "film.png", FILM, "0" * 64)
    row = pd.read_csv(io.BytesIO(scores_csv([(given, reading)], phantom_model))).iloc[0]
    assert row.p_T == 3.25e-9
    assert row.raw_T == pytest.approx(np.exp(-20), rel=1e-4)
    assert row.p_N == pytest.approx(1)
