"""From films that were dropped to a saved profile, in a real browser.

    CXR_DATA=DIR python -m benchmarks.hospital [--source montgomery] [--each 20] [--turns 5]

Every turn is a session of its own, on a warm server: films of N and of T are dropped, each into its
zone, the fit is waited for, a name is typed, Enter saves. What is timed is what a person waits for;
hands and eyes come on top. How long the fit itself takes, `benchmarks.site` prints.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, expect

from benchmarks.app import WAIT_MS, chromium, load, opened, served, settled
from benchmarks.pages import IDLE_CORES, IDLE_LOAD, busy, seconds
from train.data import manifest

GOAL_S = 60.0
STEPS = ("drop → read and scored", "read → fitted and drawn", "Enter → saved", "in all")
ZONES = {"N": "negative", "T": "positive"}


def films_of(data: Path, source: str, each: int) -> dict[str, list[Path]]:
    """So many films of either label."""
    listed = manifest.load(data)
    here = listed[listed.source == source]
    found = {label: here.image[here.label == label].head(each) for label in ZONES}
    if any(len(images) < each for images in found.values()):
        sys.exit(f"{source} has fewer than {each} films of N or of T.")
    return {label: [data / image for image in images] for label, images in found.items()}


def turn(browser: Browser, address: str, films: dict[str, list[Path]]) -> dict[str, float]:
    """Seconds of each step, once."""
    page = opened(browser, address)
    page.get_by_role("link", name="Hospital").first.click()
    page.get_by_text("Your hospital", exact=True).wait_for()
    settled(page)
    found = {STEPS[0]: seconds(lambda: _drop(page, films))}
    found[STEPS[1]] = seconds(lambda: _fitted(page))
    page.get_by_label("Name of your hospital").fill("Ours")
    page.get_by_label("Name of your hospital").press("Tab")
    settled(page)
    found[STEPS[2]] = seconds(lambda: _saved(page))
    page.context.close()
    return {**found, STEPS[3]: sum(found.values())}


def _drop(page: Page, films: dict[str, list[Path]]) -> None:
    for label, zone in ZONES.items():
        here = page.locator(f"[class*=st-key-hospital-{zone}-]:not([data-stale=true])")
        here.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(films[label])
        said = f"{len(films[label])} {label}"
        expect(page.locator(".cxr-name", has_text=said)).to_be_visible(timeout=WAIT_MS)


def _fitted(page: Page) -> None:
    page.get_by_role("heading", name="Fitted:").wait_for()
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    settled(page)


def _saved(page: Page) -> None:
    page.locator("body").press("Enter")
    page.get_by_text("Saved, and in use").wait_for()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--source", default="montgomery")
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--turns", type=int, default=5)
    asked = parser.parse_args()
    films = films_of(Path(os.environ["CXR_DATA"]), asked.source, asked.each)
    before, at_rest = os.getloadavg()[0], [busy()]
    with tempfile.TemporaryDirectory() as sites, chromium() as browser:
        os.environ["CXR_SITES"] = sites
        with served() as app:
            turns = []
            for number in range(asked.turns + 1):
                print(f"  turn {number} of {asked.turns}, {load()}", file=sys.stderr, flush=True)
                turns.append(turn(browser, app.address, films))
    at_rest.append(busy())
    cores = " and ".join(f"{each:.2f}" for each in at_rest)
    print(f"{asked.each} + {asked.each} films of {asked.source}, {asked.turns} turns, medians. ")
    print(f"Load before: {before:.2f}; cores busy with other work before and after: {cores}.\n")
    if before > IDLE_LOAD or max(at_rest) > IDLE_CORES:
        print("**The machine was not idle: it is faster than this where it is.**\n")
    print(
        "| what is waited for | first, on a cold server | then | goal |\n| --- | --- | --- | --- |"
    )
    for step in STEPS:
        goal = f"{GOAL_S:g} s" if step == STEPS[-1] else "–"
        then = median(each[step] for each in turns[1:])
        print(f"| {step} | {turns[0][step]:.1f} s | {then:.1f} s | {goal} |")


if __name__ == "__main__":
    main()
