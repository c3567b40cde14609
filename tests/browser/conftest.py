"""The app in a process of its own, and a Chromium that is on the machine already.

Of scope package: a process starts one of each for all the browser's modules that it is given, and
ends them before it goes on to others, since Playwright's event loop would be in the way of theirs.
A session of the app, and a context of the browser, is each test's own. A module whose server has
other settings, or that counts what a server keeps, has an ``address`` of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserType, Page, expect, sync_playwright
from serving import ROOT, served
from viewing import Open, ready
from waiting import WAIT_MS, accept, settled

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
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium on this machine: install Debian's package chromium")
    with sync_playwright() as playwright:
        yield playwright.chromium, {"executable_path": path, "args": FLAGS}


@pytest.fixture(scope="package")
def chromium(installed: tuple[BrowserType, dict[str, Any]]) -> Iterator[Browser]:
    launcher, told = installed
    browser = launcher.launch(**told)
    yield browser
    browser.close()


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """A session that has accepted the notice; the browser must have nothing to complain of."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    accept(page)
    expect(page.get_by_test_id("stFileUploaderDropzoneInput")).to_be_attached()
    settled(page)
    yield page
    context.close()
    assert not errors


@pytest.fixture(scope="package")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a page with nothing but the viewer listens: static files lie beside the script."""
    folder = tmp_path_factory.mktemp("box")
    script = shutil.copy(Path(__file__).with_name("light_box.py"), folder)
    (folder / "static").symlink_to(ROOT / "static")
    with served(script, tmp_path_factory.mktemp("home")) as found:
        yield found


@pytest.fixture
def light(chromium: Browser, box: str) -> Iterator[Open]:
    """Opens a case in a session of its own; the browser must have nothing to complain of."""
    contexts = []
    errors: list[str] = []

    def opened(case: str) -> Page:
        context = chromium.new_context(viewport={"width": 1280, "height": 1000})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{box}/?case={case}")
        ready(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not errors
