"""The lab in a browser: a box is drawn, the scores move, and it is taken back."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from viewing import drag, frame, ready
from waiting import arrive, settled

import cxr

pytestmark = pytest.mark.browser

CHILD = Path(__file__).parents[2] / "samples" / "child-01.jpg"


@pytest.fixture
def page(tab: Callable[[], Page], address: str) -> Page:
    """The lab before a film."""
    page = tab()
    arrive(page, f"{address}/workbench")
    return page


def open_lab(page: Page) -> None:
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(str(CHILD))
    expect(page.get_by_text("Films (1)")).to_be_visible()
    ready(page)


def moves(page: Page) -> Locator:
    return page.locator(".lab-moves [role=listitem][aria-label*='→']")


def outlines(page: Page) -> Locator:
    return page.locator(".annotations .region, .annotations .stroke")


def draw(page: Page, left: float, top: float, right: float, bottom: float) -> None:
    """A box by shares of the pane."""
    x, y, width, height = frame(page)
    start, end = (x + left * width, y + top * height), (x + right * width, y + bottom * height)
    drag(page, start, end)


def changes(page: Page) -> list[str]:
    names = [row.get_attribute("aria-label") or "" for row in moves(page).all()]
    return [name.split(", ")[1] for name in names]


def test_a_box_moves_the_scores_and_can_be_taken_back(page: Page) -> None:
    open_lab(page)
    expect(page.get_by_text(cxr.NOTICE).first).to_be_visible()
    expect(moves(page)).to_have_count(0)
    expect(page.get_by_role("button", name="Draw a box")).to_have_attribute("aria-pressed", "true")
    draw(page, 0.35, 0.3, 0.65, 0.7)
    expect(moves(page)).to_have_count(3)
    expect(page.get_by_text("Tries (1)")).to_be_visible()
    expect(page.locator(".cxr-viewer .pane[data-ready=true]")).to_have_count(2)
    settled(page)
    first = changes(page)
    assert all(re.fullmatch(r"0|[+−]\.\d{3}", effect) for effect in first)
    assert any(effect != "0" for effect in first)

    draw(page, 0.3, 0.15, 0.5, 0.4)
    expect(page.get_by_text("Tries (2)")).to_be_visible()
    settled(page)
    assert changes(page) != first

    page.keyboard.press("Backspace")
    expect(page.get_by_text("Tries (1)")).to_be_visible()
    settled(page)
    assert changes(page) == first
    expect(outlines(page)).to_have_count(2)  # one a film
    page.keyboard.press("Backspace")
    expect(moves(page)).to_have_count(0)
    expect(outlines(page)).to_have_count(0)


def test_a_brush_by_hand_and_a_box_by_keyboard(page: Page) -> None:
    open_lab(page)
    page.keyboard.press("y")
    expect(page.get_by_role("button", name="Draw with a brush")).to_have_attribute(
        "aria-pressed", "true"
    )
    draw(page, 0.4, 0.3, 0.6, 0.6)
    expect(page.get_by_role("radio", name="1 · brush")).to_be_visible()
    ready(page)
    page.keyboard.press("x")
    page.locator(".screen").first.focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowDown")
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="2 · box")).to_be_visible()


def view(page: Page, name: str) -> None:
    """Another view of the lab, once its films are drawn."""
    page.get_by_test_id("stButtonGroup").get_by_text(name, exact=True).click()
    settled(page)
    ready(page)


def test_a_channel_is_chosen_by_hand_and_a_layer_by_keyboard(page: Page) -> None:
    open_lab(page)
    view(page, "Layers")
    channels = page.locator(".lab-channels button")
    expect(channels).to_have_count(35)
    third = channels.nth(2)
    number = (third.inner_text()).split(":")[0]
    third.click()
    expect(page.locator(".pane .title").nth(1)).to_contain_text(f"channel {number} ·")
    expect(channels.nth(2)).to_have_attribute("aria-pressed", "true")
    ready(page)
    last = page.locator(".pane .title").nth(1).inner_text().split(" ·")[0]
    page.keyboard.press("Shift+K")
    expect(page.locator(".pane .title").nth(1)).not_to_contain_text(last)
    ready(page)


def test_a_story_is_played_by_keyboard(page: Page) -> None:
    page.get_by_role("button", name="The letter R").click()
    for place in range(1, 5):
        expect(page.get_by_text(f"{place} of 8 ·")).to_be_visible()
        ready(page)
        page.keyboard.press("j" if place % 2 else "ArrowRight")
    expect(page.get_by_text("5 of 8 ·")).to_be_visible()
    expect(outlines(page)).to_have_count(2)
    expect(moves(page)).to_have_count(2)
    ready(page)
    page.keyboard.press("k")
    expect(page.get_by_text("4 of 8 ·")).to_be_visible()
    ready(page)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stFileUploaderDropzoneInput")).to_have_count(2)
