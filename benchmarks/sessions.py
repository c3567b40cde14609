"""Does one reader's long work slow another's page?

    python -m benchmarks.sessions [--turns N]

One browser, two sessions. The second drops in a film that was not seen before (read, scored, its
passport written) and goes from Read to Metrics and back; by turns while the first rests and while
it works out integrated gradients and occlusion in the Lab, with the evidence about both: minutes of
work a film, and where it has done one it steps on. By turns, so that what else the machine does
weighs on both alike. Both are on this machine, and so is the browser, whose own work counts in all
figures. Told besides: how long integrated gradients take on Read, from the click to the map, with
the gradients' process cold and warm.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

import cv2
import numpy as np
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from benchmarks.app import SAMPLES, chromium, load, opened, served, settled, upload
from cxr.gradients.worker import GRACE

INTEGRATED = "Integrated gradients"


def seconds(does: Callable[[], object]) -> float:
    start = perf_counter()
    does()
    return perf_counter() - start


def fresh(folder: Path, number: int) -> Path:
    """A sample that nobody has seen: the same film under other noise."""
    film = cv2.imread(str(SAMPLES / "child-03.jpg"), cv2.IMREAD_GRAYSCALE)
    noise = np.random.default_rng(number).normal(0, 2, film.shape)
    path = folder / f"film-{number:03}.png"
    cv2.imwrite(str(path), np.clip(film + noise, 0, 255).astype(np.uint8))
    return path


def go(page: Page, name: str, there: str) -> None:
    page.get_by_role("link", name=name).first.click()
    page.wait_for_selector(there)
    settled(page)


def read(page: Page, film: Path) -> None:
    """Drop a film in and wait for its scores and its picture."""
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(film)
    page.locator(".cxr-name", has_text=film.stem).wait_for()
    page.wait_for_selector(".cxr-bars")
    page.wait_for_selector(".pane[data-ready=true]")
    settled(page)


def turn(page: Page, film: Path) -> tuple[float, float]:
    """Seconds of a prediction, and of two changes of page."""
    scored = seconds(lambda: read(page, film))

    def there_and_back() -> None:
        go(page, "Metrics", "text=Balanced accuracy is")
        go(page, "Read", ".pane[data-ready=true]")

    return scored, seconds(there_and_back) / 2


def busy(page: Page) -> bool:
    return page.get_by_text("Working out").count() > 0


def rest(page: Page) -> None:
    """Stop the work, and wait until the gradients' process has left it too."""
    while busy(page):
        page.keyboard.press("Escape")
        with suppress(PlaywrightError):  # a piece was done just then, and the next one runs
            page.get_by_text("Stopped:").wait_for(timeout=10_000)
    sleep(GRACE + 1)


def keep_busy(page: Page) -> None:
    """Go on with the work; step on where a film's maps and evidence are done."""
    if busy(page):
        return
    stopped = page.get_by_role("button", name="Go on")
    (stopped if stopped.count() else page.get_by_role("button", name="Next")).click()
    page.get_by_text("Working out").first.wait_for()


def begin_work(page: Page) -> None:
    """Occlusion is among the methods that the Lab begins with."""
    upload(page, sorted(SAMPLES.glob("child-*.jpg")))
    go(page, "Lab", ".pane[data-ready=true]")
    page.get_by_role("radio", name="Methods").click()
    chosen = page.get_by_test_id("stMultiSelect").get_by_role("combobox")
    chosen.fill(INTEGRATED)
    chosen.press("Enter")
    page.get_by_text("Working out").first.wait_for()


def gradients(page: Page) -> tuple[float, float]:
    """Seconds of integrated gradients on Read, of two classes: the first starts the process."""
    upload(page, [SAMPLES / "child-01.jpg"])
    page.keyboard.press("m")
    page.get_by_role("slider", name="Opacity").wait_for()
    settled(page)
    taken = []
    for choice, label in ((INTEGRATED, "P"), ("N", "N")):
        start = perf_counter()
        page.get_by_role("radio", name=choice, exact=True).click()
        page.wait_for_function(
            "name => document.querySelector('.cxr-viewer').innerText.includes(name)",
            arg=f"{label} · {INTEGRATED}",
        )
        taken.append(perf_counter() - start)
    return taken[0], taken[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--turns", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, served() as app, chromium() as browser:
        folder = Path(name)
        films = iter(fresh(folder, number) for number in range(2 * options.turns + 1))
        second = opened(browser, app.address)
        turn(second, next(films))  # what is loaded once is loaded
        first = opened(browser, app.address)
        cold, warm = gradients(first)
        first.context.close()
        first = opened(browser, app.address)
        begin_work(first)
        alone, beside = [], []
        for _ in range(options.turns):
            rest(first)
            alone.append(turn(second, next(films)))
            keep_busy(first)
            beside.append(turn(second, next(films)))
        first.context.close()
    print("| what the second session waits for | alone | while the first works | ratio |")
    print("| --- | --- | --- | --- |")
    for place, what in enumerate(("a film, from drop to scores and picture", "a page, from click")):
        before, after = (median(each[place] for each in times) for times in (alone, beside))
        print(f"| {what} | {before:.2f} s | {after:.2f} s | {after / before:.2f}× |")
    print(f"\nIntegrated gradients on Read, from click to map: {cold:.1f} s with the process to be")
    print(f"started, {warm:.1f} s with it warm.\n{load()}")


if __name__ == "__main__":
    main()
