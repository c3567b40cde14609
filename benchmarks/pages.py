"""What a reader waits for, beside its goals: from the hand to what is seen, in a real browser.

    python -m benchmarks.pages [--turns N] [--write]

One session, warm: what is loaded once is loaded before anything is timed. Every turn has films
that neither server nor browser has seen. A page's time ends when what was asked for is seen, not
when the last of the page has come. The figures are claims only on a machine that does nothing else:
where it isn't idle before and after, the table says so, and --write (into benchmarks/pages.md) is
refused.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, expect
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate

from benchmarks.app import ROOT, SAMPLES, WAIT_MS, chromium, load, opened, served, settled

GOALS = {
    "drop → scores, PNG": (0.36, 0.36),
    "drop → scores, JPEG 2000 DICOM": (1.6, 1.0),
    "Grad-CAM": (0.2, 0.2),
    "full occlusion": (2.5, 1.2),
    "full occlusion, `python -m cxr explain`": (0.6, 0.6),
    "a map’s test": (7.0, 2.0),
    "next film": (0.2, 0.2),
    "30 uploads": (3.7, 3.7),
    "page switch": (0.3, 0.3),
    "Lab": (0.8, 0.3),
}
"""What is waited for → seconds when the goals were set, and the goal."""

IDLE_LOAD, IDLE_CORES, REST_S = 0.5, 0.1, 5.0
"""Load of the last minute, and cores busy while this rests, up to which a machine is idle."""

SCORED = """name => {
  const shown = document.querySelector(".cxr-name"), bars = document.querySelector(".cxr-bars");
  const holder = (part) => part.closest("[data-testid=stElementContainer]");
  const fresh = (part) => holder(part)?.dataset.stale !== "true";
  return shown?.innerText.includes(name) && bars && fresh(shown) && fresh(bars)
    && document.querySelector(".pane[data-ready=true]");
}"""
MAPPED = """name => {
  const map = document.querySelector(".cxr-viewer .map");
  const titles = document.querySelectorAll(".cxr-viewer .title");
  const chosen = document.querySelector(".cxr-viewer select[aria-label=Map]");
  return map && !map.hidden && chosen?.value.endsWith(name)
    && [...titles].some((title) => title.textContent === "Map");
}"""


def seconds(does: Callable[[], object]) -> float:
    start = perf_counter()
    does()
    return perf_counter() - start


def pixels(number: int) -> NDArray[np.uint8]:
    """A sample under noise that no other has."""
    film = cv2.imread(str(SAMPLES / "child-03.jpg"), cv2.IMREAD_GRAYSCALE)
    noise = np.random.default_rng(number).normal(0, 2, film.shape)
    return np.clip(film + noise, 0, 255).astype(np.uint8)


def png(folder: Path, number: int) -> Path:
    path = folder / f"film-{number:03}.png"
    cv2.imwrite(str(path), pixels(number))
    return path


def jpeg_2000(folder: Path, number: int) -> Path:
    """A film of 2,500 × 3,000 pixels at 12 bits, packed without loss."""
    deep = cv2.resize(pixels(number), (2500, 3000)).astype(np.uint16) * 16
    packed = io.BytesIO()
    Image.fromarray(deep).save(packed, "JPEG2000", no_jp2=True, irreversible=False)
    film = Dataset()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = uid.JPEG2000Lossless
    film.SOPClassUID = uid.ComputedRadiographyImageStorage
    film.SOPInstanceUID = uid.generate_uid()
    film.Modality, film.BodyPartExamined, film.ViewPosition = "CR", "CHEST", "PA"
    film.Rows, film.Columns = deep.shape
    film.SamplesPerPixel, film.PhotometricInterpretation = 1, "MONOCHROME2"
    film.BitsAllocated, film.BitsStored, film.HighBit, film.PixelRepresentation = 16, 12, 11, 0
    film.PixelData = encapsulate([packed.getvalue()])
    film["PixelData"].VR = "OB"
    path = folder / f"film-{number:03}.dcm"
    film.save_as(path, enforce_file_format=True)
    return path


def drop(page: Page, film: Path) -> None:
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(film)
    page.wait_for_function(SCORED, arg=film.stem)


def press(page: Page, button: str, until: str, said: str) -> None:
    page.get_by_role("button", name=button).first.click()
    page.wait_for_function(until, arg=said)


def occlusion(page: Page) -> None:
    page.get_by_role("radio", name="Occlusion", exact=True).click()
    page.wait_for_function(MAPPED, arg="Occlusion")


def go(page: Page, name: str, there: str) -> None:
    page.get_by_role("link", name=name).first.click()
    page.wait_for_selector(there)


def thirty(page: Page, films: list[Path]) -> None:
    held = int(re.findall(r"Films \((\d+)\)", page.locator("body").inner_text())[0])
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(films)
    scored = page.locator(".list .row:not(.quiet)")
    expect(scored).to_have_count(held + len(films), timeout=WAIT_MS)


def turn(page: Page, folder: Path, numbers: Iterator[int]) -> dict[str, float]:
    """Seconds of everything once."""
    found = {}

    def time(what: str, does: Callable[[], object]) -> None:
        found[what] = seconds(does)
        settled(page)

    film = png(folder, next(numbers))
    time("drop → scores, PNG", lambda: drop(page, film))
    deep = jpeg_2000(folder, next(numbers))
    time("drop → scores, JPEG 2000 DICOM", lambda: drop(page, deep))
    drop(page, png(folder, next(numbers)))
    settled(page)
    found["Grad-CAM"] = seconds(lambda: press(page, "Show map", MAPPED, "Grad-CAM"))
    time("a map’s test", lambda: page.get_by_text("Test: ").wait_for())
    time("full occlusion", lambda: occlusion(page))
    page.get_by_role("radio", name="Grad-CAM", exact=True).click()
    settled(page)
    page.get_by_role("button", name="Hide map").click()
    settled(page)
    many = [png(folder, next(numbers)) for _ in range(30)]
    time("30 uploads", lambda: thirty(page, many))
    page.get_by_role("button", name=many[0].name).click()  # of the list
    page.wait_for_function(SCORED, arg=many[0].stem)
    settled(page)
    time("next film", lambda: press(page, "Next", SCORED, many[1].stem))
    time("page switch", lambda: go(page, "Metrics", "text=Balanced accuracy is"))
    time("Lab", lambda: go(page, "Lab", ".pane[data-ready=true]"))
    go(page, "Read", ".pane[data-ready=true]")
    settled(page)
    page.get_by_role("button", name="Remove all").click()
    page.get_by_role("button", name="Forget").click()
    settled(page)
    command = [sys.executable, "-m", "cxr", "explain", str(film), "--class", "P", "--anyway"]
    command += ["--method", "occlusion", "--untested", "--out", str(folder / "map.png")]
    found["full occlusion, `python -m cxr explain`"] = seconds(
        lambda: subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    )
    return found


def busy() -> float:
    """Cores that are busy while this rests."""

    def now() -> tuple[float, float]:
        fields = [int(x) for x in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        return sum(fields), sum(fields) - fields[3] - fields[4]

    before = now()
    sleep(REST_S)
    after = now()
    return (os.cpu_count() or 1) * (after[1] - before[1]) / (after[0] - before[0])


def report(turns: list[dict[str, float]], at_rest: list[float], before: float) -> tuple[str, bool]:
    """The table, and whether it may be claimed."""
    idle = before <= IDLE_LOAD and max(at_rest) <= IDLE_CORES
    cores = " and ".join(f"{each:.2f}" for each in at_rest)
    lines = [
        f"{date.today().isoformat()}, `python -m benchmarks.pages --turns {len(turns)}`; medians. "
        f"Load before: {before:.2f}; cores busy with other work before and after: {cores}.",
        "",
        *([] if idle else ["**The machine was not idle: this is no claim about the goals.**", ""]),
        "| what is waited for | when the goals were set | goal | today | of the goal |",
        "| --- | --- | --- | --- | --- |",
    ]
    for what, (then, goal) in GOALS.items():
        today = median(each[what] for each in turns)
        missed = ", missed" if idle and today > goal else ""
        cells = [what, *(f"{each:.2f} s" for each in (then, goal, today))]
        lines.append(f"| {' | '.join(cells)} | {today / goal:.1f}×{missed} |")
    return "\n".join(lines) + "\n", idle


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write benchmarks/pages.md")
    options = parser.parse_args()
    before, at_rest = os.getloadavg()[0], [busy()]
    turns = []
    with tempfile.TemporaryDirectory() as name, served() as app, chromium() as browser:
        numbers = count()
        page = opened(browser, app.address)
        for number in range(options.turns + 1):
            print(f"  turn {number} of {options.turns}, {load()}", file=sys.stderr, flush=True)
            turns.append(turn(page, Path(name), numbers))
    at_rest.append(busy())
    text, idle = report(turns[1:], at_rest, before)  # the first loads what is loaded once
    print(text)
    if options.write and idle:
        (ROOT / "benchmarks" / "pages.md").write_text(f"# Pages\n\n{text}", encoding="utf-8")
    elif options.write:
        print("Not written: the machine was not idle.", file=sys.stderr)
    return 0 if idle or not options.write else 1


if __name__ == "__main__":
    sys.exit(main())
