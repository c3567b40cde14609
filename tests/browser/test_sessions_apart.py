"""No session gets what another one holds: addresses taken over, guessed, and tried again later."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from waiting import WAIT_MS, accept, settled

from ui.server.film_access import COOKIE

pytestmark = pytest.mark.browser

SAMPLES = Path(__file__).parents[2] / "samples"


def media(page: Page) -> list[str]:
    """Addresses of films that the page asks for from now on; a JPEG is a sample's picture."""
    found: list[str] = []

    def note(request: Any) -> None:
        path = urlsplit(request.url).path
        if path.startswith("/media/") and not path.endswith(".jpg"):
            found.append(request.url)

    page.on("request", note)
    return found


def uploaded(page: Page, *names: str) -> None:
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        [SAMPLES / name for name in names]
    )
    expect(page.locator(".cxr-viewer .pane[data-ready=true]").first).to_be_visible()
    settled(page)


def status(context: BrowserContext, address: str) -> int:
    return context.request.get(address).status


def test_an_address_opens_in_its_own_browser_alone(
    page: Page, chromium: Browser, address: str
) -> None:
    addresses = media(page)
    uploaded(page, "child-01.jpg")
    (film,) = set(addresses)
    answer = page.context.request.get(film)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    with pytest.raises(HTTPError) as nobody:
        urllib.request.urlopen(film, timeout=30)
    assert nobody.value.code == 404

    other = chromium.new_context()
    theirs = other.new_page()
    theirs.set_default_timeout(WAIT_MS)
    theirs.goto(address)
    accept(theirs)
    expect(theirs.get_by_test_id("stFileUploaderDropzoneInput")).to_be_attached()
    assert status(other, film) == 404
    their_addresses = media(theirs)
    uploaded(theirs, "child-01.jpg")  # the very same film has another address
    assert set(their_addresses).isdisjoint(addresses)
    assert status(other, film) == 404
    assert status(page.context, their_addresses[0]) == 404
    other.close()


def test_a_film_that_was_removed_is_gone(page: Page) -> None:
    addresses = media(page)
    uploaded(page, "child-01.jpg", "child-04.jpg")
    assert status(page.context, addresses[0]) == 200
    page.get_by_role("button", name="Remove all").click()
    expect(page.get_by_text("Or take a sample")).to_be_visible()
    settled(page)
    assert [status(page.context, each) for each in set(addresses)] == [404] * len(set(addresses))


def test_another_cookie_opens_nothing(page: Page, address: str) -> None:
    addresses = media(page)
    uploaded(page, "child-01.jpg")
    (cookie,) = (each for each in page.context.cookies() if each["name"] == COOKIE)
    assert cookie["httpOnly"]
    assert page.evaluate("document.cookie").find(COOKIE) == -1
    asked = urllib.request.Request(addresses[0], headers={"Cookie": f"{COOKIE}=x"})
    with pytest.raises(HTTPError):
        urllib.request.urlopen(asked, timeout=30)
    asked = urllib.request.Request(
        addresses[0], headers={"Cookie": f"a=1; {COOKIE}={cookie['value']}"}
    )
    assert urllib.request.urlopen(asked, timeout=30).status == 200
    guess = addresses[0].replace(urlsplit(addresses[0]).path[7:17], "0" * 10)
    assert status(page.context, guess) == 404
