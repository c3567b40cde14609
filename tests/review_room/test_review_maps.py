"""What stands beside a film under review: maps, boxes, neighbours."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

from appwalk import plates
from reviewpage import opened, press, ran, text
from streamlit.testing.v1 import AppTest


def methods(at: AppTest) -> list[Any]:
    return [c for c in at.segmented_control if c.label == "Method"]


def finished(at: AppTest) -> AppTest:
    """The page once its long work has ended: one piece begins when the page has taken the last."""
    while True:
        for thread in threading.enumerate():
            if thread.name == "map":
                thread.join(60)
        ran(at.run())
        if not any(button.key == "cancel" for button in at.button):
            return at


def test_maps_come_when_asked_for(place: Path) -> None:
    at = opened()
    assert not methods(at)
    press(at, "review-maps")
    assert methods(at)[0].value == "gradcam"
    assert "What moved the network, not where disease is." in text(at)
    methods(at)[0].set_value("occlusion").run()
    finished(at)
    for label in "NT":
        title = f"{label} · Occlusion: orange speaks for {label}, blue against it"
        assert title in [plate["title"] for plate in plates(at)]
    assert "maps of a class below .10 are mostly false alarms" in text(at)
    press(at, "review-maps")
    assert not methods(at)


def test_a_film_with_boxes_has_its_maps_held_against_them(place: Path, cases: list[str]) -> None:
    without = press(opened(case=cases[0]), "review-maps")
    assert "box" not in text(without)
    at = opened(case=cases[12])  # labelled N, with a lesion
    press(at, "review-maps")
    assert all(plate["boxes"] for plate in plates(at))
    said = re.findall(r"(\w) · Grad-CAM: highest point in (a|no) box; overlap", text(at))
    assert [label for label, _ in said] == ["N", "T"]
    assert "of the map lies in the boxes, which are 9 % of the film" in text(at)


def test_neighbours_stand_beside_the_film_once_they_are_found(place: Path) -> None:
    at = opened()
    for thread in threading.enumerate():
        if thread.name == "map":
            thread.join(60)
    ran(at.run())
    captions = " ".join(image.caption for e in at.get("image") for image in e.proto.imgs)
    assert re.search(r"Nearest T called right", captions)
    assert re.search(r"Nearest N called right", captions)
    press(at, "review-neighbours")
    assert not at.get("image")
