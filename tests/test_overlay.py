import io
import tracemalloc
from typing import Any

import cv2
import numpy as np
import pytest
from films import film
from PIL import Image, ImageDraw, ImageFont

from cxr.explain.overlay import (
    KINDS,
    blend,
    caption,
    colour_bar,
    colours,
    export_png,
    lines,
    shows_nothing,
)
from cxr.notice import NOTICE

# Protanopia, deuteranopia, tritanopia.
MACHADO = np.array(
    [
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    ]
)
GREY = np.dstack([film(96, 80)] * 3)


def flat(value: float, shape: tuple[int, int] = (96, 80)) -> Any:
    return np.full(shape, value, np.float32)


def lightness(rgb: Any) -> Any:
    """CIE L* of uint8 (n, 3)."""
    return cv2.cvtColor(rgb[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0, :, 0]


@pytest.mark.parametrize("kind", KINDS)
def test_where_a_map_says_nothing_the_film_shows(kind: str) -> None:
    np.testing.assert_array_equal(blend(film(96, 80), flat(0), kind, opacity=1), GREY)
    np.testing.assert_array_equal(blend(film(96, 80), flat(0.3), kind, opacity=0), GREY)


def test_grad_cam_of_nothing_but_below_zero_is_clear() -> None:
    np.testing.assert_array_equal(blend(film(96, 80), flat(-1), "gradcam"), GREY)


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_colour_stands_for_the_scale_and_all_beyond(kind: str) -> None:
    for value in (0.2, 0.3, 7.0):
        found = blend(film(96, 80), flat(value), kind, opacity=1, scale=0.2)
        np.testing.assert_array_equal(found, np.broadcast_to(colours(kind)[-1], found.shape))


def test_colours_are_not_inverted() -> None:
    speaks_for, speaks_against = colours("occlusion")[-1], colours("occlusion")[0]
    assert speaks_for[0] > speaks_for[2]  # orange
    assert speaks_against[2] > speaks_against[0]  # blue
    lowest, highest = lightness(colours("gradcam")[[0, -1]])
    assert highest > lowest


def test_more_of_a_value_is_more_of_its_colour() -> None:
    values = np.linspace(-0.5, 0.5, 80, dtype=np.float32)[None].repeat(96, 0)
    grey = np.full((96, 80), 128, np.uint8)
    shift = np.abs(blend(grey, values, "occlusion").astype(int) - 128).sum(2)[0]
    assert (np.diff(shift[:40]) <= 0).all()
    assert (np.diff(shift[40:]) >= 0).all()
    rise = np.diff(lightness(colours("gradcam")))
    assert (rise > -0.2).all()


def test_both_sides_stay_apart_without_red_green_or_blue_cones() -> None:
    """Machado et al. 2009, severity 1, on linear light."""
    ends = colours("occlusion")[[0, -1]] / 255.0
    linear = np.where(ends <= 0.04045, ends / 12.92, ((ends + 0.055) / 1.055) ** 2.4)
    for matrix in MACHADO:
        seen = np.clip(linear @ matrix.T, 0, 1)
        srgb = np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)
        lab = cv2.cvtColor(srgb[None].astype(np.float32), cv2.COLOR_RGB2LAB)[0]
        assert np.linalg.norm(lab[0] - lab[1]) > 40


