"""DICOM: whose film it is and when it was taken, without the number of anybody."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from dicomfiles import stating
from films import dicom, film, png

from cxr.imaging.reader import whose

KEY, OTHER_KEY = b"k" * 16, b"o" * 16


def patient(key: bytes = KEY, **tags: Any) -> str:
    found = whose(dicom(film(), **tags), key)
    assert found is not None
    return found.patient


def test_a_patient_is_told_by_a_hash_under_a_key() -> None:
    one = patient(PatientID="4711")
    assert one == patient(PatientID="4711", PatientName="Roe^Richard")  # as after a marriage
    assert one != patient(PatientID="4712")
    assert one != patient(OTHER_KEY, PatientID="4711")
    assert "4711" not in one


@pytest.mark.parametrize(
    "other", [{"PatientBirthDate": "19600101"}, {"PatientSex": "F"}, {"IssuerOfPatientID": "B"}]
)
def test_one_number_of_two_people_is_two_patients(other: dict[str, str]) -> None:
    assert patient(PatientID="4711") != patient(PatientID="4711", **other)


@pytest.mark.parametrize("number", ["", " ", "000", "ANONYMOUS", "anon 3", "Unknown", "N/A"])
def test_a_number_that_stands_for_nobody_is_no_patient(number: str) -> None:
    assert patient(PatientID=number) == ""


def test_letters_that_cannot_be_read_still_tell_apart() -> None:
    one, other = (
        whose(stating(dicom(film()), PatientID=letter + b"\xff1"), KEY)
        for letter in (b"\xd6", b"\xe4")
    )
    assert one is not None
    assert other is not None
    assert "" != one.patient != other.patient


@pytest.mark.parametrize(
    ("day", "time", "found"),
    [
        ("20240503", "141530.12", datetime(2024, 5, 3, 14, 15)),
        ("20240503", "", datetime(2024, 5, 3)),
        ("2024.05.03", "99", datetime(2024, 5, 3)),
        ("20241350", "120000", None),
        ("", "120000", None),
        ("Monday", "", None),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_a_date_as_it_stands(day: str, time: str, found: datetime | None) -> None:
    data = stating(dicom(film()), StudyDate=day.encode(), StudyTime=time.encode())
    stated = whose(data, KEY)
    assert stated is not None
    assert stated.taken == found


def test_nothing_is_said_of_what_is_no_dicom_or_says_nothing() -> None:
    assert whose(png(film()), KEY) is None
    bare = whose(dicom(film()), KEY)
    assert bare is not None
    assert (bare.patient, bare.taken) == ("", None)
