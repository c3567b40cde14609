"""What a hundred large films cost the server's memory, and whether it is given back.

    python -m benchmarks.memory [--films N] [--looks N] [--kind jpeg|png|png16]

Drawn films of 2,500 × 3,000 pixels, no two alike, are dropped into one session and read; then the
reader looks at the first thirty. Told is what the server's process holds beside what it held when
it was idle, with the model loaded and one small film read, and what it holds once the tab is closed
and Streamlit has forgotten the session, which takes it two minutes. The time from click to film is
that of the browser.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

import cv2
import numpy as np
from playwright.sync_api import Page

from benchmarks.app import (
    SAMPLES,
    at_film,
    chromium,
    load,
    opened,
    resident,
    served,
    settled,
    upload,
)
from cxr.teaching import phantom

HEIGHT, WIDTH = 3000, 2500
GRAIN = 2.0
"""Standard deviation of the drawings' noise, grey levels of 255."""
FORGOTTEN = 140
"""Seconds after which Streamlit has dropped a session whose tab is closed."""
AT_ONCE = 10


def draw(folder: Path, count: int, kind: str) -> list[Path]:
    """Films with the noise of a detector, which no packing takes away."""
    chest = cv2.resize(phantom.draw("lower"), (WIDTH, HEIGHT)).astype(np.float32)
    found = []
    for seed in range(count):
        noise = np.random.default_rng(seed).standard_normal(chest.shape, np.float32)
        film = np.clip(chest + GRAIN * noise, 0, 255)
        path = folder / f"film-{seed:03}.{kind}"
        if kind == "jpeg":
            data = cv2.imencode(".jpg", film.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
        elif kind == "png":
            data = cv2.imencode(".png", film.astype(np.uint8))[1]
        else:
            data = cv2.imencode(".png", np.rint(film * 16).astype(np.uint16))[1]
        path.write_bytes(data.tobytes())
        found.append(path)
    return found


def seconds_to_next(page: Page, number: int) -> float:
    """From the click for the next film until that is on the screen."""
    next_one = page.get_by_role("button", name="Next")
    start = perf_counter()
    next_one.click()
    at_film(page, number)
    return perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--films", type=int, default=100)
    parser.add_argument("--looks", type=int, default=30)
    parser.add_argument("--kind", choices=("jpeg", "png", "png16"), default="png")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, served() as app, chromium() as browser:
        films = draw(Path(name), options.films, options.kind)
        held = sum(path.stat().st_size for path in films) / 1e6
        first = opened(browser, app.address)
        upload(first, [SAMPLES / "child-01.jpg"])
        first.context.close()
        sleep(5)
        idle = resident(app.pid)
        page = opened(browser, app.address)
        most = idle
        start = perf_counter()
        for at in range(0, len(films), AT_ONCE):
            upload(page, films[at : at + AT_ONCE], at)
            most = max(most, resident(app.pid))
        took = perf_counter() - start
        read = resident(app.pid) - idle
        page.get_by_test_id("stRadioGroup").get_by_text("film-000").click()
        at_film(page, 1)
        settled(page)
        turns = []
        for number in range(2, 1 + min(options.looks, len(films))):
            turns.append(seconds_to_next(page, number))
            settled(page)
            most = max(most, resident(app.pid))
        seen = resident(app.pid) - idle
        page.context.close()
        sleep(FORGOTTEN)
        left = resident(app.pid) - idle
    print(
        f"{options.films} films of {WIDTH:,} × {HEIGHT:,}, {options.kind}, files of {held:.0f} MB"
    )
    print("| the server, above idle | MB |")
    print("| --- | --- |")
    print(f"| all read | {read:.0f} |")
    print(f"| {options.looks} looked at | {seen:.0f} |")
    print(f"| at most, seen once a film | {most - idle:.0f} |")
    print(f"| {FORGOTTEN} s after the tab was closed | {left:.0f} |")
    print(f"\nIdle: {idle:.0f} MB. Dropped in and read: {took:.1f} s.")
    print(f"From click to film: {1000 * median(turns):.0f} ms, the slowest {max(turns):.2f} s.")
    print(load())


if __name__ == "__main__":
    main()
