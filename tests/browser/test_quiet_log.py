"""Fast hands ask for nothing that is gone, and leave nothing in the server's log, which `served`
looks through at its end."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from films import png
from playwright.sync_api import Page, Response, expect
from reading import ask_for_map, panes, upload
from waiting import go, settled

from cxr.teaching import phantom

pytestmark = pytest.mark.browser

FILMS = 8
PRESSES = 40


def gone(page: Page) -> list[str]:
    """Filled with what of the films' bytes was asked for and was not there."""
    found: list[str] = []

    def heard(answer: Response) -> None:
        if answer.status >= 400 and urlsplit(answer.url).path.endswith(".bin"):
            found.append(answer.url)

    page.on("response", heard)
    return found


def films() -> list[tuple[str, bytes]]:
    drawn = phantom.draw("lower")
    return [(f"film{n}.png", png(drawn[: len(drawn) - n])) for n in range(FILMS)]


@pytest.mark.parametrize("with_map", [False, True])
def test_fast_arrows_ask_for_no_film_that_is_gone(page: Page, with_map: bool) -> None:
    upload(page, *films())
    if with_map:
        ask_for_map(page)
    missing = gone(page)
    for press in range(PRESSES):
        page.keyboard.press("ArrowRight" if press % FILMS < FILMS - 1 else "ArrowLeft")
        if press % 10 == 5:
            page.keyboard.press("m")
    settled(page)
    expect(panes(page).first).to_be_visible()
    assert not missing


def test_leaving_in_the_middle_of_the_work_leaves_nothing_in_the_log(page: Page) -> None:
    upload(page, *films()[:3])
    missing = gone(page)
    for _ in range(3):
        page.keyboard.press("m")
        page.keyboard.press("ArrowRight")
        go(page, "Lab")
        page.get_by_role("radio", name="Methods").click()
        page.keyboard.press("ArrowLeft")
        go(page, "Metrics")
        page.get_by_role("radio", name="Subgroups").click()
        go(page, "Read")
    settled(page)
    expect(panes(page).first).to_be_visible()
    assert not missing
