"""A page that breaks says no patient's name: neither its message nor its traceback, which go to the
log, nor what the page's own things look like in either."""

from __future__ import annotations

import traceback

import pytest
from appwalk import upload
from films import dicom, film
from streamlit.testing.v1 import AppTest

import cxr

NAME, NUMBER = "Zzyplanted", "PID-77081932"
FILM = dicom(film(300, 260), PatientName=f"{NAME}^Jane", PatientID=NUMBER)


def test_a_crash_says_no_name(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[RuntimeError] = []

    def broken(self: cxr.Classifier, films: object) -> None:
        raised.append(RuntimeError(f"no score for {films!r}"))
        raise raised[0]

    monkeypatch.setattr(cxr.Classifier, "predict", broken)
    with pytest.raises(AssertionError):
        upload(app, (f"{NAME}.dcm", FILM))
    (told,) = app.exception
    assert "redacted" in told.message
    said = "".join([*traceback.format_exception(raised[0]), told.message, *told.stack_trace])
    assert "no score for" in said
    assert "in broken" in said
    (given,) = app.session_state["films"].values()
    said += repr(given) + repr(app.session_state["films"])
    assert given.name == f"{NAME}.dcm"
    assert NAME not in said
    assert NUMBER not in said
