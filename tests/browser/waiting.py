"""Waiting for the page, never for a time."""

from __future__ import annotations

from playwright.sync_api import Page, expect

WAIT_MS = 180_000  # a loaded machine is slow, not wrong


def accept(page: Page) -> None:
    """Accept the notice, once its page is whole: a press that comes earlier may be lost."""
    button = page.get_by_role("button", name="I have read this and accept")
    expect(button).to_be_visible()
    settled(page)
    button.click()


def settled(page: Page) -> None:
    """Wait until the script has ended, as Streamlit's own tests do."""
    page.wait_for_selector(
        "[data-testid='stApp'][data-test-connection-state='CONNECTED']"
        "[data-test-script-state='notRunning']"
    )
