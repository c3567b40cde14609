"""A viewer as its reader sees it: pixels on the screen, and where to put the hand."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, expect
from waiting import settled

Open = Callable[[str], Page]
"""Opens a case of light_box.py in a session of its own."""


def ready(page: Page) -> None:
    expect(page.locator(".pane[data-ready=true]").first).to_be_visible()
    expect(page.locator(".pane[data-ready=false]")).to_have_count(0)
    settled(page)
    page.evaluate("document.fonts.ready.then(() => null)")  # letters of another width move things
    drawn(page)


def drawn(page: Page) -> None:
    """Wait until the browser has drawn what it was told to."""
    page.evaluate("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")


def greys(page: Page, pane: int = 0) -> NDArray[np.uint8]:
    """The film as drawn, without what lies over it: uint8 (H, W)."""
    drawn(page)
    size, data = (
        page.locator(".pane .picture canvas")
        .nth(pane)
        .evaluate(
            """canvas => {
          const {width, height} = canvas;
          const {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
          let text = "";
          for (let i = 0; i < data.length; i += 4) text += String.fromCharCode(data[i]);
          return [[height, width], btoa(text)];
        }"""
        )
    )
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(size)


def frame(page: Page, pane: int = 0) -> tuple[float, float, float, float]:
    """Left, top, width, height of a pane."""
    found = page.locator(".pane .screen").nth(pane).bounding_box()
    assert found is not None
    return found["x"], found["y"], found["width"], found["height"]


def seen(page: Page, pane: int = 0) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of what is white on the pane, CSS pixels of the page."""
    rows, columns = np.nonzero(greys(page, pane) > 200)
    x, y, *_ = frame(page, pane)
    left, right = float(columns.min()), float(columns.max()) + 1
    return x + left, y + float(rows.min()), x + right, y + float(rows.max()) + 1


def extent(page: Page) -> tuple[float, float, float, float]:
    """:func:`seen` on a screen of two pixels a CSS pixel."""
    x, y, *_ = frame(page)
    left, top, right, bottom = seen(page)
    return x + (left - x) / 2, y + (top - y) / 2, x + (right - x) / 2, y + (bottom - y) / 2


def heart(shown: NDArray[Any]) -> NDArray[np.int64]:
    """The middle of a pane, where there is nothing but film."""
    height, width = shown.shape[:2]
    return shown[height // 4 : -height // 4, 2 * width // 5 : -2 * width // 5].astype(np.int64)


def coloured(page: Page) -> NDArray[np.int64]:
    """The pane as seen, with its map, once no line says what a key did: (H, W, 3)."""
    drawn(page)
    expect(page.locator(".cxr-key-said")).to_be_hidden()
    shot = page.locator(".screen").last.screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(np.int64)


def middle(page: Page, pane: int = 0) -> tuple[float, float]:
    x, y, width, height = frame(page, pane)
    return x + width / 2, y + height / 2


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    page.mouse.move(*end)
    page.mouse.up()


def run_again(page: Page) -> None:
    """The script runs once more, and has ended."""
    page.get_by_role("button", name="Run again").click()
    expect(page.get_by_text("It ran again")).to_be_visible()
    settled(page)


def told(page: Page) -> dict[str, Any]:
    """What Python knows."""
    settled(page)
    return json.loads(page.get_by_test_id("stCode").inner_text())


def number(page: Page, name: str) -> float:
    drawn(page)
    return float(page.get_by_role("spinbutton", name=name).first.input_value())