def test_the_same_value_has_the_same_colour_on_every_film() -> None:
    weak, strong = flat(0.1), flat(0.1)
    strong[0, 0] = 0.9
    np.testing.assert_array_equal(
        blend(film(96, 80), weak, "occlusion")[1:], blend(film(96, 80), strong, "occlusion")[1:]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_blend_is_its_formula(kind: str, rng: np.random.Generator) -> None:
    shape = (300, 1200)  # more than one band
    grey = rng.integers(0, 256, shape).astype(np.uint8)
    values = rng.normal(0, 0.3, shape).astype(np.float32)
    found = blend(grey, values, kind, opacity=0.7, scale=0.4)
    share = np.clip(values / 0.4, -1 if KINDS[kind].signed else 0, 1)
    level = np.rint(128 + 127 * share if KINDS[kind].signed else 255 * share).astype(int)
    alpha = 0.7 * np.abs(share)[..., None]
    expected = grey[..., None] * (1 - alpha) + colours(kind)[level] * alpha
    assert np.abs(found - expected).max() < 1.5


def test_bad_arguments() -> None:
    for arguments in (
        {"opacity": 1.1},
        {"opacity": -0.1},
        {"scale": 0.0},
        {"scale": float("nan")},
        {"values": flat(0, (80, 96))},
        {"film": film(96, 80).astype(float)},
    ):
        with pytest.raises(ValueError, match=r"must be|needs a map"):
            blend(**{"film": film(96, 80), "values": flat(0), "kind": "gradcam", **arguments})


def test_a_large_film_needs_little_memory() -> None:
    large = np.zeros((3000, 2500), np.uint8)
    values = np.zeros(large.shape, np.float32)
    tracemalloc.start()
    found = blend(large, values, "occlusion")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.nbytes == 3 * large.size
    assert peak < 4.5 * large.size


@pytest.mark.parametrize("kind", KINDS)
def test_colour_bar(kind: str) -> None:
    bar = colour_bar(kind, 400, opacity=1, text=16)
    assert (bar.shape, bar.dtype) == ((64, 400, 3), np.uint8)
    row = bar[4]
    used = np.flatnonzero(row.any(1))
    first = colours(kind)[0] if KINDS[kind].signed else [128, 128, 128]
    np.testing.assert_array_equal(row[used[0]], first)
    np.testing.assert_array_equal(row[used[-1]], colours(kind)[-1])
    assert bar[21:40].max() > 200  # values
    assert bar[46:].max() > 200  # unit
    assert not np.array_equal(bar, colour_bar(kind, 400, opacity=1, text=16, scale=0.123))


def test_caption() -> None:
    assert caption("gradcam", "T", "default", "0123456789abcdef", "p = 0.9") == [
        "Grad-CAM for class T: p = 0.9",
        "Model default, network 0123456789ab",
    ]


def written(text: str, size: int) -> Any:
    """The text as a picture, cut to its ink."""
    image = Image.new("L", (3000, 200))
    ImageDraw.Draw(image).text((9, 9), text, 235, ImageFont.load_default(size=size))
    return np.asarray(image.crop(image.getbbox()))


def test_export_holds_film_bar_caption_and_notice(rng: np.random.Generator) -> None:
    height, width = 1000, 1400
    grey = rng.integers(0, 256, (height, width)).astype(np.uint8)
    values = rng.normal(0, 0.2, grey.shape).astype(np.float32)
    lines = caption("occlusion", "T", "default", "0123456789abcdef")
    assert lines[0] == "Occlusion for class T (orange speaks for T, blue against it)"
    data = export_png(grey, values, "occlusion", lines, opacity=0.5)
    assert data.startswith(b"\x89PNG")
    page = np.asarray(Image.open(io.BytesIO(data)))
    assert page.shape[1:] == (width, 3)
    np.testing.assert_array_equal(page[:height], blend(grey, values, "occlusion", 0.5))
    strip = page[height:, :, 0]
    assert strip.shape[0] < height / 3
    for line in (*lines, NOTICE, KINDS["occlusion"].unit):
        match = cv2.matchTemplate(strip, written(line, 1400 // 45), cv2.TM_SQDIFF_NORMED)
        assert match.min() < 1e-3, line


@pytest.mark.parametrize("shape", [(50, 40), (3, 2000), (400, 5), (1, 1)])
def test_export_of_odd_films(shape: tuple[int, int]) -> None:
    values = np.full(shape, 0.5, np.float32)
    grey = np.full(shape, 90, np.uint8)
    data = export_png(grey, values, "occlusion", caption("occlusion", "T", "default", "0" * 64))
    page = np.asarray(Image.open(io.BytesIO(data)))
    height, width = shape
    assert page.shape[1] == max(width, 360)
    start = (page.shape[1] - width) // 2
    np.testing.assert_array_equal(
        page[:height, start : start + width], blend(grey, values, "occlusion")
    )
    assert page[height:, :2].max() == 0  # nothing runs out of the strip
    assert page[height:, -2:].max() == 0


def test_a_map_that_looks_like_the_bare_film_shows_nothing() -> None:
    assert shows_nothing(flat(0.0049), "occlusion")
    assert not shows_nothing(flat(-0.0051), "occlusion")
    assert not shows_nothing(flat(0.0049), "occlusion", scale=0.01)
    assert shows_nothing(flat(-1), "gradcam")  # it knows nothing below 0


def test_the_contour_runs_at_half_of_the_last_colour_of_either_sign() -> None:
    dark, values = np.zeros((200, 400), np.uint8), flat(0, (200, 400))
    values[50:100, 60:120], values[50:100, 260:320], values[150:, :50] = 0.06, -0.06, 0.04
    without, drawn = (
        np.asarray(Image.open(io.BytesIO(export_png(dark, values, "occlusion", [], contour=on))))
        for on in (False, True)
    )
    changed = (without != drawn).any(-1)
    for left in (60, 260):
        assert changed[50, left : left + 60].all()
        assert not changed[52:98, left + 2 : left + 58].any()
    assert not changed[140:].any()


def test_lines_are_drawn_where_the_shares_of_the_film_say() -> None:
    drawn = lines([np.array([[0.25, 0.5], [0.75, 0.5], [0.75, 1.0]], np.float32)], 40, 80)
    assert (drawn.shape, drawn.dtype, drawn.max()) == ((40, 80), np.float32, 1)
    assert (drawn[19:22, 25:60].max(0) == 1).all()
    assert not drawn[:16].any()
    assert not lines([], 4, 4).any()
