"""What is sent to the viewer: pixels that come back as they were, and honest windows."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest
from films import film
from numpy.typing import NDArray

from cxr.explain import overlay
from cxr.imaging.radiograph import Radiograph, window_table
from ui.viewer import encoding


def unpack(data: bytes, shape: tuple[int, int], dtype: Any) -> NDArray[Any]:
    """The browser's side of :func:`wire.pack`, in as many words."""
    rows = np.frombuffer(zlib.decompress(data), np.uint8).reshape(shape[0], -1)
    folded = rows.astype(np.int64)
    if dtype == np.uint16:
        folded = (folded[:, : shape[1]] << 8) | folded[:, shape[1] :]
    steps = (folded >> 1) ^ -(folded & 1)
    return np.cumsum(steps, axis=1).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (40, 1), (37, 61)])
def test_pixels_come_back_as_they_were(
    dtype: Any, shape: tuple[int, int], rng: np.random.Generator
) -> None:
    image = rng.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    assert np.array_equal(unpack(encoding.pack(image), shape, dtype), image)


def test_a_film_is_sent_in_less_than_its_pixels() -> None:
    image = film(600, 500, 12)
    assert len(encoding.pack(image)) < image.nbytes / 2


def shown(steps: NDArray[Any], window: dict[str, Any]) -> NDArray[np.int64]:
    """What the browser shows of `steps` under a window."""
    share = (steps - window["low"]) / (window["high"] - window["low"])
    return np.floor(np.clip(share, 0, 1) * 255 + 0.5).astype(np.int64)


def plain_film(bits: int = 12) -> Radiograph:
    return Radiograph(film(60, 50, bits), bits, "", "DICOM", voi=window_table(bits, 0, 2**bits - 1))


def windowed() -> Radiograph:
    return Radiograph(
        film(60, 50, 12), 12, "", "DICOM", voi=window_table(12, 300, 2700), window=(1500, 2400)
    )


def curved(bits: int = 12) -> Radiograph:
    share = np.linspace(0, 1, 2**bits)
    table = np.rint(255 * share**0.4).astype(np.uint8)
    return Radiograph(film(60, 50, bits), bits, "", "DICOM", voi=table)


def falling() -> Radiograph:
    table = window_table(12, 0, 4095)[::-1].copy()
    return Radiograph(film(60, 50, 12), 12, "", "DICOM", voi=table)


@pytest.mark.parametrize("made", [plain_film, windowed, curved, lambda: curved(16), falling])
def test_a_film_is_first_shown_as_the_network_sees_it(made: Any) -> None:
    radiograph = made()
    steps, is_curved = encoding.steps_of(radiograph)
    first = encoding.windows(radiograph, steps, is_curved)[0]
    assert np.array_equal(shown(steps, first), radiograph.eight_bit)


def test_only_a_film_whose_table_is_no_line_is_sent_through_it() -> None:
    assert not encoding.steps_of(windowed())[1]
    steps, is_curved = encoding.steps_of(curved())
    assert is_curved
    stored = curved().pixels
    order = np.argsort(stored, axis=None)
    assert (np.diff(steps.ravel()[order].astype(int)) >= 0).all()  # nothing changes places
    assert len(np.unique(steps)) == len(np.unique(stored))  # and nothing falls together


def test_presets_are_percentiles_of_what_is_not_black_or_white() -> None:
    pixels = np.zeros((100, 100), np.uint8)
    pixels[:, 50:] = np.linspace(50, 149, 50).astype(np.uint8)
    pixels[0, 0] = 255
    found = encoding.windows(Radiograph(pixels, 8, "", "PNG"), pixels, False)
    assert len(found) == 5
    assert (found[0]["low"], found[0]["high"]) == (0, 255)
    assert found[2]["low"] == pytest.approx(50, abs=2)
    assert found[2]["high"] == pytest.approx(149, abs=2)
    assert all(window["high"] > window["low"] for window in found)


@pytest.mark.parametrize("value", [0, 7, 255])
def test_a_film_of_one_grey_has_windows(value: int) -> None:
    pixels = np.full((3, 2), value, np.uint8)
    found = encoding.windows(Radiograph(pixels, 8, "", "PNG"), pixels, False)
    assert all(window["high"] > window["low"] for window in found)


def test_a_map_keeps_its_values_and_its_place() -> None:
    y, x = np.mgrid[0:1:2000j, 0:1:1500j]
    values = (0.3 * np.exp(-60 * ((x - 0.8) ** 2 + (y - 0.2) ** 2)) - 0.05).astype(np.float32)
    steps, step = encoding.levels(values)
    assert steps.shape == (512, 384)
    back = (steps.astype(np.float64) - 32768) * step
    assert back.max() == pytest.approx(values.max(), abs=0.001)
    assert back.min() == pytest.approx(values.min(), abs=0.001)
    peak = np.unravel_index(back.argmax(), back.shape)
    assert peak == pytest.approx((0.2 * 512, 0.8 * 384), abs=1.5)


def test_an_empty_map_is_sent_as_nothing() -> None:
    steps, step = encoding.levels(np.zeros((5, 4), np.float32))
    assert (steps == 32768).all()
    assert step > 0


def test_every_method_has_its_colours() -> None:
    found = encoding.kinds(set(overlay.KINDS), {})
    assert set(found) == set(overlay.KINDS)
    for kind in found.values():
        assert kind["scale"] in kind["scales"]
