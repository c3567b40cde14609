"""The viewer in a browser: window, place, keys and hands."""

from __future__ import annotations

import numpy as np
import pytest
from light_box import plates
from playwright.sync_api import Browser, expect
from viewing import (
    Open,
    drag,
    drawn,
    extent,
    frame,
    greys,
    heart,
    middle,
    number,
    ready,
    seen,
    told,
)
from waiting import WAIT_MS

from ui.viewer import encoding

pytestmark = pytest.mark.browser

# WCAG's contrast of an element's words with what it and those around it lay over white.
CONTRAST = """written => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  let left = 1, ground = 0;
  for (let e = written; e && !e.matches(".pane"); e = e.parentElement) {
    const [r, g, b, a = 1] = numbers(getComputedStyle(e).backgroundColor);
    ground += left * a * (r + g + b) / 3;
    left *= 1 - a;
  }
  ground += 255 * left;
  const light = (v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const [r, g, b] = numbers(getComputedStyle(written).color).map(light);
  const [ink, paper] = [0.2126 * r + 0.7152 * g + 0.0722 * b, light(ground)];
  return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
}"""


def test_at_1_to_1_the_film_is_what_the_network_sees(light: Open) -> None:
    page = light("drawn")
    page.get_by_role("button", name="One pixel of the film").click()
    shown = greys(page)
    wanted = plates("drawn")[0].radiograph.eight_bit
    height, width = shown.shape
    top = (900 - height) // 2
    inside = shown[:, (width - 700) // 2 : (width - 700) // 2 + 700]
    near = [np.abs(inside.astype(int) - wanted[top + i : top + i + height]).max() for i in (0, 1)]
    assert min(near) == 0


def test_a_film_that_is_left_alone_asks_for_no_frames_and_is_drawn_when_touched(
    light: Open,
) -> None:
    page = light("drawn")
    page.evaluate("""() => {
      const ask = window.requestAnimationFrame;
      window.asked = performance.now();
      window.requestAnimationFrame = (callback) => {
        window.asked = performance.now();
        return ask.call(window, callback);
      };
    }""")
    page.wait_for_function("performance.now() - window.asked > 1000", polling=100)
    before = greys(page)
    page.keyboard.press("i")
    assert heart(greys(page)).mean() == pytest.approx(255 - heart(before).mean(), abs=1)


def test_a_drag_moves_window_and_level(light: Open) -> None:
    page = light("drawn")
    before = greys(page)
    width, centre = number(page, "Window width"), number(page, "Window centre")
    x, y = middle(page)
    drag(page, (x, y), (x - 120, y))
    assert number(page, "Window width") < width
    assert number(page, "Window centre") == pytest.approx(centre, abs=10)
    narrow = greys(page)
    assert heart(narrow).std() > heart(before).std() + 5
    drag(page, (x, y), (x, y + 120))
    assert number(page, "Window centre") > centre
    assert heart(greys(page)).mean() < heart(narrow).mean() - 5


def test_a_window_can_be_typed_and_keys_do_not_act_meanwhile(light: Open) -> None:
    page = light("drawn")
    before = greys(page)
    field = page.get_by_role("spinbutton", name="Window width")
    field.click()
    page.keyboard.type("i1h")
    assert np.array_equal(greys(page), before)
    field.fill("400")
    page.get_by_role("spinbutton", name="Window centre").fill("1000")
    page.keyboard.press("Tab")
    assert set(np.unique(heart(greys(page)))) >= {0, 255}  # harder than any preset
    assert number(page, "Window width") == 400
    words = page.get_by_label("Words")
    words.click()
    inked = greys(page)
    page.keyboard.type("ihvrl 12345")
    assert np.array_equal(greys(page), inked)
    expect(words).to_have_value("ihvrl 12345")


def test_presets_are_keys_1_to_5(light: Open) -> None:
    page = light("drawn")
    shown = plates("drawn")[0].radiograph
    presets = encoding.windows(shown, *encoding.steps_of(shown))
    for key in "12345":
        page.keyboard.press(key)
        preset = presets[int(key) - 1]
        assert number(page, "Window width") == pytest.approx(
            preset["high"] - preset["low"], abs=0.06
        )


def test_a_window_by_hand_is_no_preset(light: Open) -> None:
    page = light("drawn")
    preset = page.get_by_label("Window presets")
    shown = "s => s.selectedOptions[0].textContent"
    page.keyboard.press("3")
    assert preset.evaluate(shown).startswith("3 ")
    x, y = middle(page)
    drag(page, (x, y), (x - 120, y))
    assert preset.evaluate(shown) == "–"
    page.keyboard.press("1")
    assert preset.evaluate(shown).startswith("1 ")


def test_what_is_written_on_a_white_film_can_be_read(light: Open) -> None:
    page = light("white")
    page.keyboard.press("h")
    page.mouse.move(*middle(page))
    drawn(page)
    assert greys(page).max() == 255
    for name in (".title", ".badge", ".readout", ".readout input", ".value", ".side"):
        for written in page.locator(name).all():
            assert written.inner_text() or name == ".readout input", name
            assert written.evaluate(CONTRAST) >= 4.5, name


def test_keys_invert_flip_turn_and_reset(light: Open) -> None:
    page = light("marked")
    before = greys(page)
    page.keyboard.press("i")
    assert np.abs(heart(greys(page)) - (255 - heart(before))).max() <= 1  # blended at its edges
    page.keyboard.press("i")
    page.keyboard.press("h")
    assert np.abs(greys(page).astype(int) - before[:, ::-1]).mean() < 0.5
    expect(page.get_by_text("L and R are swapped")).to_be_visible()
    page.keyboard.press("v")
    assert np.abs(greys(page).astype(int) - before[::-1, ::-1]).mean() < 0.5
    expect(page.get_by_text("L and R are swapped")).to_have_count(0)
    page.keyboard.press(" ")
    assert np.array_equal(greys(page), before)
    left, top, right, bottom = seen(page)
    page.keyboard.press("r")
    turned = seen(page)
    assert (turned[2] - turned[0]) / (turned[3] - turned[1]) == pytest.approx(
        (bottom - top) / (right - left), rel=0.05
    )
    x, y = middle(page)
    # The mark lies left of the middle and above it; turned right, it lies above and to the right.
    assert (turned[0] + turned[2]) / 2 > x
    assert (turned[1] + turned[3]) / 2 < y
    page.keyboard.press("l")
    assert np.array_equal(greys(page), before)


def test_sides_turn_with_the_film(light: Open) -> None:
    page = light("marked")
    sides = page.locator(".side")
    assert sides.all_inner_texts() == ["R", "L"]
    page.keyboard.press("h")
    drawn(page)
    assert sides.all_inner_texts() == ["L", "R"]
    page.keyboard.press("r")
    drawn(page)
    assert set(sides.all_inner_texts()) == {"H", "F"}


def test_zoom_holds_the_point_under_the_pointer(light: Open) -> None:
    page = light("marked")
    for keys in ("", "h", "r", "hr", "vl"):
        for key in (" ", *keys):
            page.keyboard.press(key)
        left, _, right, bottom = seen(page)
        page.mouse.move(right, bottom)
        for _ in range(4):
            page.mouse.wheel(0, -100)
            drawn(page)
        near = seen(page)
        assert near[2] == pytest.approx(right, abs=2), keys
        assert near[3] == pytest.approx(bottom, abs=2), keys
        assert (near[2] - near[0]) / (right - left) == pytest.approx(1.15**4, rel=0.05), keys


def test_panning_moves_the_film_with_the_hand(light: Open) -> None:
    page = light("marked")
    page.keyboard.press("h")
    page.keyboard.press("r")
    page.keyboard.press("+")
    page.keyboard.press("d")
    before, place = seen(page), frame(page)
    x, y = middle(page)
    drag(page, (x, y), (x + 40, y - 30))
    after = seen(page)
    assert frame(page) == place
    assert after[0] - before[0] == pytest.approx(40, abs=2)
    assert after[1] - before[1] == pytest.approx(-30, abs=2)


def test_fingers_window_and_pinch(chromium: Browser, box: str) -> None:
    context = chromium.new_context(
        viewport={"width": 1024, "height": 1000}, has_touch=True, device_scale_factor=2
    )
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{box}/?case=marked")
    ready(page)
    canvas = page.locator(".pane .picture canvas")
    assert canvas.evaluate("c => c.width / c.clientWidth") == pytest.approx(2, abs=0.01)
    touch = context.new_cdp_session(page)

    def fingers(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    x, y = middle(page)
    width = number(page, "Window width")

    def swipe() -> None:
        fingers("touchStart", (x, y))
        fingers("touchMove", (x - 30, y))
        fingers("touchMove", (x - 90, y))
        fingers("touchEnd")

    swipe()  # which is the page's to scroll by, until a tool is chosen
    assert number(page, "Window width") == width
    page.get_by_role("button", name="Window by dragging").click()
    swipe()
    assert number(page, "Window width") < width - 50
    page.keyboard.press(" ")
    before = extent(page)
    corner = (before[2], before[3])
    fingers("touchStart", (corner[0] - 40, corner[1]), (corner[0] + 40, corner[1]))
    for spread in (60, 80):
        fingers("touchMove", (corner[0] - spread, corner[1]), (corner[0] + spread, corner[1]))
        drawn(page)
    fingers("touchEnd")
    after = extent(page)
    assert after[2] == pytest.approx(corner[0], abs=4)
    assert after[3] == pytest.approx(corner[1], abs=4)
    assert (after[2] - after[0]) / (before[2] - before[0]) > 1.3
    context.close()


def test_arrows_ask_the_page_for_another_film(light: Open) -> None:
    page = light("drawn")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("stCode")).to_contain_text("1")
    assert told(page)["steps"] == [1]
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_test_id("stCode")).to_contain_text("-1")
    assert told(page)["steps"] == [1, -1]


