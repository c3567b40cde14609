"""The first page in a browser."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from films import film, png
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from waiting import settled

import cxr

pytestmark = pytest.mark.browser

SAMPLES = Path(__file__).parents[2] / "samples"
CHILD = (SAMPLES / "child-01.jpg").read_bytes()
WIDE = png(film(1500, 2000))


def upload(page: Page, *files: tuple[str, bytes]) -> None:
    payload: list[Any] = [
        {"name": name, "mimeType": "application/octet-stream", "buffer": data}
        for name, data in files
    ]
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(payload)
    expect(page.get_by_text(f"Films ({len(files)})")).to_be_visible()
    expect(page.get_by_text("not read yet")).to_have_count(0)
    settled(page)


def plain(page: Page) -> Locator:
    return page.locator(".st-key-stage-film img")


def overlay(page: Page) -> Locator:
    return page.locator(".st-key-stage-map img")


def ask_for_map(page: Page) -> None:
    page.keyboard.press("m")
    expect(page.get_by_role("slider", name="Opacity")).to_be_visible()
    expect(overlay(page)).to_be_visible()
    settled(page)


def picture(page: Page, shown: Locator) -> np.ndarray:
    """The picture as it was sent, uint8 (H, W, 3)."""
    url = shown.evaluate("image => image.src")
    return np.asarray(Image.open(io.BytesIO(page.request.get(url).body())).convert("RGB"))


def test_a_film_is_shown_with_all_its_pixels_and_its_scores(page: Page) -> None:
    upload(page, ("wide.png", WIDE))
    for label in "NPT":
        expect(page.get_by_role("listitem").filter(has_text=label).first).to_be_visible()
    expect(page.get_by_text(cxr.NOTICE)).to_be_visible()
    assert np.array_equal(picture(page, plain(page))[..., 0], film(1500, 2000))
    assert overlay(page).count() == 0


def test_a_map_its_opacity_and_its_download(page: Page) -> None:
    upload(page, ("child.jpg", CHILD))
    ask_for_map(page)
    first = overlay(page).get_attribute("src")
    assert first != plain(page).get_attribute("src")
    page.get_by_role("slider", name="Full colour at").focus()
    page.keyboard.press("Home")
    expect(overlay(page)).not_to_have_attribute("src", first or "")
    settled(page)
    first = overlay(page).get_attribute("src")
    page.get_by_role("slider", name="Opacity").focus()
    page.keyboard.press("Home")
    expect(overlay(page)).not_to_have_attribute("src", first or "")
    settled(page)
    bare = picture(page, overlay(page)).astype(int)
    assert np.abs(bare - picture(page, plain(page))).max() <= 12  # one is a JPEG
    with page.expect_download() as download:
        page.get_by_role("button", name="Overlay (PNG)").click()
    with Image.open(download.value.path()) as exported:
        assert exported.format == "PNG"
        assert exported.width == 1016
        assert exported.height > 656
    with page.expect_download() as download:
        page.get_by_role("button", name="Scores (CSV)").click()
    table = pd.read_csv(download.value.path())
    assert list(table.notice) == [cxr.NOTICE]


def test_an_occlusion_map_comes_by_itself(page: Page) -> None:
    upload(page, ("child.jpg", CHILD))
    page.keyboard.press("m")
    page.get_by_role("radio", name="Occlusion").click()
    expect(page.locator("img[alt^='Occlusion for class']")).to_be_visible()
    expect(page.get_by_text("fall in probability when hidden")).to_be_visible()


def test_keys_go_from_film_to_film(page: Page) -> None:
    upload(page, ("one.jpg", CHILD), ("two.png", WIDE), ("three.png", png(film(300, 200))))
    expect(page.get_by_text("1 of 3")).to_be_visible()
    page.keyboard.press("n")
    expect(page.get_by_text("2 of 3")).to_be_visible()
    ask_for_map(page)
    page.get_by_role("slider", name="Opacity").click(force=True)
    expect(page.get_by_role("slider", name="Opacity")).not_to_be_focused()
    page.keyboard.press("n")  # Streamlit would not hear it while the slider has the focus
    expect(page.get_by_text("3 of 3")).to_be_visible()
    expect(page.get_by_role("slider", name="Opacity")).to_have_count(0)
    page.keyboard.press("p")
    expect(page.get_by_text("2 of 3")).to_be_visible()
    expect(page.get_by_role("slider", name="Opacity")).to_be_visible()


def test_a_refused_file_stays_with_its_code(page: Page) -> None:
    upload(page, ("one.jpg", CHILD), ("two.pdf", b"%PDF-1.7 no film"))
    expect(page.get_by_text("[unsupported_format]")).to_be_visible()
    page.get_by_text("two.pdf").click()
    expect(page.get_by_text("This file was not read.")).to_be_visible()
    expect(page.get_by_text("Traceback")).to_have_count(0)


def test_a_sample_is_one_click_away(page: Page) -> None:
    page.get_by_role("button", name="child-03", exact=True).click()
    expect(page.get_by_text("1,288 × 928 pixels")).to_be_visible()


@pytest.mark.parametrize("width", [400, 800, 1440])
def test_nothing_scrolls_sideways(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    upload_narrow = page.get_by_test_id("stFileUploaderDropzoneInput").first
    upload_narrow.set_input_files(
        {"name": f"{'long-' * 20}.jpg", "mimeType": "image/jpeg", "buffer": CHILD}
    )
    expect(plain(page)).to_be_visible()
    settled(page)
    ask_for_map(page)
    for box in ("html", "[data-testid=stMain]", "[data-testid=stMainBlockContainer]"):
        over = page.locator(box).first.evaluate("e => e.scrollWidth - e.clientWidth")
        assert over <= 0, box
