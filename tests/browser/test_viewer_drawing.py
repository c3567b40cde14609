"""What is drawn on a film in the viewer, and what of it Python hears."""

from __future__ import annotations

import re

import numpy as np
import pytest
from light_box import MARK
from playwright.sync_api import expect
from viewing import Open, drag, drawn, middle, ready, run_again, seen, told

pytestmark = pytest.mark.browser


def test_a_box_arrives_in_pixels_of_the_film(light: Open) -> None:
    page = light("marked")
    page.get_by_role("button", name="Draw a box").click()
    serials: list[int] = []
    for keys in ("", "h", "vr", "l+", "rrh++"):
        for key in (" ", *keys):
            page.keyboard.press(key)
        left, top, right, bottom = seen(page)
        drag(page, (right, top), (left, bottom))
        expect(page.get_by_test_id("stCode")).to_contain_text("serial")
        if serials:
            expect(page.get_by_test_id("stCode")).not_to_contain_text(str(serials[-1]))
        region = told(page)["region"]
        assert region["plate"] == 0
        assert region["kind"] == "box"
        assert region["box"] == pytest.approx(MARK, abs=3), keys
        serials.append(region["serial"])
    assert serials == sorted(serials)


def test_a_brush_arrives_in_pixels_of_the_film(light: Open) -> None:
    page = light("marked")
    page.keyboard.press("r")
    page.get_by_role("button", name="Draw with a brush").click()
    left, top, right, bottom = seen(page)
    drag(page, (left, top), (right, bottom))
    expect(page.get_by_test_id("stCode")).to_contain_text("serial")
    region = told(page)["region"]
    assert region["kind"] == "brush"
    x, y, width, height = MARK
    points = np.array(region["points"])
    ends = points[0], points[-1]
    assert ends[0] == pytest.approx([x, y + height], abs=3)
    assert ends[1] == pytest.approx([x + width, y], abs=3)
    radius = region["radius"]
    assert 5 < radius < 40
    assert region["box"] == pytest.approx(
        (x - radius, y - radius, width + 2 * radius, height + 2 * radius), abs=6
    )


def test_a_box_can_be_drawn_by_keyboard(light: Open) -> None:
    page = light("marked")
    page.get_by_role("button", name="Draw a box").click()
    page.locator(".screen").focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowDown")
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("stCode")).to_contain_text("serial")
    region = told(page)["region"]
    assert region["box"][2] == pytest.approx(region["box"][3], rel=0.01)
    assert region["box"][0] > 320


def test_a_region_stays_over_runs_and_goes_with_its_film(light: Open) -> None:
    page = light("marked")
    page.get_by_role("button", name="Draw a box").click()
    x, y = middle(page)
    drag(page, (x, y), (x + 50, y + 60))
    expect(page.get_by_test_id("stCode")).to_contain_text("serial")
    run_again(page)
    assert told(page)["region"]
    expect(page.locator(".annotations .region")).to_have_count(1)
    page.keyboard.press("Backspace")
    expect(page.get_by_test_id("stCode")).not_to_contain_text("serial")
    drag(page, (x, y), (x + 50, y + 60))
    expect(page.get_by_test_id("stCode")).to_contain_text("serial")
    page.get_by_role("button", name="Other film").click()
    expect(page.get_by_test_id("stCode")).not_to_contain_text("serial")
    ready(page)
    expect(page.locator(".annotations .region")).to_have_count(0)


def test_escape_gives_a_box_up(light: Open) -> None:
    page = light("marked")
    page.get_by_role("button", name="Draw a box").click()
    page.locator(".screen").focus()
    for key in ("Shift+ArrowRight", "Enter", "Shift+ArrowDown", "Shift+ArrowRight"):
        page.keyboard.press(key)
    drawn(page)
    expect(page.locator(".annotations .region")).to_have_count(1)
    page.keyboard.press("Escape")
    drawn(page)
    expect(page.locator(".annotations .region")).to_have_count(0)
    assert told(page)["region"] is None


def test_a_length_is_in_mm_where_the_spacing_is_known(light: Open) -> None:
    page = light("marked")
    page.keyboard.press("Shift+L")
    left, top, right, bottom = seen(page)
    drag(page, (left, top), (right, top))
    expect(page.locator(".annotations text")).to_have_text(
        re.compile(r"37\.[3-7] mm by the file, unverified")
    )  # 150 of .25 mm
    page.keyboard.press("Backspace")
    drawn(page)
    expect(page.locator(".annotations text")).to_have_count(0)
    drag(page, (left, top), (left, bottom))
    expect(page.locator(".annotations text")).to_have_text(
        re.compile(r"4[45]\.\d mm")
    )  # 90 of .5 mm
    other = light("drawn")
    other.keyboard.press("Shift+L")
    x, y = middle(other)
    drag(other, (x, y), (x + 100, y))
    expect(other.locator(".annotations text")).to_contain_text("px")


def test_the_magnifier_shows_the_film_larger(light: Open) -> None:
    page = light("marked")
    page.keyboard.press("g")
    _, _, right, bottom = seen(page)
    page.mouse.move(right, bottom)
    page.mouse.down()
    lens = page.locator(".lens")
    expect(lens).to_be_visible()
    data = lens.evaluate("c => [...c.getContext('2d').getImageData(0, 0, 240, 240).data]")
    shown = np.reshape(data, (240, 240, 4))[..., 0]
    assert shown[:100, :100].min() > 200  # the corner of the mark is in the middle
    assert shown[140:, 140:].max() < 200
    page.mouse.up()
    expect(lens).to_have_count(0)


def test_lesion_boxes_are_drawn_when_asked_for(light: Open) -> None:
    page = light("marked")
    expect(page.locator(".lesion")).to_have_count(0)
    page.keyboard.press("b")
    expect(page.locator(".lesion")).to_have_count(1)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys").get_by_text("Lesion boxes")).to_be_visible()
