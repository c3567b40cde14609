"""The app in a process of its own, and a Chromium that is on the machine already.

Of scope package: a process starts one of each for all the browser's modules that it is given, and
ends them before it goes on to others, since Playwright's event loop would be in the way of theirs.
A session of the app is each test's own, but for tests that only look. A module whose server has
other settings, or that counts what a server keeps, has an ``address`` of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    BrowserType,
    Page,
    expect,
    sync_playwright,
)
from serving import ROOT, served
from viewing import Open, ready
from waiting import WAIT_MS, WINDOW, arrive, settled

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="package")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the app listens."""
    with served(ROOT / "serve.py", tmp_path_factory.mktemp("home")) as found:
        yield found


@pytest.fixture(scope="package")
def installed() -> Iterator[tuple[BrowserType, dict[str, Any]]]:
    """The browser's launcher, and what it is to be told."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium on this machine: install Debian's chromium-headless-shell")
    with sync_playwright() as playwright:
        yield playwright.chromium, {"executable_path": path, "args": FLAGS}


@pytest.fixture(scope="package")
def chromium(installed: tuple[BrowserType, dict[str, Any]]) -> Iterator[Browser]:
    launcher, told = installed
    browser = launcher.launch(**told)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def profile(chromium: Browser) -> Iterator[BrowserContext]:
    """What the browser keeps between tests: Streamlit's scripts, fetched and compiled once."""
    context = chromium.new_context(viewport=WINDOW)
    context.set_default_timeout(WAIT_MS)
    context.set_default_navigation_timeout(WAIT_MS)
    yield context
    context.close()


@pytest.fixture
def tab(profile: BrowserContext) -> Iterator[Callable[[], Page]]:
    """Opens a tab in which nothing of an earlier test is kept; the browser must have nothing to
    complain of."""
    errors: list[str] = []

    def opened() -> Page:
        page = profile.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield opened
    for page in profile.pages:
        if page.url.startswith("http"):
            page.evaluate("localStorage.clear()")
        page.close()
    profile.clear_cookies()
    assert not errors


@pytest.fixture(scope="module")
def shared_tab(chromium: Browser) -> Iterator[Page]:
    """A tab for all tests of a module that only look, with what it keeps to itself."""
    errors: list[str] = []
    with chromium.new_context(viewport=WINDOW) as context:
        context.set_default_timeout(WAIT_MS)
        context.set_default_navigation_timeout(WAIT_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
    assert not errors


@pytest.fixture
def page(tab: Callable[[], Page], address: str) -> Page:
    """A session that has accepted the notice."""
    page = tab()
    arrive(page, address)
    expect(page.get_by_test_id("stFileUploaderDropzoneInput")).to_be_attached()
    settled(page)
    return page


@pytest.fixture(scope="package")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a page with nothing but the viewer listens: static files lie beside the script."""
    folder = tmp_path_factory.mktemp("box")
    script = shutil.copy(Path(__file__).with_name("light_box.py"), folder)
    (folder / "static").symlink_to(ROOT / "static")
    with served(script, tmp_path_factory.mktemp("home")) as found:
        yield found


@pytest.fixture
def light(tab: Callable[[], Page], box: str) -> Open:
    """Opens a case in a session of its own."""

    def opened(case: str) -> Page:
        page = tab()
        page.set_viewport_size({"width": 1280, "height": 1000})
        page.goto(f"{box}/?case={case}")
        ready(page)
        return page

    return opened
