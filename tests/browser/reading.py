"""Films on the page Read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from films import png
from playwright.sync_api import Locator, Page, expect
from waiting import settled

from cxr.teaching import phantom

SAMPLES = Path(__file__).parents[2] / "samples"
CHILD = (SAMPLES / "child-01.jpg").read_bytes()
WIDE = png(cv2.resize(phantom.draw("lower"), (2000, 1500)).astype(np.uint8))
"""A drawing that passes for a chest: what doesn't is refused."""


def upload(page: Page, *files: tuple[str, bytes]) -> None:
    payload: list[Any] = [
        {"name": name, "mimeType": "application/octet-stream", "buffer": data}
        for name, data in files
    ]
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(payload)
    expect(page.get_by_text(f"Films ({len(files)})")).to_be_visible()
    expect(page.get_by_text("not scored yet")).to_have_count(0)
    expect(panes(page).first).to_be_visible()  # whoever counts or presses from here on has a film
    settled(page)


def panes(page: Page) -> Locator:
    return page.locator(".cxr-viewer .pane[data-ready=true]")


def ask_for_map(page: Page) -> None:
    page.keyboard.press("m")
    expect(page.get_by_role("slider", name="Opacity")).to_be_visible()
    expect(page.locator(".map").last).to_be_visible()
    settled(page)
