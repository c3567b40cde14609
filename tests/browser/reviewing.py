"""What tests of Review in a browser do again and again."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect
from waiting import settled


def begin(page: Page, name: str) -> None:
    page.get_by_role("textbox", name="Your name").fill(name)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("textbox", name="Your name")).to_have_count(0)
    settled(page)


def at_case(page: Page, case: str) -> None:
    expect(page.get_by_text(f"· case {case}")).to_be_visible()
    settled(page)
    if page.locator(".cxr-viewer").count():  # before its film is seen no key judges it
        shown = page.locator(f".cxr-viewer[data-shows='Case {case}'] .pane[data-ready=true]")
        expect(shown.first).to_be_visible()


def exported(page: Page, kind: str) -> bytes:
    button = page.get_by_role("button", name=f"Verdicts ({kind})")
    if not button.count():
        section(page, "Verdicts out and in")
    with page.expect_download() as download:
        button.click()
    return Path(download.value.path()).read_bytes()


def section(page: Page, name: str) -> None:
    page.get_by_test_id("stButtonGroup").get_by_text(name).click()
    settled(page)
