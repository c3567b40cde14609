"""The window under which a film is shown, from the browser into its DICOM files."""

from __future__ import annotations

import io
import zipfile

import pytest
from films import dicom
from pacsfilms import uids
from playwright.sync_api import Page, expect
from pydicom import dcmread
from pydicom.dataset import Dataset
from reading import upload
from viewing import drawn
from waiting import settled

from cxr.teaching import phantom

pytestmark = pytest.mark.browser


CHEST = dicom(
    phantom.draw("lower"),
    **dict(zip(("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"), uids(), strict=True)),
)


def files(page: Page) -> dict[str, Dataset]:
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="DICOM").click()
    with zipfile.ZipFile(download.value.path()) as zipped:
        return {name: dcmread(io.BytesIO(zipped.read(name))) for name in zipped.namelist()}


def shown(page: Page, *keys: str) -> None:
    """Press keys, and wait until the page has been told."""
    page.locator(".pane .screen").first.focus()
    for key in keys:
        page.keyboard.press(key)
    drawn(page)
    page.wait_for_timeout(600)
    settled(page)


def test_the_window_goes_into_the_film_s_files(page: Page) -> None:
    upload(page, ("film.dcm", CHEST))
    assert set(files(page)) == {"report.dcm", "picture.dcm"}
    page.get_by_text("Window as shown").click()
    shown(page)
    assert len(files(page)) == 2  # the file's own needs no words
    shown(page, "i", "r", "h")
    state = files(page)["presentation.dcm"]
    assert state.PresentationLUTShape == "INVERSE"
    assert (state.ImageRotation, state.ImageHorizontalFlip) == (90, "Y")
    page.get_by_role("spinbutton", name="Window width").fill("80")
    page.keyboard.press("Enter")
    page.get_by_role("spinbutton", name="Window centre").fill("120")
    page.keyboard.press("Enter")
    shown(page)
    (voi,) = files(page)["presentation.dcm"].SoftcopyVOILUTSequence
    assert (voi.WindowCenter, voi.WindowWidth) == (120.5, 81)
    page.get_by_text("Window as shown").click()
    expect(page.get_by_text("Window as shown")).to_be_visible()
    assert len(files(page)) == 2
