"""One patient's films: side by side, and their scores over time."""

from __future__ import annotations

import re

import cv2
import numpy as np
from appwalk import click, pick, plates, text, titles, upload
from films import dicom, film, png
from streamlit.testing.v1 import AppTest

from cxr.teaching import phantom
from ui.panels import priors

CHEST = np.ascontiguousarray(cv2.resize(phantom.draw("clear"), (360, 400)))
LATER = np.ascontiguousarray(cv2.resize(phantom.draw("lower"), (300, 340)))


def of(number: str, date: str, pixels: np.ndarray = CHEST) -> bytes:
    return dicom(pixels, PatientID=number, StudyDate=date)


def beside(at: AppTest) -> AppTest:
    at.toggle(key=priors.ASKED).set_value(True).run()
    assert not at.exception
    return at


def days(at: AppTest) -> list[str]:
    """The table's rows, by the dates that they begin with."""
    return re.findall(r'<th scope="row">([^<]*)<', text(at))


def test_films_with_one_number_stand_by_date_and_are_laid_over_each_other(
    lungs_looked_for: None, app: AppTest
) -> None:
    upload(
        app,
        ("new.dcm", of("4711", "20240503", LATER)),
        ("old.dcm", of("4711", "20240203")),
        ("other.dcm", of("12", "20240103", film(400, 360))),
    )
    assert days(app) == ["2024-02-03", "2024-05-03"]
    assert "By the dates in the files." in text(app)
    assert "than noise moves it</b>: " in text(app)
    assert "4711" not in text(app)
    assert titles(app) == ["Film"]
    beside(app)
    assert titles(app) == ["Film", "Earlier by 90 days · old.dcm"]
    here, there = (plate["place"] for plate in plates(app))
    assert here == {"scale": 1.0, "right": 0.0, "down": 0.0}
    assert abs(there["scale"] - 300 / 360) < 0.05  # the same drawing, smaller
    pick(app, 2)
    assert titles(app)[1].startswith("Later by 90 days")
    pick(app, 3)
    assert titles(app) == ["Film"]
    assert not days(app)


def test_films_without_dates_stand_as_their_reader_says(app: AppTest) -> None:
    upload(app, ("a.png", png(CHEST)), ("b.png", png(LATER)), ("c.png", png(film(400, 360))))
    assert not days(app)
    app.multiselect(key="patient-of-1-1").set_value([2, 1]).run()
    assert not app.exception
    assert days(app) == ["1.", "2."]
    assert "In your order." in text(app)
    beside(app)
    assert titles(app)[1] == "Earlier · b.png"
    pick(app, 2)
    assert titles(app)[1] == "Later · a.png"
    app.multiselect(key="patient-of-2-2-1").set_value([1]).run()  # it is nobody's again
    assert titles(app) == ["Film"]
    assert not days(app)


def test_where_no_lungs_are_found_films_stand_as_filed(app: AppTest) -> None:
    upload(app, ("a.png", png(CHEST)), ("b.png", png(np.full((300, 300), 90, np.uint8))))
    app.multiselect(key="patient-of-1-1").set_value([1, 2]).run()
    beside(app)
    assert [plate["place"] for plate in plates(app)] == [None, None]
    assert "[no_lungs]" in text(app).replace("\\", "")


def test_a_reader_is_told_that_files_name_two_patients(app: AppTest) -> None:
    upload(app, ("a.dcm", of("1", "20240503")), ("b.dcm", of("2", "20240203", LATER)))
    assert not days(app)
    app.multiselect(key="patient-of-1-1").set_value([1, 2]).run()
    assert days(app) == ["2024-02-03", "2024-05-03"]
    assert "more than one patient" in text(app)


def test_no_score_is_told_before_the_reader_s_call(app: AppTest) -> None:
    app.toggle(key="call-first").set_value(True).run()
    upload(app, ("a.dcm", of("1", "20240503")), ("b.dcm", of("1", "20240203", LATER)))
    assert len(days(app)) == 2
    assert "<td>+" not in text(app)
    assert "<td>−" not in text(app)
    assert text(app).count("waits for your call</small>") == 2
    click(app, "remove")
    assert not days(app)


def test_a_changed_film_is_marked_wherever_the_patient_s_films_are_named(app: AppTest) -> None:
    upload(
        app,
        ("new.dcm", of("4711", "20240503", LATER)),
        ("old.dcm", of("4711", "20240203")),
        ("oldest.dcm", of("4711", "20240103")),
    )
    pick(app, 2)
    click(app, "turn-right")
    pick(app, 1)
    beside(app)
    assert titles(app)[1] == "Earlier by 90 days · old.dcm · turned 90°"
    assert "<small>old.dcm · turned 90°" in text(app)
    assert "old.dcm · turned 90°" in app.multiselect[0].options
    assert (
        "old.dcm · turned 90°" in next(b for b in app.selectbox if b.label == "Beside it").options
    )
