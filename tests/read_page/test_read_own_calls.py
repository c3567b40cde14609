"""The reader's own call of a film, before its scores and after."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from appwalk import FILM, OTHER, click, listed, text, upload
from streamlit.testing.v1 import AppTest

import cxr
from ui.session import films as ui_films
from ui.session import own_calls
from ui.session.own_calls import Call
from ui.transfer.export import scores_csv

BARS = 'class="cxr-bars"'


def say(at: AppTest, stage: str, number: int, label: str, sure: int) -> AppTest:
    at.segmented_control(key=f"own-label-{stage}-{number}").set_value(label)
    at.segmented_control(key=f"own-sure-{stage}-{number}").set_value(sure).run()
    assert not at.exception
    return at


def test_scores_wait_for_the_reader_s_call_if_he_wishes(app: AppTest) -> None:
    app.toggle(key="call-first").set_value(True).run()
    upload(app, ("a.png", FILM), ("b.png", OTHER))
    assert BARS not in text(app)
    assert [row["said"] for row in listed(app)] == ["waits for your call"] * 2
    assert app.button(key="map").disabled
    assert app.button(key="own-show").disabled
    say(app, "before", 1, "T", 4)
    assert BARS not in text(app)
    click(app, "own-show")
    assert BARS in text(app)
    assert "Before the scores: T, sure" in text(app)
    assert "you: T" in listed(app)[0]["said"]
    say(app, "after", 1, own_calls.OTHER, 2)
    assert app.session_state["own-calls"] == {
        (1, "before"): Call("T", 4),
        (1, "after"): Call("other", 2),
    }
    next(b for b in app.button if b.label == "Next").click().run()
    assert BARS not in text(app)  # the next film waits for a call of its own


def test_a_call_beside_the_scores_is_none_before_them(app: AppTest) -> None:
    upload(app, ("a.png", FILM))
    say(app, "after", 1, "N", 3)
    assert app.session_state["own-calls"] == {(1, "after"): Call("N", 3)}
    app.toggle(key="call-first").set_value(True).run()
    assert BARS in text(app)  # which were seen: nobody is asked for a call before them


def test_a_call_that_came_back_after_a_reload_is_seen(app: AppTest) -> None:
    app.session_state["own-calls"] = {(1, "after"): Call("T", 4)}
    upload(app, ("a.png", FILM))
    chosen = [app.segmented_control(key=f"own-{what}-after-1").value for what in ("label", "sure")]
    assert chosen == ["T", 4]
    app.segmented_control(key="own-label-after-1").set_value(None).run()
    assert not app.session_state["own-calls"]


def test_own_calls_leave_with_the_scores(
    phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {(1, "before"): Call("T", 4), (1, "after"): Call("other", 2)}
    monkeypatch.setattr(own_calls, "calls", lambda: said)
    given = ui_films.Film(1, "film.png", FILM, "0" * 64)
    found = cxr.assess(FILM, phantom_model)
    reading = ui_films.Reading(prediction=found.prediction)
    row = pd.read_csv(io.BytesIO(scores_csv([(given, reading)], phantom_model))).iloc[0]
    assert list(row[["own_before", "own_before_sure"]]) == ["T", 4]
    assert list(row[["own_after", "own_after_sure"]]) == ["other", 2]
    assert row["class"] == found.prediction.label  # type: ignore[union-attr]


def test_scores_that_wait_for_a_call_do_not_leave(
    phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_calls, "why", lambda film: "waits" if film.number == 1 else "")
    reading = ui_films.Reading(prediction=cxr.assess(FILM, phantom_model).prediction)
    films = [ui_films.Film(number, "film.png", FILM, "0" * 64) for number in (1, 2)]
    refused = ui_films.Reading(cxr.NotARadiograph("not_chest", "A knee."))
    given = [*((film, reading) for film in films), (films[0], refused)]
    waits, called, no_film = pd.read_csv(io.BytesIO(scores_csv(given, phantom_model))).iloc
    assert (no_film.refused, no_film.message) == ("not_chest", "A knee.")
    assert called[["class", "p_T", "raw_T", "abnormal_log_odds"]].notna().all()
    assert waits[["class", "p_T", "raw_T", "abnormal_log_odds", "passport"]].isna().all()
    assert waits.message == "It waits."
