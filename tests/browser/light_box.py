"""A page with nothing but the viewer, for its tests: `?case=` says which films lie on it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import streamlit as st
from films import film, png
from numpy.typing import NDArray

from cxr.imaging.radiograph import Radiograph, window_table
from cxr.model.side_by_side import Alignment
from ui.base import keymap
from ui.viewer import MapDisplay, MapLayer, Plate, viewer

MARK = (200, 300, 150, 90)  # x, y, width, height of the white box on the marked film
OFF = (-60, -100)
EARLIER = Alignment(2, *OFF)


def radiograph(pixels: NDArray[Any], bits: int, **more: Any) -> Radiograph:
    table = window_table(bits, 0, 2**bits - 1) if bits > 8 else None
    return Radiograph(np.ascontiguousarray(pixels), bits, "", "DICOM", voi=table, **more)


def marked() -> Radiograph:
    """Mid-grey on 12 bits with one white box."""
    pixels = np.full((800, 640), 1000, np.uint16)
    x, y, width, height = MARK
    pixels[y : y + height, x : x + width] = 4095
    return radiograph(pixels, 12, spacing_mm=(0.5, 0.25), orientation=("L", "F"))


def earlier() -> Radiograph:
    """The same box on a wider film, where `EARLIER` takes it to that of the marked one."""
    pixels = np.full((600, 900), 60, np.uint8)
    x, y = (round((at - off) / EARLIER.scale) for at, off in zip(MARK, OFF, strict=False))
    width, height = (round(side / EARLIER.scale) for side in MARK[2:])
    pixels[y : y + height, x : x + width] = 255
    return radiograph(pixels, 8)


def ramp(height: int, width: int) -> Radiograph:
    row = np.linspace(0, 65535, max(height, width)).astype(np.uint16)
    pixels = np.empty((height, width), np.uint16)
    pixels[:] = row[:width] if width >= height else row[:height, None]
    return radiograph(pixels, 16)


def hump(sign: float) -> NDArray[np.float32]:
    y, x = np.mgrid[-1:1:40j, -1:1:32j]
    return (sign * 0.2 * np.exp(-8 * ((x - 0.3) ** 2 + (y + 0.2) ** 2))).astype(np.float32)


def faint(peak: float) -> MapLayer:
    label = "T" if peak else "N"
    return MapLayer(f"{label} · Grad-CAM", peak * hump(5), "gradcam", label)


def white() -> Radiograph:
    return radiograph(np.full((900, 1400), 4095, np.uint16), 12, orientation=("L", "F"))


def plates(case: str) -> list[Plate]:
    drawn = radiograph(film(900, 700, 12), 12)
    maps = (
        MapLayer("T · Grad-CAM", hump(1), "gradcam"),
        MapLayer("N · Grad-CAM", hump(0.5), "gradcam"),
        MapLayer("T · Occlusion", hump(-1), "occlusion"),
    )
    found = {
        "marked": lambda: [Plate(marked(), "Marked", boxes=((0.1, 0.2, 0.3, 0.4),))],
        "pair": lambda: [Plate(drawn, "Film"), Plate(drawn, "Map", maps)],
        "map": lambda: [Plate(drawn, "Map", maps)],
        "empty": lambda: [Plate(drawn, "Map", (faint(0.0), faint(0.005)))],
        "white": lambda: [Plate(white(), "White")],
        "drawn": lambda: [Plate(drawn, "Drawn")],
        "laid": lambda: [
            Plate(marked(), "Now", place=Alignment(1, 0, 0)),
            Plate(earlier(), "Earlier", place=EARLIER),
        ],
        "differ": lambda: [Plate(drawn, "Drawn"), Plate(marked(), "Marked")],
        "dot": lambda: [Plate(ramp(1, 1), "Dot")],
        "line": lambda: [Plate(ramp(5000, 1), "Line")],
        "large": lambda: [Plate(ramp(7100, 7100), "Large")],
    }
    return found[case]()


def main() -> None:
    st.set_page_config(layout="wide")
    case = st.query_params.get("case", "marked")
    if st.session_state.get("case") != case:
        st.session_state.update(case=case, plates=plates(case), steps=[])
    keymap.listen()
    st.text_input("Words")
    again = st.button("Run again")
    if st.button("Other film"):
        st.session_state["plates"] = plates("drawn" if case == "marked" else "marked")
    if st.button("Add a plate"):
        st.session_state["plates"] = [*st.session_state["plates"], *plates("map")]
    if st.button("Take a plate away"):
        st.session_state["plates"] = st.session_state["plates"][:-1]
    if st.button("Lay a map"):
        st.session_state["plates"] = plates("map")
    shown = st.session_state["plates"]
    region = viewer(
        shown,
        key="box",
        draw=True,
        height="700px",
        on_step=st.session_state["steps"].append,
        picture=picture,
    )
    known = {"region": region and vars(region), "steps": st.session_state["steps"]}
    st.code(json.dumps(known), language="json")
    if again:
        st.caption("It ran again")


def picture(look: MapDisplay) -> tuple[str, bytes]:
    return f"{look.layer} {look.opacity} {look.scale}.png", png(np.zeros((2, 2), np.uint8))


if __name__ == "__main__":  # the tests import what is drawn here
    main()
