"""Maps over films and films beside films."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from light_box import hump, plates
from numpy.typing import NDArray
from playwright.sync_api import expect
from viewing import Open, coloured, drag, drawn, frame, greys, heart, middle, number, ready, seen
from waiting import settled

from cxr.explain import overlay
from ui.viewer import encoding

pytestmark = pytest.mark.browser


def test_a_map_s_look_changes_without_a_message(light: Open) -> None:
    sent: list[Any] = []
    page = light("map")
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.reload()
    ready(page)
    expect(page.locator(".map")).to_be_visible()
    at_rest = len(sent)
    assert at_rest > 0
    first = coloured(page)
    page.get_by_role("slider", name="Opacity").fill("0")
    bare = coloured(page)
    assert np.ptp(heart(bare), axis=2).max() == 0  # grey: nothing of the map is left
    assert np.ptp(first, axis=2).max() > 60
    page.get_by_role("slider", name="Opacity").fill("100")
    full = coloured(page)
    assert np.ptp(full, axis=2).mean() > np.ptp(first, axis=2).mean()
    page.get_by_label("Full colour at").select_option("0.8")
    assert np.ptp(coloured(page), axis=2).max() < np.ptp(full, axis=2).max()
    page.get_by_role("combobox", name="Map", exact=True).select_option("T · Occlusion")
    expect(page.get_by_text("fall in probability when hidden")).to_be_visible()
    page.keyboard.press("c")
    expect(page.locator(".against")).not_to_have_attribute("d", "")
    page.keyboard.press("o")
    expect(page.locator(".map")).to_be_hidden()
    settled(page)
    assert len(sent) == at_rest


def test_a_map_looks_as_in_the_exported_picture(light: Open) -> None:
    page = light("map")
    page.get_by_role("button", name="One pixel of the film").click()
    shown = coloured(page)
    height, width = shown.shape[:2]
    film8 = plates("map")[0].radiograph.eight_bit
    values = cv2.resize(hump(1), (700, 900), interpolation=cv2.INTER_LINEAR)
    wanted = overlay.blend(film8, values.astype(np.float32), "gradcam").astype(int)
    left, top = (width - 700) // 2, (900 - height) // 2
    rows, columns = slice(150, height - 150), slice(150, 550)  # no writing there
    difference = np.abs(shown[:, left : left + 700] - wanted[top : top + height])
    assert np.percentile(difference[rows, columns], 99) <= 12
    assert difference[rows, columns].mean() < 3


def test_a_picture_of_the_map_is_made_by_python(light: Open) -> None:
    page = light("map")
    page.get_by_role("slider", name="Opacity").fill("35")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save picture").click()
    assert download.value.suggested_filename == "T · Grad-CAM 0.35 0.2.png"
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_a_map_can_be_laid_on_a_film_that_is_shown(light: Open) -> None:
    page = light("drawn")
    expect(page.locator(".cover")).to_be_hidden()
    page.get_by_role("button", name="Lay a map").click()
    expect(page.locator(".map")).to_be_visible()
    drawn(page)
    left, top, width, height = frame(page)
    found = page.locator(".map").bounding_box()
    assert found is not None
    assert found["height"] == pytest.approx(height, abs=2)  # over the film, which fits in height
    assert found["x"] + found["width"] / 2 == pytest.approx(left + width / 2, abs=2)
    assert found["y"] == pytest.approx(top, abs=2)


def test_linked_films_move_together_until_they_are_unlinked(light: Open) -> None:
    page = light("pair")
    assert np.array_equal(greys(page, 0), greys(page, 1))
    before = greys(page, 1)
    x, y = middle(page)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -300)
    page.keyboard.press("r")
    drag(page, (x, y), (x - 80, y + 20))
    assert np.array_equal(greys(page, 0), greys(page, 1))
    linked = greys(page, 1)
    assert not np.array_equal(linked, before)
    page.get_by_role("button", name="Link the films").click()
    page.keyboard.press("i")
    page.keyboard.press("+")
    assert np.array_equal(greys(page, 1), linked)
    assert not np.array_equal(greys(page, 0), linked)


def test_films_of_other_depth_keep_their_own_windows(light: Open) -> None:
    page = light("differ")
    page.keyboard.press("2")
    drawn(page)
    widths = [
        float(e.input_value()) for e in page.get_by_role("spinbutton", name="Window width").all()
    ]
    assert widths == [4095, 3095]


def test_a_film_stays_as_it_is_when_plates_come_and_go(light: Open) -> None:
    page = light("drawn")
    for key in "hri":
        page.keyboard.press(key)
    x, y = middle(page)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -100)
    drag(page, (x, y), (x - 80, y + 20))
    width = number(page, "Window width")
    alone = greys(page)
    page.get_by_role("button", name="Add a plate").click()
    expect(page.locator(".pane[data-ready=true]")).to_have_count(2)
    ready(page)
    drawn(page)
    widths = [e.input_value() for e in page.get_by_role("spinbutton", name="Window width").all()]
    assert widths == [str(width).removesuffix(".0")] * 2
    assert (
        page.locator(".badge").all_inner_texts()
        == ["Mirrored: L and R are swapped · Turned 90° · Inverted"] * 2
    )
    apart = np.abs(greys(page, 0).astype(int) - greys(page, 1))
    assert apart.mean() < 0.5  # linked: the new one is as the old one, but for rounding
    page.get_by_role("button", name="Take a plate away").click()
    expect(page.locator(".pane")).to_have_count(1)
    ready(page)
    assert np.abs(greys(page).astype(int) - alone).mean() < 0.5


def test_films_that_are_laid_over_each_other_show_the_same_place(light: Open) -> None:
    page = light("laid")

    def box(pane: int) -> NDArray[np.float64]:
        """Left, top, right, bottom of the white box within its pane."""
        x, y, *_ = frame(page, pane)
        return np.array(seen(page, pane)) - (x, y, x, y)

    def alike() -> bool:
        return bool(np.abs(box(0) - box(1)).max() < 3)

    assert alike()
    before = box(0)
    page.mouse.move(*middle(page, 1))
    page.mouse.wheel(0, -300)
    page.get_by_role("button", name="Pan by dragging").click()
    x, y = middle(page, 0)
    drag(page, (x, y), (x + 40, y + 25))
    assert np.abs(box(0) - before).max() > 20
    assert alike()
    page.keyboard.press("r")
    page.keyboard.press("h")
    assert alike()
    page.get_by_role("button", name="Reset").click()
    assert alike()
    page.get_by_role("button", name="Link the films").click()
    drag(page, (x, y), (x - 40, y))
    assert not alike()
    page.get_by_role("button", name="Link the films").click()
    assert alike()


def test_an_unlinked_plate_opens_as_filed(light: Open) -> None:
    page = light("pair")
    page.get_by_role("button", name="Link the films").click()
    page.keyboard.press("h")
    page.get_by_role("button", name="Add a plate").click()
    expect(page.locator(".pane[data-ready=true]")).to_have_count(3)
    ready(page)
    assert page.locator(".badge").all_inner_texts() == ["Mirrored: L and R are swapped", "", ""]


def test_a_plate_takes_over_the_preset_and_not_its_numbers(light: Open) -> None:
    page = light("marked")
    page.keyboard.press("2")
    page.get_by_role("button", name="Add a plate").click()
    expect(page.locator(".pane[data-ready=true]")).to_have_count(2)
    ready(page)
    shown = plates("map")[0].radiograph
    wanted = encoding.windows(shown, *encoding.steps_of(shown))[1]
    width = float(page.get_by_role("spinbutton", name="Window width").last.input_value())
    assert width == pytest.approx(wanted["high"] - wanted["low"], abs=0.06)


def test_a_map_that_shows_nothing_says_so(light: Open) -> None:
    page = light("empty")
    said = page.locator(".empty")
    expect(said).to_have_text("Nothing on this film speaks for N at this scale")
    page.get_by_role("combobox", name="Map", exact=True).select_option("T · Grad-CAM")
    expect(said).to_have_text("Nothing on this film speaks for T at this scale")
    page.get_by_label("Full colour at").select_option("0.05")
    expect(said).to_have_text("")
