"""Waiting for the page, never for a time."""

from __future__ import annotations

from playwright.sync_api import Page, ViewportSize, expect

WAIT_MS = 180_000  # a loaded machine is slow, not wrong
WINDOW: ViewportSize = {"width": 1440, "height": 900}
MAIN = "[data-testid=stMain]"


def accept(page: Page) -> None:
    """Accept the notice, once its page is whole: a press that comes earlier may be lost."""
    button = page.get_by_role("button", name="I have read this and accept")
    expect(button).to_be_visible()
    settled(page)
    button.click()


def arrive(page: Page, address: str) -> None:
    """Come to a page of the app and accept the notice; it is the first that is drawn."""
    page.goto(address)
    accept(page)
    expect(page.get_by_test_id("stTopNavLink").first).to_be_attached()
    settled(page)


def go(page: Page, name: str) -> None:
    """Go to another page of the app by its link. Until the server has named that one, the script
    of the last still stands as ended."""
    link = page.get_by_role("link", name=name, exact=True)
    link.click()
    expect(link).to_have_attribute("aria-current", "page")
    settled(page)


def fits(page: Page, *boxes: str) -> None:
    """Wait until the window has its width and nothing in `boxes` leads out of them sideways."""
    assert page.viewport_size is not None
    page.wait_for_function(
        """([width, boxes]) => innerWidth === width && boxes
          .map((box) => document.querySelector(box))
          .every((box) => box.scrollWidth <= box.clientWidth)""",
        arg=[page.viewport_size["width"], list(boxes)],
    )


def settled(page: Page) -> None:
    """Wait until the script has ended, as Streamlit's own tests do."""
    page.wait_for_selector(
        "[data-testid='stApp'][data-test-connection-state='CONNECTED']"
        "[data-test-script-state='notRunning']"
    )


def still(page: Page) -> None:
    """Wait until nothing moves: a button of a part that is just being opened may be elsewhere when
    the mouse is let go, and then it was not pressed."""
    page.wait_for_function(
        """() => document.getAnimations().every((each) => each.playState !== "running" ||
          each.effect.getComputedTiming().endTime === Infinity)"""
    )
