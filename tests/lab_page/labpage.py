"""The Lab without a browser: drawn on, walked through and read."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appwalk import running, text, wait
from streamlit.testing.v1 import AppTest

from ui.viewer import Region

PAGE = str(Path(__file__).parents[2] / "pages" / "lab.py")


class Hand:
    """Draws what a reader would: the viewer gives its last region until another is drawn."""

    def __init__(self, show: Callable[..., Region | None]) -> None:
        self._show = show
        self.region: Region | None = None

    def __call__(self, *args: Any, **more: Any) -> Region | None:
        self._show(*args, **more)
        return self.region

    def box(self, x: float, y: float, width: float, height: float, plate: int = 0) -> None:
        serial = self.region.serial + 1 if self.region else 1
        self.region = Region(plate, "box", (x, y, width, height), (), 0.0, serial)


def changes(at: AppTest) -> dict[str, str]:
    return dict(re.findall(r'aria-label="(\S+) \S+ → \S+, (\S+)"', text(at)))


def draw(at: AppTest, hand: Hand, *box: float, plate: int = 0) -> None:
    hand.box(*box, plate=plate)
    at.run()
    assert not at.exception


def view(at: AppTest, name: str) -> None:
    """Go to a view and stay until its work is done."""
    at.segmented_control(key="lab-view").set_value(name).run()
    finish(at)


def finish(at: AppTest) -> None:
    wait(lambda: not running(at))
    while True:
        at.run()
        assert not at.exception
        if not any(button.key == "cancel" for button in at.button):
            return
        wait(lambda: not running(at))


def table(at: AppTest, place: int) -> list[list[str]]:
    """Cells of a table of the page."""
    body = re.findall(r"<table.*?</table>", text(at), re.DOTALL)[place]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
