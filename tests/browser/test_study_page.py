"""The reader study in a browser: by keys alone, and nothing of the call before the first read."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from waiting import go, settled

pytestmark = pytest.mark.browser


def chosen(page: Page, name: str) -> Locator:
    """An answer that is marked as the reader's."""
    return page.locator('[data-testid="stBaseButton-primary"]').filter(has_text=name)


def test_a_film_is_read_by_keys_alone_and_then_with_the_call(page: Page) -> None:
    go(page, "Study")
    page.get_by_label("Your name").fill("A. Reader")
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("button", name="Add the sixteen samples").click()
    expect(page.get_by_text("films to choose from")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="I know that some calls are wrong on purpose").click()
    stage = page.locator(".cxr-name")
    expect(stage).to_have_text(re.compile("Film 1 of .* alone"))
    expect(page.locator(".cxr-viewer .pane[data-ready=true]")).to_have_count(1)
    settled(page)
    assert "The call shown" not in page.content()
    keep = page.get_by_role("button", name="Keep and go on")
    expect(keep).to_be_disabled()
    for key, name in (("p", "Pneumonia"), ("9", "Sure")):
        page.keyboard.press(key)
        expect(chosen(page, name)).to_be_visible()
        settled(page)
    expect(keep).to_be_enabled()
    page.keyboard.press("Enter")
    expect(stage).to_have_text(re.compile("Film 1 of .* with the call"))
    expect(page.get_by_text("The call shown")).to_be_visible()
    expect(page.get_by_text("Alone you said P, sure.")).to_be_visible()
    settled(page)
    expect(keep).to_be_disabled()  # so that a key held down keeps nothing
    page.keyboard.press("Enter")
    settled(page)
    expect(stage).to_have_text(re.compile("Film 1 of .* with the call"))
