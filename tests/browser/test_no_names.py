"""A patient's name that is planted in file, header and report is found nowhere afterwards: not in
the log, the addresses, the server's folders, nor in what the browser left on the disk. Of a crash:
read_page/test_read_crash.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from films import dicom
from playwright.sync_api import BrowserContext, BrowserType, Page, expect
from serving import ROOT, served
from test_report_page import downloaded, opened
from waiting import WAIT_MS, accept, go, settled

from cxr.teaching import phantom

pytestmark = pytest.mark.browser

NAME, NUMBER = "Zzyplanted", "PID-77081932"
TRACES = [form for text in (NAME, NUMBER) for form in (text, text.lower(), text.upper())]


def traces(*folders: Path) -> list[str]:
    """Files below that hold a trace in their text, in UTF-16 or in their own name."""
    found = []
    for path in (path for folder in folders for path in folder.rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        held = str(path.name).encode() + data
        if any(t.encode() in held or t.encode("utf-16-le") in held for t in TRACES):
            found.append(str(path))
    return found


@pytest.fixture
def temporary(browser: BrowserContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the server puts temporary files, caches and what it keeps; the browser, which runs by
    then, keeps to its own."""
    place = tmp_path / "server"
    for name in ("tmp", "cache", "home"):
        (place / name).mkdir(parents=True)
    monkeypatch.setenv("TMPDIR", str(place / "tmp"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
    for setting in ("CXR_AUDIT", "CXR_CACHE", "CXR_REVIEW", "CXR_SITES", "CXR_STUDY"):
        monkeypatch.delenv(setting, raising=False)
    return place


@pytest.fixture
def browser(
    installed: tuple[BrowserType, dict[str, Any]], tmp_path: Path
) -> Iterator[BrowserContext]:
    """One that keeps what browsers keep, in a folder."""
    launcher, told = installed
    context = launcher.launch_persistent_context(tmp_path / "profile", **told)
    context.set_default_timeout(WAIT_MS)
    context.set_default_navigation_timeout(WAIT_MS)
    yield context
    context.close()


def planted(page: Page, asked: list[str]) -> None:
    """Upload the film that carries the name."""
    page.on("request", lambda request: asked.append(request.url))
    film = dicom(
        phantom.draw("lower"), PatientName=f"{NAME}^Jane", PatientID=NUMBER, StudyDescription=NAME
    )
    payload: Any = {"name": f"{NAME}.dcm", "mimeType": "application/dicom", "buffer": film}
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(payload)


def test_a_name_leaves_no_trace(browser: BrowserContext, temporary: Path, tmp_path: Path) -> None:
    asked: list[str] = []
    with served(ROOT / "serve.py", temporary / "home") as address:
        page = browser.new_page()
        page.goto(address)
        accept(page)
        planted(page, asked)
        expect(page.locator(".cxr-viewer .pane[data-ready=true]").first).to_be_visible()
        settled(page)
        page.keyboard.press("m")
        expect(page.locator(".map").last).to_be_visible()
        expect(page.get_by_text("Test: ")).to_be_visible()  # a page that runs again asks anew
        opened(page)
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Patient").fill(f"{NAME} Jane")
        dialog.get_by_label("Note").fill("seen")
        dialog.get_by_label("Reader").fill("A. Reader")
        dialog.get_by_label("Reader").press("Tab")
        settled(page)
        (tmp_path / "out").mkdir()
        kept = downloaded(page, "JSON", tmp_path / "out")
        assert NAME in kept.read_text()  # as was wished, and there alone
        dialog.get_by_role("button", name="Close").click()
        for other in ("Metrics", "Lab", "Review", "Read"):
            go(page, other)
        assert not traces(temporary)
    assert asked
    assert not [each for each in asked if any(trace in each for trace in TRACES)]
    assert any(temporary.rglob("audit.sqlite3"))  # something was kept at all
    assert not traces(temporary)
    browser.close()
    downloads = tmp_path / "profile" / "Default" / "History"
    assert [each for each in traces(tmp_path / "profile") if each != str(downloads)] == []
