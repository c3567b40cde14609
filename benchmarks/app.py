"""The real app and a real Chromium, for the scripts that measure what they cost together.

Linux alone: times and memory are read from /proc.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep
from typing import NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "samples"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
WAIT_MS = 300_000
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class App(NamedTuple):
    """Where the app listens, and its process."""

    address: str
    pid: int
    process: subprocess.Popen[bytes]


@contextmanager
def served(root: Path = ROOT, port: int = 0, secrets: str = "") -> Iterator[App]:
    """The app of a checkout, as it starts by itself; with secrets it asks who comes."""
    with tempfile.TemporaryDirectory() as home:
        if secrets:
            (Path(home) / ".streamlit").mkdir()
            (Path(home) / ".streamlit" / "secrets.toml").write_text(secrets)
        server = start(port or free_port(), Path(home), root)
        try:
            answered(server)
            yield server
        finally:
            server.process.terminate()
            server.process.wait()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def start(port: int, home: Path, root: Path = ROOT) -> App:
    """Start the app without waiting for it."""
    command = [sys.executable, "-m", "streamlit", "run", "serve.py", "--server.headless", "true"]
    command += ["--server.port", str(port)]
    environment = {**os.environ, "HOME": str(home)}
    with (home / "log").open("a") as log:
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log)
    return App(f"http://127.0.0.1:{port}", process.pid, process)


def answered(app: App, path: str = "_stcore/health") -> None:
    """Wait until an address of the app answers well."""
    while app.process.poll() is None:
        try:
            urllib.request.urlopen(f"{app.address}/{path}", timeout=WAIT_MS / 1000).close()
            return
        except OSError:
            sleep(0.02)
    raise RuntimeError("the app ended")


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """A headless browser with every default of its own but the sandbox, which root cannot have."""
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        sys.exit("There is no Chromium on this machine.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", *flags])
        yield browser
        browser.close()


def opened(browser: Browser, address: str) -> Page:
    """A session of its own that has accepted the notice."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    accept_notice(page)
    return page


def accept_notice(page: Page) -> None:
    accept = page.get_by_role("button", name="I have read this and accept")
    accept.wait_for()
    settled(page)
    accept.click()
    page.get_by_test_id("stFileUploaderDropzoneInput").wait_for(state="attached")
    settled(page)


def settled(page: Page) -> None:
    """Wait until the script has ended."""
    page.wait_for_selector(
        "[data-testid='stApp'][data-test-connection-state='CONNECTED']"
        "[data-test-script-state='notRunning']"
    )


def at_film(page: Page, number: int) -> None:
    """Wait until a film of the list is on the screen."""
    page.locator(".cxr-name", has_text=re.compile(rf"^{number} of ")).wait_for()
    page.wait_for_selector(".pane[data-ready=true]")


def upload(page: Page, files: Sequence[Path], before: int = 0) -> None:
    """Drop films in beside those that are there, and wait until all have been read."""
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(files)
    page.get_by_text(f"Films ({before + len(files)})").wait_for()
    page.wait_for_function("!document.body.innerText.includes('not read yet')")
    settled(page)


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    parents = {}
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            with suppress(OSError):  # it has just ended
                parents[int(each.name)] = int(_stat(int(each.name))[1])
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += [child for child, parent in parents.items() if parent == one]
    return found


def is_chromium(pid: int) -> bool:
    """Whether a process is one of the browser's, not of what drives it."""
    with suppress(OSError):
        return b"chrom" in (Path("/proc") / str(pid) / "cmdline").read_bytes().split(b"\0")[0]
    return False


def processor_seconds(pid: int) -> float:
    """Time that a process has been on a processor since it started; 0 for one that has ended."""
    try:
        user, system = _stat(pid)[11:13]
    except OSError:
        return 0.0
    return (int(user) + int(system)) / _TICK


def resident(pid: int) -> float:
    """Memory that a process holds, MB."""
    pages = int((Path("/proc") / str(pid) / "statm").read_text().split()[1])
    return pages * _PAGE / 1e6


def _stat(pid: int) -> list[str]:
    """The fields after the name, which may hold anything: state, parent …"""
    return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()


def load() -> str:
    """The machine's load of the last minute, for the report."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
