"""A tab goes on after a reload that is heard late and after the server was killed, and a link leads
where it should on a server that has just begun."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect
from serving import ROOT, free_port, served
from waiting import WAIT_MS, accept, settled

from cxr.metrics.predictions import table
from cxr.model.bundle import open_bundle
from cxr.review.queue import QueueFilter, queue

pytestmark = pytest.mark.browser

SAMPLES = ROOT / "samples"


def opened(chromium: Browser, address: str) -> Page:
    page = chromium.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    accept(page)
    expect(page.get_by_test_id("stFileUploaderDropzoneInput")).to_be_attached()
    settled(page)
    return page


def upload(page: Page, *names: str) -> None:
    zone = page.get_by_test_id("stFileUploaderDropzoneInput")
    zone.set_input_files([SAMPLES / name for name in names])


def press_previous(page: Page) -> None:
    """The first that the new server hears of the tab: it begins a session."""
    settled(page)
    before = page.evaluate("sessionStorage.getItem('cxr-tab')")
    page.get_by_role("button", name="Previous").click()
    page.wait_for_function("was => sessionStorage.getItem('cxr-tab') !== was", arg=before)
    settled(page)


def at(page: Page, said: str) -> None:
    expect(page.locator(".cxr-name")).to_have_text(said)
    expect(page.locator(".cxr-viewer .pane[data-ready=true]").first).to_be_visible()
    settled(page)


def test_a_reload_that_was_not_heard_is_said_again(page: Page) -> None:
    page.get_by_role("button", name="child-05", exact=True).click()
    at(page, "1 of 1 · child-05")
    lost: list[bytes] = []

    def lose_one(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def sent(said: str | bytes) -> None:
            if isinstance(said, bytes) and b'"secret"' in said and not lost:
                lost.append(said)
            else:
                server.send(said)

        socket.on_message(sent)

    page.route_web_socket("**/_stcore/stream", lose_one)
    page.reload()
    at(page, "1 of 1 · child-05")
    assert lost


def test_an_open_tab_goes_on_with_its_films(chromium: Browser, tmp_path: Path) -> None:
    port = free_port()
    with served(ROOT / "serve.py", tmp_path, port=port, end=signal.SIGKILL) as address:
        page = opened(chromium, address)
        page.get_by_role("button", name="child-05", exact=True).click()
        at(page, "1 of 1 · child-05")
        upload(page, "child-01.jpg", "child-02.jpg")
        at(page, "2 of 3 · child-01.jpg")
        page.get_by_role("button", name="Next").click()
        at(page, "3 of 3 · child-02.jpg")
        page.locator(".st-key-known-T button").click()
        # A page whose run is cut off asks again by itself, before it is pressed.
        expect(
            page.locator(".st-key-known-T").get_by_test_id("stBaseButton-primary")
        ).to_be_visible()
        settled(page)
    with served(ROOT / "serve.py", tmp_path, port=port, end=signal.SIGKILL):
        press_previous(page)
        expect(page.get_by_text("Films (3)")).to_be_visible()
        at(page, "3 of 3 · child-02.jpg")
        expect(page.get_by_text("Add these again")).to_have_count(0)
        page.evaluate("window.cxrGiven.length = 0")
    with served(ROOT / "serve.py", tmp_path, port=port):
        press_previous(page)
        at(page, "1 of 1 · child-05")
        said = page.get_by_text("Add these again: child-01.jpg, child-02.jpg.")
        expect(said).to_be_visible()
        upload(page, "child-02.jpg")
        expect(page.get_by_text("Add these again: child-01.jpg.")).to_be_visible()
        at(page, "2 of 2 · child-02.jpg")
        page.get_by_role("button", name="Do without").click()
        expect(page.get_by_text("Add these again")).to_have_count(0)
    page.context.close()


def test_a_link_to_a_case_holds_on_a_server_that_has_just_begun(
    chromium: Browser,
    room: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CXR_MODELS", str(room[1]))
    monkeypatch.setenv("CXR_REVIEW", str(tmp_path / "review.sqlite3"))
    bundle = open_bundle(room[1] / "room")
    case = queue(table(bundle), bundle.labels, QueueFilter("test")).rows.case.iloc[2]
    with served(ROOT / "serve.py", tmp_path) as fresh:
        page = chromium.new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto(f"{fresh}/cases?model=room&split=test&case={case}")
        expect(page.get_by_role("button", name="I have read this and accept")).to_be_visible()
        settled(page)
        expect(page.get_by_text("Page not found")).to_have_count(0)
        accept(page)
        expect(page.get_by_text(f"· case {case}")).to_be_visible()
        page.close()
