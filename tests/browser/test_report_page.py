"""The report on the page Read, as it is downloaded, verified and printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from waiting import settled

import cxr
from cxr.report import from_json, verify

pytestmark = pytest.mark.browser

SAMPLES = Path(__file__).parents[2] / "samples"
FILM = SAMPLES / "child-01.jpg"


def downloaded(page: Page, name: str, to: Path) -> Path:
    with page.expect_download() as got:
        page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()
    place = to / got.value.suggested_filename
    got.value.save_as(place)
    return place


def opened(page: Page) -> None:
    page.get_by_role("button", name="Report", exact=True).click()
    expect(page.get_by_role("dialog").get_by_label("Patient")).to_be_visible()
    settled(page)


def test_a_report_is_downloaded_verified_and_printed(
    page: Page, tmp_path: Path, lungs_looked_for: None
) -> None:
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        [FILM, SAMPLES / "child-04.jpg"]
    )
    opened(page)
    patient = page.get_by_role("dialog").get_by_label("Patient")
    patient.fill("Jane Doe")  # and no key that would send it before the press
    report = from_json(downloaded(page, "JSON", tmp_path).read_bytes())
    assert report.content["patient"] == "Jane Doe"
    assert verify(report, FILM, [cxr.load()]).confirmed
    assert downloaded(page, "PDF", tmp_path).read_bytes().startswith(b"%PDF")
    html = downloaded(page, "HTML", tmp_path)
    assert report.sha256 in html.read_text()  # one report in three forms

    printed = page.context.new_page()
    printed.goto(html.as_uri())
    assert "Jane Doe" in printed.inner_text("body")
    pdf = printed.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) == 1
    printed.close()

    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Next").click()  # another film, so perhaps another patient
    settled(page)
    opened(page)
    expect(page.get_by_role("dialog").get_by_label("Patient")).to_have_value("")
