"""The hospital page in a real browser: from files to a saved profile, by the keyboard."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from films import png
from playwright.sync_api import Page, expect
from serving import ROOT, served
from waiting import MAIN, arrive, fits, settled

import cxr
from cxr.site_profiles import store

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sites")


@pytest.fixture(scope="module")
def address(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    before = os.environ.get(store.SETTING)
    os.environ[store.SETTING] = str(kept)
    try:
        with served(ROOT / "serve.py", tmp_path_factory.mktemp("home")) as found:
            yield found
    finally:
        os.environ.pop(store.SETTING)
        if before is not None:
            os.environ[store.SETTING] = before


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each label: the samples that ship, as they are and cropped."""
    folder = tmp_path_factory.mktemp("ours")
    for place, path in enumerate(sorted((ROOT / "samples").glob("*.jpg"))[:12]):
        film = cxr.read(path).eight_bit
        for label, cut in (("N", 0), ("T", 6 + place)):
            (folder / label).mkdir(exist_ok=True)
            (folder / label / f"{place}.png").write_bytes(png(film[cut:]))
    return folder


@pytest.fixture(scope="module")
def fitted(shared_tab: Page, address: str, folder: Path) -> Page:
    """The page with a profile fitted on twelve films of each label; what is saved of it stays."""
    page = shared_tab
    arrive(page, f"{address}/hospital")
    expect(page.get_by_text("Your hospital", exact=True)).to_be_visible()
    page.get_by_test_id("stFileUploaderDropzoneInput").nth(3).set_input_files(folder)
    expect(page.get_by_text("12 N · 12 T")).to_be_visible()
    expect(page.get_by_role("heading", name="Fitted:")).to_be_visible()
    settled(page)
    return page


def test_a_profile_is_made_by_the_keyboard(fitted: Page, kept: Path) -> None:
    slider = fitted.get_by_role("slider")
    fitted.keyboard.press("Tab")  # whoever comes by keyboard keeps the focus
    slider.focus()
    slider.press("ArrowRight")
    expect(fitted.get_by_text("Moved by hand")).to_be_visible()
    expect(fitted.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    settled(fitted)
    slider.blur()
    fitted.keyboard.press("Enter")
    expect(fitted.get_by_text("Saved, and in use")).to_be_visible()
    (saved,) = store.kept(kept).profiles
    assert dict(saved.wanted) == {"threshold": saved.threshold}
    assert saved.films == {"N": 12, "T": 12}
    with fitted.expect_download() as waiting:
        fitted.get_by_role("button", name="Export").last.click()
    assert re.fullmatch(r"my-hospital-[0-9a-f]{8}\.cxrsite\.json", waiting.value.suggested_filename)


def test_nothing_leads_out_of_the_window(fitted: Page) -> None:
    for width in (1600, 1024, 900, 430):
        fitted.set_viewport_size({"width": width, "height": 900})
        fits(fitted, MAIN)
