"""A patient's name that is planted in file, header, report and table is found nowhere afterwards:
not in the log, the addresses, the server's folders, nor in what the browser left on the disk. Of a
crash: read_page/test_read_crash.py."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from films import dicom
from playwright.sync_api import BrowserContext, BrowserType, Page, expect
from reviewing import begin
from screened import row, write
from serving import ROOT, served
from test_report_page import downloaded, opened
from waiting import WAIT_MS, accept, go, settled

from cxr.review.store import ReviewStore
from cxr.teaching import phantom

pytestmark = pytest.mark.browser

NAME, NUMBER = "Zzyplanted", "PID-77081932"
FILM = dicom(
    phantom.draw("lower"),
    PatientName=f"{NAME}^Jane",
    PatientID=NUMBER,
    StudyDescription=NAME,
    StudyInstanceUID="1.2.826.0.1.3680043.8.498.2",
    SeriesInstanceUID="1.2.826.0.1.3680043.8.498.3",
)
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
    table = write(tmp_path / "results.parquet", [row(f"{NAME}/film.dcm", 1.0)])
    monkeypatch.setenv("CXR_SCREEN", str(table))
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


def planted(page: Page, zone: int = 0) -> None:
    """Upload the film that carries the name."""
    payload: Any = {"name": f"{NAME}.dcm", "mimeType": "application/dicom", "buffer": FILM}
    page.get_by_test_id("stFileUploaderDropzoneInput").nth(zone).set_input_files(payload)


def saved(page: Page, button: str, to: Path) -> Path:
    """What a button that downloads gives."""
    with page.expect_download() as got:
        page.get_by_role("button", name=button).click()
    got.value.save_as(to / got.value.suggested_filename)
    return to / got.value.suggested_filename


def judged(page: Page) -> None:
    """A verdict with a note on Review."""
    begin(page, "A. Reader")
    note = page.get_by_role("textbox", name="Note")
    note.fill("seen on the left")
    note.press("Tab")
    settled(page)
    page.get_by_role("button", name="Unsure").click()
    expect(page.get_by_text("Kept at")).to_be_visible()
    settled(page)


def test_a_name_leaves_no_trace(browser: BrowserContext, temporary: Path, tmp_path: Path) -> None:
    asked: list[str] = []
    with served(ROOT / "serve.py", temporary / "home") as address:
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        accept(page)
        planted(page)
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
        expect(dialog).to_have_count(0)
        settled(page)
        with zipfile.ZipFile(saved(page, "DICOM", tmp_path / "out")) as made:
            assert all(NAME.encode() in made.read(each) for each in made.namelist())
        for other in ("Metrics", "Lab"):
            go(page, other)
        go(page, "Review")
        judged(page)
        go(page, "Hospital")
        planted(page, zone=1)
        expect(page.get_by_text("1 T · 1 known patient")).to_be_visible()
        settled(page)
        go(page, "Worklist")
        assert NAME in saved(page, "Recall list", tmp_path / "out").read_text()
        go(page, "Read")
        assert not traces(temporary)
    assert asked
    assert not [each for each in asked if any(trace in each for trace in TRACES)]
    assert any(temporary.rglob("audit.sqlite3"))  # something was kept at all
    (verdicts,) = temporary.rglob("review.sqlite3")
    (kept_row,) = ReviewStore(str(verdicts)).entries()
    assert kept_row.note == "seen on the left"
    assert not traces(temporary)
    browser.close()
    downloads = tmp_path / "profile" / "Default" / "History"
    assert [each for each in traces(tmp_path / "profile") if each != str(downloads)] == []
