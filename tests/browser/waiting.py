"""Waiting for the page, never for a time."""

from __future__ import annotations

from playwright.sync_api import Page

WAIT_MS = 60_000  # a loaded machine is slow, not wrong


def settled(page: Page) -> None:
    """Wait until the script has ended, as Streamlit's own tests do."""
    page.wait_for_selector(
        "[data-testid='stApp'][data-test-connection-state='CONNECTED']"
        "[data-test-script-state='notRunning']"
    )
