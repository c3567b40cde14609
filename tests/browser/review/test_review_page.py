"""The review room in a browser: its queue, blind reads, what stands beside the film."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from reviewing import at_case, begin, exported
from waiting import MAIN, WAIT_MS, accept, arrive, fits, go, settled, still

from cxr.review.exchange import from_file

pytestmark = pytest.mark.browser

WITHOUT_STYLES = """() => {
  const body = document.body.cloneNode(true);
  body.querySelectorAll("style, script").forEach((element) => element.remove());
  return body.innerHTML;
}"""


def test_another_folder_is_named_on_the_page(
    tab: Callable[[], Page], address: str, room: tuple[Path, Path], tmp_path: Path
) -> None:
    other = Path(shutil.copytree(room[0], tmp_path / "other"))
    lines = (other / "manifest.csv").read_text().splitlines(keepends=True)
    (other / "manifest.csv").write_text("".join(lines[:-2]))
    page = tab()
    arrive(page, address)
    go(page, "Review")
    page.get_by_text("Another folder").click()
    page.get_by_role("textbox", name="Path on the server").fill(str(other))
    still(page)
    page.get_by_role("button", name="Use this folder").click()
    expect(page.get_by_text("29 films listed")).to_be_visible()
    settled(page)


def test_a_double_click_is_one_verdict(page: Page, cases: list[str]) -> None:
    begin(page, "Double Click")
    at_case(page, cases[0])
    page.get_by_role("button", name="Unsure").evaluate("b => { b.click(); b.click(); }")
    at_case(page, cases[1])
    rows = [row for row in from_file(exported(page, "JSON")) if row.reader == "Double Click"]
    assert [row.case for row in rows] == [cases[0]]


def test_a_consensus_is_filled_in_without_losing_its_form(page: Page, cases: list[str]) -> None:
    begin(page, "First Voice")
    at_case(page, cases[0])
    page.keyboard.press("f")
    at_case(page, cases[1])
    page.get_by_role("button", name="Change reader").click()
    begin(page, "Second Voice")
    page.get_by_role("button", name="Previous").click()
    at_case(page, cases[0])
    page.keyboard.press("e")
    at_case(page, cases[1])
    page.get_by_role("button", name="Previous").click()
    at_case(page, cases[0])
    page.get_by_text("Write down a consensus").click()
    form = page.locator("[class*=st-key-consensus-form]")
    form.get_by_role("radio", name="Label wrong").click()
    settled(page)
    form.get_by_role("radio", name="N", exact=True).click()
    settled(page)
    form.get_by_role("button", name="Keep the consensus").click()
    expect(page.locator(".cxr-heading", has_text="Consensus: label wrong (N), by")).to_be_visible()
    settled(page)
    rows = from_file(exported(page, "JSON"))
    (row,) = (row for row in rows if row.kind == "consensus")
    assert {"First Voice", "Second Voice"} <= set(row.behind)


def test_blind_the_page_tells_nothing_before_the_read(page: Page, every: list[str]) -> None:
    page.get_by_text("Read blind first").click()
    expect(page.get_by_text("Labelled")).to_have_count(0)
    settled(page)
    page.keyboard.press("j")  # the switch that was clicked does not hold the keys
    at_case(page, every[1])
    page.keyboard.press("k")
    first = every[0]
    at_case(page, first)
    begin(page, "Blind Reader")
    at_case(page, first)
    expect(page.get_by_text("Labelled")).to_have_count(0)
    page.keyboard.press("t")  # the second label
    expect(page.get_by_role("button", name="High")).to_be_enabled()
    settled(page)
    content = page.evaluate(WITHOUT_STYLES)
    for telling in ("Labelled", "margin .", "Nearest", "Grad-CAM", "Model wrong", "no findings"):
        assert telling not in content, telling
    assert "truth=" not in page.url
    page.keyboard.press("8")
    expect(page.get_by_role("button", name="Subtle")).to_be_visible()
    for key in "t8":  # what the hand lies on judges nothing
        page.keyboard.press(key)
    settled(page)
    at_case(page, first)
    page.keyboard.press("s")
    at_case(page, every[1])
    expect(page.get_by_text("Labelled")).to_have_count(0)
    page.get_by_text("Read blind first").click()
    expect(page.get_by_text("Labelled").first).to_be_visible()
    rows = [row for row in from_file(exported(page, "JSON")) if row.reader == "Blind Reader"]
    assert [(row.kind, row.read, row.confidence) for row in rows] == [
        ("blind", "T", "high"),
        ("verdict", "T", ""),
    ]


def test_the_address_restores_the_case_in_another_browser(
    page: Page, chromium: Browser, cases: list[str]
) -> None:
    page.keyboard.press("j")
    at_case(page, cases[1])
    context = chromium.new_context()
    other = context.new_page()
    other.set_default_timeout(WAIT_MS)
    other.goto(page.url)
    accept(other)
    at_case(other, cases[1])
    context.close()


def test_neighbours_and_maps_come_to_the_film(page: Page, cases: list[str]) -> None:
    expect(page.get_by_text("Nearest T called right")).to_be_visible()
    expect(page.get_by_text("Nearest N called right")).to_be_visible()
    settled(page)
    page.keyboard.press("m")
    expect(page.get_by_role("button", name="Hide maps")).to_be_visible()
    expect(page.get_by_text("T · Grad-CAM").first).to_be_visible()
    expect(page.get_by_text("Nearest T called right")).to_have_count(0)
    page.keyboard.press("m")
    expect(page.get_by_text("Nearest T called right")).to_be_visible()
    at_case(page, cases[0])
    page.keyboard.press("ArrowRight")
    at_case(page, cases[1])


def test_nothing_scrolls_sideways(page: Page) -> None:
    for width in (430, 1024, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        fits(page, "html", MAIN, "[data-testid=stMainBlockContainer]")


def test_verdicts_stand_beside_the_film_while_the_sidebar_is_open(
    page: Page, cases: list[str]
) -> None:
    page.set_viewport_size({"width": 1024, "height": 768})
    begin(page, "Small Screen")
    at_case(page, cases[0])
    expect(page.get_by_role("combobox", name="Split")).to_be_in_viewport()
    film = page.locator(".st-key-review-films").bounding_box()
    assert film is not None
    verdicts = page.locator(".st-key-verdicts").get_by_role("button")
    for button in verdicts.all():
        expect(button).to_be_in_viewport(ratio=1)
        box = button.bounding_box()
        assert box is not None
        assert box["x"] >= film["x"] + film["width"], "none lies below it"
    assert verdicts.count() == 6


def test_a_film_that_is_dropped_here_does_not_take_the_page_s_place(page: Page) -> None:
    opens = page.locator(".cxr-viewer").evaluate(
        """(box) => ["dragover", "drop"].map((kind) => {
          const held = new DataTransfer();
          held.items.add(new File(["film"], "film.png"));
          const options = { dataTransfer: held, bubbles: true, cancelable: true };
          return box.dispatchEvent(new DragEvent(kind, options));
        })"""
    )
    assert opens == [False, False]
