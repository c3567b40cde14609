"""The first page in a browser."""

from __future__ import annotations

import base64
import re
import zlib
from urllib.parse import urlsplit

import cv2
import numpy as np
import pandas as pd
import pytest
from films import png
from PIL import Image
from playwright.sync_api import Page, Request, expect
from reading import CHILD, WIDE, ask_for_map, panes, upload
from viewing import drag, drawn, frame
from waiting import MAIN, fits, settled

import cxr
from cxr.teaching import phantom
from ui.viewer.delivery import SALT_BYTES

pytestmark = pytest.mark.browser


def sent(page: Page) -> list[str]:
    """Addresses of films and maps from now on."""
    found: list[str] = []

    def note(request: Request) -> None:
        if urlsplit(request.url).path.startswith("/media/"):
            found.append(request.url)

    page.on("request", note)
    return found


def test_a_film_is_shown_with_all_its_pixels_and_its_scores(page: Page) -> None:
    addresses = sent(page)
    upload(page, ("wide.png", WIDE))
    for label in "NPT":
        expect(page.get_by_role("listitem").filter(has_text=label).first).to_be_visible()
    expect(page.get_by_text(cxr.NOTICE).first).to_be_visible()
    expect(panes(page)).to_have_count(1)
    films = [url for url in addresses if url.endswith(".bin")]
    assert len(films) == 1
    rows = zlib.decompress(page.request.get(films[0]).body()[SALT_BYTES:])
    assert len(rows) == 1500 * 2000


def test_a_map_and_its_picture(page: Page) -> None:
    upload(page, ("child.jpg", CHILD))
    before = panes(page).bounding_box()
    addresses = sent(page)
    ask_for_map(page)
    assert len([url for url in addresses if url.endswith(".bin")]) == 1  # the film is there already
    after = panes(page).bounding_box()
    assert before is not None
    assert after is not None
    for side in ("x", "y", "width", "height"):  # the film keeps its place and its size
        assert abs(after[side] - before[side]) < 4, side
    page.get_by_role("combobox", name="Full colour at").select_option("0.05")
    page.get_by_role("slider", name="Opacity").fill("80")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save picture").click()
    with Image.open(download.value.path()) as exported:
        assert exported.format == "PNG"
        assert exported.width == 1016
        assert exported.height > 656
    page.get_by_text("Side by side").click()
    expect(panes(page)).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("button", name="Scores (CSV)").click()
    table = pd.read_csv(download.value.path())
    assert list(table.notice) == [cxr.NOTICE]


def test_scores_stand_above_the_fold_beside_two_films(page: Page) -> None:
    page.set_viewport_size({"width": 1024, "height": 768})
    upload(page, ("child.jpg", CHILD))
    ask_for_map(page)
    page.get_by_text("Side by side").click()
    expect(panes(page)).to_have_count(2)
    settled(page)
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 0)")
    expect(page.get_by_role("combobox", name="Model")).to_be_in_viewport()
    for said in (".cxr-abnormal", ".cxr-bars"):
        expect(page.locator(said)).to_be_in_viewport(ratio=1)


def test_an_occlusion_map_comes_by_itself(page: Page) -> None:
    upload(page, ("child.jpg", CHILD))
    page.keyboard.press("m")
    page.get_by_role("radio", name="Occlusion").click()
    expect(page.get_by_text("fall in probability when hidden")).to_be_visible()
    expect(page.get_by_text("forward passes")).to_be_visible()
    expect(page.locator(".map").last).to_be_visible()


def test_a_page_whose_work_is_done_has_nothing_more_to_say(page: Page) -> None:
    """No timer runs on once the map and the word on it are there."""
    said: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda _: said.append("page")))
    page.reload()  # the same tab, whose reader has accepted
    upload(page, ("child.jpg", CHILD))
    page.get_by_role("button", name="Show map").click()
    expect(page.get_by_text("Test: ")).to_be_visible()
    expect(page.get_by_text("Working out")).to_have_count(0)
    assert said
    for _ in range(30):  # a timer speaks at least once a second; what is on its way may still come
        before = len(said)
        page.wait_for_timeout(2000)
        if len(said) == before:
            return
    raise AssertionError("the page goes on speaking")


def test_a_refused_file_stays_with_its_code(page: Page) -> None:
    upload(page, ("one.jpg", CHILD), ("two.pdf", b"%PDF-1.7 no film"))
    expect(page.get_by_text("Refused: unsupported format")).to_be_visible()
    page.get_by_text("two.pdf").click()
    expect(page.get_by_text("[unsupported_format]")).to_be_visible()
    expect(page.get_by_text("This file was not read.")).to_be_visible()
    expect(page.get_by_text("Traceback")).to_have_count(0)


