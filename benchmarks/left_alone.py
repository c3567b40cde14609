"""What a page costs that is shown and left alone.

    python -m benchmarks.left_alone [--seconds N] [PAGE ...]

Each page is opened in a browser of its own, with one film where it takes films, and nothing is
touched. Once Chromium has tidied up behind the page's start, which takes it half a minute, the
processor time of all its processes and of the server's is counted over a minute, and told as a
share of one core. The first row is an empty tab: what Chromium takes by itself.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from time import sleep, time

from playwright.sync_api import Browser, Page

from benchmarks.app import (
    SAMPLES,
    chromium,
    is_chromium,
    load,
    opened,
    processor_seconds,
    served,
    settled,
    tree,
    upload,
)

SETTLE = 40
FILM = SAMPLES / "child-01.jpg"


def read(page: Page) -> None:
    upload(page, [FILM])
    page.wait_for_selector(".pane[data-ready=true]")


def mapped(page: Page) -> None:
    read(page)
    page.keyboard.press("m")
    page.get_by_role("slider", name="Opacity").wait_for()
    page.wait_for_function("!document.body.innerText.includes('Working out')")
    settled(page)


def go(name: str) -> Callable[[Page], None]:
    def goes(page: Page) -> None:
        page.get_by_role("link", name=name).first.click()
        settled(page)

    return goes


def lab(page: Page) -> None:
    read(page)
    go("Lab")(page)
    page.wait_for_selector(".pane[data-ready=true]")


Steps = Callable[[Page], None]
PAGES: dict[str, Steps | None] = {
    "an empty tab": None,
    "Read, before a film": lambda page: None,
    "Read, one film": read,
    "Read, one film and its map": mapped,
    "Metrics": go("Metrics"),
    "Review": go("Review"),
    "Lab, one film": lab,
    "Study": go("Study"),
}


def measure(
    browser: Browser, address: str, server: int, go_to: Steps | None, seconds: float
) -> tuple[float, float]:
    """Per cent of a core that the browser's processes took, and the server's."""
    if go_to is None:
        page = browser.new_context().new_page()
    else:
        page = opened(browser, address)
        go_to(page)
    page.mouse.move(720, 5)
    sleep(SETTLE)
    sides = [pid for pid in tree(os.getpid()) if is_chromium(pid)], tree(server)
    before = [sum(map(processor_seconds, side)) for side in sides]
    start = time()
    sleep(seconds)
    took = time() - start
    after = [sum(map(processor_seconds, side)) for side in sides]
    page.context.close()
    mine, theirs = (100 * (b - a) / took for a, b in zip(before, after, strict=True))
    return mine, theirs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pages", nargs="*", help="begin of a row's name; all where none is named")
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    print("| page | browser, all its processes | server |")
    print("| --- | --- | --- |")
    for name, go_to in PAGES.items():
        if options.pages and not any(name.startswith(each) for each in options.pages):
            continue
        with served() as app, chromium() as browser:
            mine, theirs = measure(browser, app.address, app.pid, go_to, options.seconds)
        print(f"| {name} | {mine:.1f} % | {theirs:.1f} % |", flush=True)
    print(f"\n{load()}")


if __name__ == "__main__":
    main()
