"""Read by a hospital's profile, and for a hospital that the model does not know."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from appwalk import accepted, click, listed, text
from films import film, png
from sites import profile, reference, some_head
from streamlit.testing.v1 import AppTest

import cxr
from cxr.model.bundle import manifest_values, write_manifest
from cxr.screening import words
from cxr.site_profiles import store
from ui.base.formatting import odds, told_apart
from ui.panels import findings
from ui.session import films as ui_films
from ui.session import hospitals, operating_points
from ui.session.hospitals import KNOWN, OTHER
from ui.transfer.export import scores_csv
from ui.transfer.intake import WHOSE

FILM = png(film(300, 260))


@pytest.fixture(autouse=True)
def sites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CXR_SITES", str(tmp_path))
    return tmp_path


def _with_film(app: AppTest) -> AppTest:
    app.file_uploader[0].set_value([("film.png", FILM, "image/png")]).run()
    assert not app.exception
    return app


def _picker(app: AppTest) -> list[str]:
    return [box.label for box in app.sidebar.selectbox][:2]


def test_before_there_is_a_film_it_is_said_whose_films_are_expected(
    app: AppTest, phantom_model: cxr.Classifier
) -> None:
    site = profile(phantom_model)
    store.save(site)
    app.run()
    assert WHOSE in text(app)
    for where in (KNOWN, site.identity):
        app.sidebar.selectbox(key="hospital").set_value(where).run()
        assert WHOSE not in text(app)


def test_sets_and_operating_points_are_promised_in_known_hospitals_alone(
    phantom_model: cxr.Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(phantom_model.bundle.folder, tmp_path / "promising")
    figures = dict.fromkeys(("threshold", "sensitivity", "specificity", "wanted_sensitivity"), 0.9)
    promising = {
        "conformal": {"0.9": {"N": 0.1, "T": 0.1}},
        "operating_points": {"T": {**figures, "split": "val"}},
    }
    write_manifest(copy, manifest_values(copy) | promising)
    monkeypatch.setenv("CXR_MODELS", str(tmp_path))
    app = _with_film(accepted())
    assert _picker(app) == ["Model", "Films from"]
    assert 'class="cxr-call"' not in text(app)  # nothing to hold it against
    promises = ("Not ruled out at", "operating point", 'class="cxr-point"')
    assert not [said for said in promises if said in text(app)]
    app.sidebar.selectbox(key="hospital").set_value(KNOWN).run()
    assert [said for said in promises if said in text(app)] == list(promises)


def test_a_threshold_that_was_chosen_shows_everywhere(
    app: AppTest, phantom_model: cxr.Classifier
) -> None:
    bundle = phantom_model.bundle
    p = phantom_model.predict([cxr.read(FILM)])[0].probabilities["T"]
    at = p * 0.999
    app.session_state["thresholds"] = {(bundle.digest, "T"): at}
    _with_film(app)
    written = told_apart(p, at)
    assert f"<b>T+</b> <span>{written}, your threshold" in text(app)
    assert 'class="cxr-call"' not in text(app)
    assert "cxr-point" in text(app)
    assert f"T+ {written}" in listed(app)[0]["said"]


def test_a_threshold_that_was_chosen_leaves_with_the_scores(
    phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    prediction = phantom_model.predict([cxr.read(FILM)])[0]
    above = prediction.probabilities["T"] * 1.001
    chosen = {(phantom_model.bundle.digest, "T"): above}
    monkeypatch.setattr(operating_points, "_chosen", lambda: chosen)
    given = ui_films.Film(1, "film.png", FILM, "0" * 64)
    reading = ui_films.Reading(prediction=prediction)
    row = pd.read_csv(io.BytesIO(scores_csv([(given, reading)], phantom_model))).iloc[0]
    assert row.threshold_T == pytest.approx(above, rel=1e-4)
    assert row.called_T == "T-"
    assert np.isnan(row.threshold_N)
    assert row.abnormal_log_odds == pytest.approx(prediction.log_odds("T", "N"), abs=1e-5)


def test_a_profile_is_picked_and_said_before_the_bars(
    app: AppTest, phantom_model: cxr.Classifier
) -> None:
    figures = {
        "sensitivity": {"value": 0.85, "low": 0.62, "high": 0.97},
        "specificity": {"value": 0.7, "low": 0.46, "high": 0.88},
    }
    crude = [{"what": "corners", "trips": True}, {"what": "rim", "trips": False}]
    report = {"why": "", "shortcuts": crude, **figures}
    site = profile(phantom_model, some_head(phantom_model), report=report)
    store.save(site)
    _with_film(app.run())
    assert _picker(app) == ["Model", "Films from"]
    assert words.UNPLACED in text(app)  # no bundle's films to hold it against, no profile yet
    app.sidebar.selectbox(key="hospital").set_value(site.identity).run()
    page = text(app)
    there = phantom_model.at(site).predict([cxr.read(FILM)])[0]
    side = "Above" if there.log_odds("T", "N") >= site.threshold else "Below"
    assert f"{side} the T threshold of Drawn hospital" in page
    assert f"Log-odds T against N: {odds(there.log_odds('T', 'N'))}" in page
    assert 'class="cxr-call"' not in page
    assert page.index('class="cxr-stands"') < page.index('class="cxr-bars"')
    shown, behind = page.split("<summary>Why?", 1)
    assert (
        "Of your own films, out of fold: T called .85 (.62–.97), N not called .70 (.46–.88)."
        in shown
    )
    assert "told apart by something crude too (corners)" in behind
    assert "The bars are its head’s" in behind
    assert "the T threshold" in listed(app)[0]["said"]
    app.sidebar.selectbox(key="hospital").set_value(OTHER).run()
    assert words.UNPLACED in text(app)


def test_a_profile_of_films_without_labels_says_that_it_rests_on_none(
    app: AppTest, phantom_model: cxr.Classifier
) -> None:
    none = np.zeros(0, np.float32)
    changed = {"kind": "aligned", "films": {"": 60}, "negatives": none, "positives": none}
    store.save(profile(phantom_model, some_head(phantom_model), **changed))
    _with_film(app.run())
    app.sidebar.selectbox(key="hospital").set_value(store.kept().profiles[0].identity).run()
    shown = text(app).split("<summary>Why?", 1)[0]
    assert "The profile rests on a stated share, on no labelled film." in shown


def _links(app: AppTest) -> list[str]:
    return [each.proto.label for each in app.get("page_link")]


def test_a_hospital_that_it_does_not_know_gets_a_place_and_no_letter(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cxr.screening.standing.reference_of", reference)
    _with_film(app.run())
    page = text(app)
    shown = page.split("<summary>Why?", 1)[0]
    assert "of 100 films of N" in shown
    assert "T above, N below: films of unseen hospitals" in shown
    assert 'class="cxr-call"' not in page
    assert 'class="cxr-point"' not in page  # the operating point of known hospitals
    assert "Set up your hospital" in _links(app)
    app.sidebar.selectbox(key="hospital").set_value(KNOWN).run()
    assert 'class="cxr-call"' in text(app)
    assert 'class="cxr-stands"' not in text(app)
    assert "Set up your hospital" not in _links(app)


def test_without_films_of_unseen_hospitals_nothing_is_called_but_in_known_ones(
    app: AppTest,
) -> None:
    _with_film(app.run())
    shown, _ = text(app).split("<summary>Why?", 1)
    assert words.UNPLACED in shown
    assert words.UNPLACED_WHY in shown
    assert shown.index(words.UNPLACED) < shown.index('class="cxr-bars"')
    assert 'class="cxr-call"' not in shown
    assert "cxr-called" not in shown
    assert "Set up your hospital" in _links(app)
    assert "no call" in listed(app)[0]["said"]
    app.sidebar.selectbox(key="hospital").set_value(KNOWN).run()
    assert 'class="cxr-call"' in text(app)
    assert "cxr-called" in text(app)
    assert words.UNPLACED not in text(app)
    assert "Set up your hospital" not in _links(app)
    app.sidebar.selectbox(key="hospital").set_value(OTHER).run()
    click(app, "samples")
    click(app, "take-child-02")
    assert 'class="cxr-call"' in text(app)
    assert "margin" in listed(app)[1]["said"]


def test_a_reader_who_cannot_set_up_a_hospital_is_told_who_can(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_film(app.run())
    assert findings.ASK not in text(app)
    monkeypatch.setattr("ui.server.access.role", lambda: "reader")
    app.run()
    assert findings.ASK in text(app)
    assert "Set up your hospital" not in _links(app)
    app.sidebar.selectbox(key="hospital").set_value(KNOWN).run()
    assert findings.ASK not in text(app)


def test_a_profile_of_another_network_is_not_offered(
    app: AppTest, phantom_model: cxr.Classifier
) -> None:
    store.save(profile(phantom_model, network="0" * 64))
    _with_film(app.run())
    assert app.sidebar.selectbox(key="hospital").options == [OTHER, KNOWN]


def test_a_profile_that_is_deleted_meanwhile_loses_nothing(
    app: AppTest, phantom_model: cxr.Classifier
) -> None:
    site = profile(phantom_model)
    store.save(site)
    _with_film(app.run())
    app.sidebar.selectbox(key="hospital").set_value(site.identity).run()
    assert "Drawn hospital" in text(app)
    store.delete(site)
    app.run()
    assert not app.exception
    assert "film.png" in text(app)


def test_the_table_says_by_which_hospital(phantom_model: cxr.Classifier) -> None:
    site = profile(phantom_model, name="=Formula")
    there = phantom_model.at(site)
    found = cxr.assess(FILM, there)
    reading = ui_films.Reading(
        prediction=found.prediction, passport=found.checks, standing=found.standing
    )
    given = ui_films.Film(1, "film.png", FILM, "0" * 64)
    row = pd.read_csv(io.BytesIO(scores_csv([(given, reading)], there))).iloc[0]
    assert found.standing is not None
    assert row.hospital == "'=Formula"
    assert row.hospital_sha256 == site.identity
    assert row.log_odds_of == "T:N"
    assert row.log_odds == pytest.approx(found.standing.log_odds, abs=1e-5)
    assert row.threshold == 0.25
    assert row.called == ("T" if found.standing.called else "not T")
    assert np.isclose(row.below_negatives, found.standing.below_negatives, atol=1e-4)


def test_a_sample_is_of_a_hospital_that_it_knows(
    phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cxr.screening.standing.reference_of", reference)
    found = cxr.assess(FILM, phantom_model)
    reading = ui_films.Reading(prediction=found.prediction, standing=found.standing)
    upload = ui_films.Film(1, "film.png", FILM, "0" * 64)
    sample = ui_films.Film(2, "film.png", FILM, "0" * 64, "N", "somewhere known")
    assert hospitals.standing(upload, reading, phantom_model) is found.standing
    assert hospitals.standing(sample, reading, phantom_model) is None
    there = phantom_model.at(profile(phantom_model))
    assert hospitals.standing(sample, reading, there) is found.standing


def test_a_film_is_marked_for_the_hospital_page(app: AppTest) -> None:
    _with_film(app)
    app.button(key="known-T").click().run()
    assert [film.label for film in app.session_state["films"].values()] == ["T"]
    app.button(key="known-N").click().run()
    assert [film.label for film in app.session_state["films"].values()] == ["N"]
    app.switch_page("pages/hospital.py").run()
    app.button(key="hospital-from-read").click().run()
    (films,) = app.session_state["hospital-profile-films"].values()
    assert [held.label for held in films.held.values()] == ["N"]
    app.switch_page("pages/read.py").run()
    app.button(key="known-N").click().run()
    assert [film.label for film in app.session_state["films"].values()] == [""]


def test_a_sample_is_not_watched_as_the_hospital_s_own(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched: list[str] = []
    monkeypatch.setattr(
        "cxr.site_profiles.watch.record", lambda model, found: watched.append(found.film.sha256)
    )
    click(app, "take-child-02")
    assert len(listed(app)) == 1
    assert not watched
    _with_film(app)
    assert len(watched) == 1