def test_a_film_may_be_dropped_anywhere(page: Page) -> None:
    upload(page, ("one.jpg", CHILD))
    expect(panes(page)).to_have_count(1)
    page.locator(".cxr-viewer").evaluate(
        """(box, data) => {
          const held = new DataTransfer();
          const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
          held.items.add(new File([bytes], "two.jpg"));
          for (const kind of ["dragover", "drop"]) {
            const options = { dataTransfer: held, bubbles: true, cancelable: true };
            box.dispatchEvent(new DragEvent(kind, options));
          }
        }""",
        base64.b64encode(CHILD).decode(),
    )
    expect(page.get_by_text("Films (2)")).to_be_visible()
    expect(page.get_by_text("the same file as one.jpg")).to_be_visible()


def test_films_and_lengths_come_back_after_a_reload(page: Page) -> None:
    upload(page, ("one.jpg", CHILD), ("two.png", WIDE))
    expect(panes(page)).to_have_count(1)
    page.keyboard.press("Shift+L")
    x, y, *_ = frame(page)
    drag(page, (x + 200, y + 200), (x + 300, y + 260))
    expect(page.locator(".annotations .length")).to_have_count(1)
    page.reload()
    expect(page.get_by_text("Films (2)")).to_be_visible()
    expect(panes(page)).to_have_count(1)
    expect(page.locator(".annotations .length")).to_have_count(1)
    settled(page)
    page.keyboard.press("j")
    expect(page.get_by_text("2 of 2")).to_be_visible()
    expect(page.locator(".annotations .length")).to_have_count(0)


def test_no_film_that_was_stepped_past_is_asked_for_in_vain(page: Page) -> None:
    small = cv2.resize(phantom.draw("lower"), (400, 480))
    rng = np.random.default_rng(0)
    films = [np.clip(small + rng.normal(0, 3, small.shape), 0, 255) for _ in range(20)]
    upload(page, *((f"{n}.png", png(film.astype(np.uint8))) for n, film in enumerate(films)))
    refused: list[int] = []
    page.on("response", lambda answer: refused.append(answer.status) if not answer.ok else None)
    for key, numbers in (("ArrowRight", range(2, 21)), ("ArrowLeft", range(19, 0, -1))):
        for number in numbers:  # on as soon as the page has turned: most films never come
            page.keyboard.press(key)
            expect(page.locator(".cxr-name")).to_have_text(re.compile(rf"^{number} of 20 "))
    expect(panes(page)).to_have_count(1)
    settled(page)
    assert not refused


def test_a_film_stays_mirrored_when_its_map_comes_and_goes(page: Page) -> None:
    upload(page, ("child.jpg", CHILD))
    expect(panes(page)).to_have_count(1)
    page.keyboard.press("h")
    page.keyboard.press("4")
    drawn(page)
    width = page.get_by_role("spinbutton", name="Window width").input_value()
    ask_for_map(page)
    page.get_by_text("Side by side").click()
    expect(panes(page)).to_have_count(2)
    for pane in panes(page).all():
        expect(pane.get_by_text("L and R are swapped")).to_be_visible()
        expect(pane.get_by_role("spinbutton", name="Window width")).to_have_value(width)
    page.keyboard.press("m")
    expect(panes(page)).to_have_count(1)
    expect(page.get_by_text("L and R are swapped")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Window width")).to_have_value(width)


def test_what_scrolls_under_the_header_is_not_seen_through_it(page: Page) -> None:
    opaque = "e => getComputedStyle(e).backgroundColor"
    header = page.get_by_test_id("stHeader").evaluate(opaque)
    assert header == page.get_by_test_id("stApp").evaluate(opaque)


def test_a_sample_is_one_click_away(page: Page) -> None:
    page.get_by_role("button", name="child-03", exact=True).click()
    expect(page.get_by_text("1,288 × 928 pixels")).to_be_visible()


def test_nothing_scrolls_sideways(page: Page) -> None:
    page.set_viewport_size({"width": 400, "height": 900})
    upload_narrow = page.get_by_test_id("stFileUploaderDropzoneInput").first
    upload_narrow.set_input_files(
        {"name": f"{'long-' * 20}.jpg", "mimeType": "image/jpeg", "buffer": CHILD}
    )
    expect(panes(page)).to_be_visible()
    settled(page)
    ask_for_map(page)
    for width in (400, 800, 1440, 800, 400):
        page.set_viewport_size({"width": width, "height": 900})
        fits(page, "html", MAIN, "[data-testid=stMainBlockContainer]")


def test_the_table_of_scores_holds_what_only_the_session_knows(page: Page) -> None:
    upload(page, ("child.jpg", CHILD))
    page.get_by_role("combobox", name="Films from").click()
    page.get_by_role("option", name="A hospital that the model knows").click()
    settled(page)
    page.get_by_role("radio", name="other").click()
    settled(page)
    page.get_by_role("radio", name="Certain").click()
    expect(page.get_by_text("you: other")).to_be_visible()
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Scores (CSV)").click()
    row = pd.read_csv(download.value.path()).iloc[0]
    assert (row.own_after, row.own_after_sure) == ("other", 5)
    assert row["set_0.9"]
    assert row.called_T in ("T+", "T-")
