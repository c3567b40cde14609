"""Ages as tables write them."""

from __future__ import annotations

import math
import re

import pytest

from cxr.imaging.ages import written, years

READ = {
    "58": 58,
    " 58 ": 58,
    "58.0": 58,
    "58,5": 58.5,
    ".5": 0.5,
    "058Y": 58,
    "000Y": 0,
    "018M": 1.5,
    "6M": 0.5,
    "026W": 26 * 7 / 365.25,
    "010D": 10 / 365.25,
    "6 months": 0.5,
    "18-month-old": 1.5,
    "2 years 3 months": 2.25,
    "2y6m": 2.5,
    "58 years old": 58,
    "58 y/o": 58,
    "90+": 90,
    "90 or older": 90,
    ">89": 89,
    ">= 89Y": 89,
    "≥90": 90,
    "<1": 0,
    "130": 130,
}


@pytest.mark.parametrize("text", READ)
def test_an_age_is_read_as_years(text: str) -> None:
    assert years(text) == pytest.approx(READ[text])
    assert years(written(text)) == pytest.approx(READ[text], abs=0.005)


@pytest.mark.parametrize("text", ["", " ", "unknown", "Unknown", "N/A", "nan", "-", "not stated"])
def test_an_unknown_age_is_none(text: str) -> None:
    assert math.isnan(years(text))
    assert written(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        *("-5", "414", "999", "1957", "131Y", "50-59", "5 to 9", "<18", "58Y 3", "5 6 months"),
        *("5m 3m", "adult", "58x", "1.5.2", "1e3", "inf", "--5", "+", ">", "Y58", "58 58"),
    ],
)
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        years(text)
