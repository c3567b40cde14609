"""How films come to the viewer, and to nobody else."""

from __future__ import annotations

from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, expect
from viewing import Open, coloured, ready, run_again
from waiting import WAIT_MS

pytestmark = pytest.mark.browser


def test_a_run_of_the_page_changes_nothing_that_is_seen(light: Open) -> None:
    page = light("map")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.keyboard.press("i")
    page.keyboard.press("+")
    page.get_by_role("slider", name="Opacity").fill("20")
    before = coloured(page)
    run_again(page)
    assert np.array_equal(coloured(page), before)
    assert not [url for url in requests if urlsplit(url).path.startswith("/media/")]


def test_a_film_that_does_not_load_says_so(chromium: Browser, box: str) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.route("**/media/**", lambda route: route.fulfill(status=404, body="gone"))
    page.goto(f"{box}/?case=drawn")
    expect(page.get_by_text("The film did not load.")).to_be_visible()
    context.close()


def test_nothing_moves_while_the_viewer_loads(chromium: Browser, box: str) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.route("**/viewer.js*", lambda route: route.abort())
    page.goto(f"{box}/?case=drawn")
    expect(page.get_by_text("The viewer did not load. Reload the page.")).to_be_visible()
    expect(page.locator(".cxr-viewer")).to_have_css("height", "700px")
    context.close()


def test_a_session_never_sees_another_s_film(light: Open) -> None:
    pages = [light("drawn"), light("drawn")]
    addresses = []
    for page in pages:
        seen_here: list[str] = []
        page.on("request", lambda r, seen_here=seen_here: seen_here.append(r.url))
        page.reload()
        ready(page)
        addresses.append([url for url in seen_here if urlsplit(url).path.startswith("/media/")])
    assert len(addresses[0]) == len(addresses[1]) == 1
    assert addresses[0] != addresses[1]  # the same film, at addresses that cannot be worked out
    address = addresses[0][0]
    assert pages[1].request.get(address).ok
    assert pages[0].request.get(addresses[1][0]).body() != pages[0].request.get(address).body()
    before = pages[1].locator(".pane .title").first.inner_text()
    pages[1].get_by_role("button", name="Other film").click()
    expect(pages[1].locator(".pane .title").first).not_to_have_text(before)
    ready(pages[1])
    assert pages[0].request.get(addresses[1][0]).status == 404  # left as soon as it is not shown
