"""How soon does the app serve after it was killed, and does an open browser go on with its films?

    python -m benchmarks.restart [--turns N]

Each turn: the server is started on the same port, and times are taken from there: until it answers,
until its self-test has been passed, until a new tab shows the first page, until the tab that was
open when the last server was killed (SIGKILL) shows its films again. Told besides is the time that
the server was on a processor until it answered, which other work on the machine lengthens little.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from playwright.sync_api import Browser, Page

from benchmarks.app import (
    SAMPLES,
    WAIT_MS,
    App,
    answered,
    at_film,
    chromium,
    free_port,
    load,
    opened,
    processor_seconds,
    settled,
    start,
    upload,
)

FILMS = [SAMPLES / "child-01.jpg", SAMPLES / "child-02.jpg", SAMPLES / "child-03.jpg"]
ROWS = (
    "answers",
    "its time on a processor until then",
    "has tested itself",
    "a new tab shows the first page",
    "the open tab shows its films",
)


def goes_on(page: Page) -> None:
    """The first press in a page that stood still begins a session with the new server: the films
    that were there are there again, at the one that was looked at."""
    settled(page)
    before = page.evaluate("sessionStorage.getItem('cxr-tab')")
    page.get_by_role("button", name="Next").click()
    page.wait_for_function("was => sessionStorage.getItem('cxr-tab') !== was", arg=before)
    settled(page)
    at_film(page, 2)
    page.get_by_text(f"Films ({len(FILMS)})").wait_for()


def turn(browser: Browser, page: Page, app: App) -> list[float]:
    """Seconds of each row."""
    began = perf_counter()

    def passed() -> float:
        return perf_counter() - began

    answered(app)
    found = [passed(), processor_seconds(app.pid)]
    new = browser.new_context().new_page()
    new.set_default_timeout(WAIT_MS)
    new.goto(app.address)
    new.get_by_role("button", name="I have read this and accept").wait_for()
    shown = passed()
    new.context.close()
    answered(app, "health")
    found += [passed(), shown]
    goes_on(page)
    return [*found, passed()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        home, port = Path(name), free_port()
        app = start(port, home)
        try:
            answered(app)
            found = []
            for _ in range(options.turns):
                page = opened(browser, app.address)
                upload(page, FILMS)
                page.get_by_role("button", name="Next").click()
                at_film(page, 2)
                settled(page)
                app.process.kill()
                app.process.wait()
                app = start(port, home)
                found.append(turn(browser, page, app))
                page.context.close()
        finally:
            app.process.kill()
            app.process.wait()
    print("| after the start of a server whose forerunner was killed | s, median | most |")
    print("| --- | --- | --- |")
    for name, row in zip(ROWS, zip(*found, strict=True), strict=True):
        print(f"| {name} | {median(row):.2f} | {max(row):.2f} |")
    print(f"\n{options.turns} turns; {load()}")


if __name__ == "__main__":
    main()
