"""The page that benchmarks/viewer.py drives: nothing but the viewer, and a button for the film."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cxr.imaging.radiograph import Radiograph, window_table
from ui.viewer import MapLayer, Plate, viewer

HEIGHT, WIDTH, BITS = 3000, 2500, 12


def film(seed: int) -> Radiograph:
    """A drawn chest with the noise of a detector: without noise it would pack too well."""
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    light = 2600 - 900 * (((np.abs(x) - 0.42) / 0.33) ** 2 + (y / 0.72) ** 2 < 1) + 300 * y
    noise = np.random.default_rng(seed).normal(0, 12, light.shape)
    pixels = np.clip(light + noise, 0, 2**BITS - 1).astype(np.uint16)
    return Radiograph(pixels, BITS, "", "DICOM", voi=window_table(BITS, 0, 2**BITS - 1))


def hump() -> np.ndarray:
    y, x = np.mgrid[-1:1:512j, -1:1:426j]
    return (0.2 * np.exp(-8 * (x**2 + y**2))).astype(np.float32)


st.set_page_config(layout="wide")
films = st.session_state.setdefault("films", {})
seed = st.session_state.setdefault("seed", 0)
if st.button("Next"):
    seed += 1
if st.button("Back"):
    seed -= 1
st.session_state["seed"] = seed
if not films:
    films[0] = film(0)
layers = (MapLayer("T · Grad-CAM", hump(), "gradcam"),)
viewer([Plate(films[seed], f"Film {seed}", layers)], key="bench", height="900px")
if seed + 1 not in films:  # the next one is there before its button can be pressed
    films[seed + 1] = film(seed + 1)
