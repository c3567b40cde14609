"""Read by a hospital's profile, and for a hospital that the model does not know."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from appwalk import text
from films import film, png
from sites import profile, reference, some_head
from streamlit.testing.v1 import AppTest

import cxr
from cxr.site import store
from ui.base.words import odds
from ui.panels.export import scores_csv
from ui.session import films as ui_films
from ui.session import hospitals
from ui.session.hospitals import KNOWN, OTHER

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
    return [box.label for box in app.sidebar.selectbox]


def test_without_anything_to_hold_a_film_against_nothing_is_asked(app: AppTest) -> None:
    _with_film(app)
    assert _picker(app) == ["Model"]
    assert 'class="cxr-call"' in text(app)


def test_a_profile_is_picked_and_said_before_the_bars(
    app: AppTest, phantom_model: cxr.Classifier
) -> None:
    site = profile(phantom_model, some_head(phantom_model))
    store.save(site)
    _with_film(app.run())
    assert _picker(app) == ["Model", "Films from"]
    assert 'class="cxr-call"' in text(app)  # no bundle's films to hold it against, no profile yet
    app.sidebar.selectbox(key="hospital").set_value(site.identity).run()
    page = text(app)
    there = phantom_model.at(site).predict([cxr.read(FILM)])[0]
    side = "Above" if there.log_odds("T", "N") >= site.threshold else "Below"
    assert f"{side} the T threshold of Drawn hospital" in page
    assert f"Log-odds T against N: {odds(there.log_odds('T', 'N'))}" in page
    assert 'class="cxr-call"' not in page
    assert page.index('class="cxr-stands"') < page.index('class="cxr-bars"')
    assert "The bars are its head’s" in page
    captions = " ".join(str(each) for each in app.radio[0].proto.captions)
    assert "the T threshold" in captions
    app.sidebar.selectbox(key="hospital").set_value(OTHER).run()
    assert 'class="cxr-call"' in text(app)


def test_a_hospital_that_it_does_not_know_gets_a_place_and_no_letter(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cxr.screening.standing.reference_of", reference)
    _with_film(app.run())
    page = text(app)
    assert "of 100 films of N" in page
    assert "hospitals that it had not seen" in page
    assert 'class="cxr-call"' not in page
    assert 'class="cxr-point"' not in page  # the operating point of known hospitals
    app.sidebar.selectbox(key="hospital").set_value(KNOWN).run()
    assert 'class="cxr-call"' in text(app)
    assert 'class="cxr-stands"' not in text(app)


def test_a_profile_of_another_network_is_not_offered(
    app: AppTest, phantom_model: cxr.Classifier
) -> None:
    store.save(profile(phantom_model, network="0" * 64))
    _with_film(app.run())
    assert _picker(app) == ["Model"]


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
    (pile,) = app.session_state["hospital-piles"].values()
    assert [held.label for held in pile.held.values()] == ["N"]
    app.switch_page("pages/read.py").run()
    app.button(key="known-N").click().run()
    assert [film.label for film in app.session_state["films"].values()] == [""]
