"""The viewer in a headless Chromium: frames, bytes and the time from click to film.

    python -m benchmarks.viewer [--frames N] [--rounds N]

Three things are changed once a frame on a film of 2,500 × 3,000 pixels at 12 bits: its window, its
zoom and a map's opacity. Beside them a bare canvas of the same size draws the same film, already
turned into colours, at another zoom in each frame: the least that any viewer could do. Told is the
median time from one frame to the next with the browser's limit of 60 a second taken off; 60 a
second are kept where it is below 16.7 ms. All by turns in one run.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import sleep
from urllib.parse import urlsplit

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
FLAGS = ["--no-sandbox", "--disable-frame-rate-limit", "--disable-gpu-vsync"]
SIZE = {"width": 1600, "height": 1100}
RAW = 2 * 2500 * 3000

FRAMES = """async ([change, count]) => {
  const does = new Function("i", change);
  const gaps = [];
  let last = 0;
  for (let i = 0; i < count; i++) {
    const start = await new Promise(requestAnimationFrame);
    if (last) gaps.push(start - last);
    last = start;
    does(i);
  }
  return gaps;
}"""

KEY = "new KeyboardEvent('keydown', { key: %s, shiftKey: %s, bubbles: true, cancelable: true })"
CHANGES = {
    "window": "document.querySelector('.screen').dispatchEvent("
    + KEY % ("i % 40 < 20 ? 'ArrowLeft' : 'ArrowRight'", "true")
    + ")",
    "zoom": "document.body.dispatchEvent(" + KEY % ("i % 10 < 5 ? '+' : '-'", "false") + ")",
    "opacity": "const slider = document.querySelector('[aria-label=Opacity]');"
    "slider.value = 5 * (i % 20);"
    "slider.dispatchEvent(new Event('input', { bubbles: true }))",
}
BARE = """() => {
  const shown = document.querySelector(".pane .picture canvas");
  const film = document.createElement("canvas");
  Object.assign(film, { width: 2500, height: 3000 });
  film.getContext("2d").drawImage(shown, 0, 0, 2500, 3000);
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: shown.width, height: shown.height });
  canvas.style = "position: fixed; inset: 0; z-index: 1000000";
  document.body.append(canvas);
  const context = canvas.getContext("2d", { alpha: false });
  window.bare = (i) => {
    const scale = (canvas.height / 3000) * (1 + (i % 10) / 10);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.drawImage(film, 0, 0);
  };
}"""
RENDERER = """() => {
  const gl = document.createElement("canvas").getContext("webgl");
  const info = gl?.getExtension("WEBGL_debug_renderer_info");
  return gl ? gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER) : "none";
}"""
CLICK = """(name) => new Promise((done) => {
  const button = [...document.querySelectorAll("button")].find((b) => b.innerText.trim() === name);
  const start = performance.now();
  const title = document.querySelector(".pane .title").textContent;
  const look = () => {
    const pane = document.querySelector(".pane");
    const there = pane?.dataset.ready === "true";
    if (there && pane.querySelector(".title").textContent !== title) {
      requestAnimationFrame(() => done(performance.now() - start));
    } else requestAnimationFrame(look);
  };
  button.click();
  look();
})"""


@contextmanager
def served() -> Iterator[str]:
    """The page of viewer_page.py; what the viewer is built into lies beside it."""
    with tempfile.TemporaryDirectory() as name, socket.socket() as free:
        folder = Path(name)
        script = shutil.copy(Path(__file__).with_name("viewer_page.py"), folder)
        (folder / "static").symlink_to(ROOT / "static")
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        command = [sys.executable, "-m", "streamlit", "run", script, "--server.headless", "true"]
        command += ["--server.port", str(port)]
        log = (folder / "log").open("w")
        environment = {"PYTHONPATH": str(ROOT), "HOME": name, "PATH": "/usr/bin:/bin"}
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
                    break
                except OSError:
                    sleep(0.1)
            yield address
        finally:
            server.terminate()
            server.wait()
            log.close()


def ready(page: Page) -> None:
    page.wait_for_selector(".pane[data-ready=true]", timeout=120_000)
    page.wait_for_selector(
        "[data-testid='stApp'][data-test-script-state='notRunning']", timeout=120_000
    )


def measure(page: Page, frames: int, rounds: int) -> dict[str, float]:
    """Median time from frame to frame, ms, of each change and of the bare canvas."""
    page.evaluate(BARE)
    changes = {"bare canvas": "window.bare(i)", **CHANGES}
    gaps: dict[str, list[float]] = {name: [] for name in changes}
    for _ in range(rounds):
        for name, change in changes.items():
            page.evaluate(
                "name => document.querySelector('body > canvas').hidden = name !== 'bare canvas'",
                name,
            )
            gaps[name] += page.evaluate(FRAMES, [change, frames])
    return {name: median(gaps[name]) for name in changes}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        sys.exit("There is no Chromium on this machine.")
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page(viewport=SIZE)
        sizes: dict[str, int] = {}
        page.on(
            "response",
            lambda answer: sizes.update({answer.url: int(answer.headers.get("content-length", 0))}),
        )
        page.goto(address)
        ready(page)
        first: list[float] = []
        again: list[float] = []
        for turn in range(options.rounds):
            first.append(page.evaluate(CLICK, "Next"))
            ready(page)
            if turn == 0:
                again = [page.evaluate(CLICK, name) for name in ("Back", "Next")]
            page.wait_for_timeout(500)
        renderer = page.evaluate(RENDERER)
        found = measure(page, options.frames, options.rounds)
        version = browser.version
        browser.close()
    report(found, sizes, first, again, f"Chromium {version}, headless; graphics: {renderer}")


def report(
    found: dict[str, float],
    sizes: dict[str, int],
    first: list[float],
    again: list[float],
    machine: str,
) -> None:
    print(f"{machine}\n")
    print("| changed each frame | from frame to frame | beside the bare canvas |")
    print("| --- | --- | --- |")
    for name, gap in found.items():
        print(f"| {name} | {gap:.1f} ms | {gap / found['bare canvas']:.1f}× |")
    films = [n for url, n in sizes.items() if urlsplit(url).path.startswith("/media/")]
    film, layer = max(films), min(films)
    print(f"\n- Bytes of the film: {film:,}, {100 * film / RAW:.0f} % of its pixels; sent once.")
    print(f"- Bytes of a map: {layer:,}.")
    print(f"- From click to film: {median(first):.0f} ms, of {len(first)} films not seen before.")
    print(f"- A film that was seen before: {median(again):.0f} ms.")


if __name__ == "__main__":
    main()