@pytest.mark.parametrize(
    ("case", "size"), [("dot", (1, 1)), ("line", (1, 5000)), ("large", (7100, 7100))]
)
def test_films_of_any_size(light: Open, case: str, size: tuple[int, int]) -> None:
    page = light(case)
    shown = greys(page)
    if case == "dot":
        assert (shown == 0).all()
        page.keyboard.press("i")
        assert greys(page).mean() > 100
    else:
        assert shown.max() > 40  # one pixel wide, the line is fainter than its values
        x, y = middle(page)
        page.mouse.move(x, y)
        page.get_by_role("button", name="One pixel of the film").click()
        page.keyboard.press("r")
        assert greys(page).max() > 100
    page.mouse.move(*middle(page))
    page.mouse.move(middle(page)[0], middle(page)[1] + 1)
    assert page.locator(".value").inner_text()


def test_keys_are_listed(light: Open) -> None:
    page = light("drawn")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_be_visible()
    expect(keys.get_by_text("Invert")).to_be_visible()
    expect(keys.get_by_text("Draw with a brush")).to_be_visible()
    expect(keys.get_by_text("Lesion boxes")).to_be_hidden()
    before = greys(page)
    page.keyboard.press("i")
    assert np.array_equal(greys(page), before)
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()


def test_everything_has_a_name(light: Open) -> None:
    page = light("pair")
    unnamed = page.locator(".cxr-viewer").evaluate(
        """root => [...root.querySelectorAll("button, input, select, [tabindex='0']")]
          .filter(e => !(e.getAttribute("aria-label") || e.labels?.length)).map(e => e.outerHTML)"""
    )
    assert unnamed == []
