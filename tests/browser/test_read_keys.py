"""The keys of the page Read in a browser."""

from __future__ import annotations

import time

import pytest
from films import png
from playwright.sync_api import Page, WebSocketRoute, expect
from reading import CHILD, WIDE, ask_for_map, panes, upload
from streamlit.proto.BackMsg_pb2 import BackMsg
from waiting import settled

from cxr.teaching import phantom

pytestmark = pytest.mark.browser


def test_keys_go_from_film_to_film(page: Page) -> None:
    upload(page, ("one.jpg", CHILD), ("two.png", WIDE), ("three.png", png(phantom.draw("upper"))))
    expect(page.get_by_text("1 of 3")).to_be_visible()
    page.keyboard.press("j")
    expect(page.get_by_text("2 of 3")).to_be_visible()
    ask_for_map(page)
    page.get_by_role("slider", name="Opacity").click()
    page.keyboard.press("ArrowRight")  # a slider with the focus would have moved
    expect(page.get_by_text("3 of 3")).to_be_visible()
    settled(page)
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("2 of 3")).to_be_visible()
    expect(page.get_by_role("slider", name="Opacity")).to_be_visible()


def test_keys_live_on_after_a_click_on_a_picker_a_list_and_a_slider(page: Page) -> None:
    upload(page, ("one.jpg", CHILD), ("two.jpg", CHILD), ("three.jpg", CHILD))
    expect(page.get_by_text("1 of 3")).to_be_visible()
    settled(page)  # a picker that is drawn anew while it is open loses the press
    page.get_by_role("combobox", name="Films from").click()
    known = page.get_by_role("option", name="A hospital that the model knows")
    known.click()
    expect(known).to_be_hidden()
    settled(page)
    page.keyboard.press("j")
    expect(page.get_by_text("2 of 3")).to_be_visible()
    settled(page)
    ask_for_map(page)
    page.get_by_role("slider", name="Opacity").click()
    page.keyboard.press("j")
    expect(page.get_by_text("3 of 3")).to_be_visible()


def test_arrows_and_enter_live_on_after_a_click_on_a_choice_of_several(page: Page) -> None:
    upload(page, ("one.jpg", CHILD), ("two.jpg", CHILD))
    settled(page)
    page.get_by_role("radio", name="Certain").click()
    settled(page)
    page.keyboard.press("Enter")  # would take the choice back
    expect(page.get_by_role("radio", name="Certain")).to_be_checked()
    page.get_by_role("radio", name="Fair").click()
    settled(page)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("2 of 2")).to_be_visible()


def test_the_page_hears_no_keys_behind_the_list_of_keys(page: Page) -> None:
    upload(page, ("one.jpg", CHILD), ("two.jpg", CHILD))
    expect(panes(page)).to_have_count(1)
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_be_visible()
    expect(keys.get_by_text("Draw with a brush")).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    settled(page)
    expect(page.get_by_text("1 of 2")).to_be_visible()
    page.keyboard.press("j")
    expect(page.get_by_text("2 of 2")).to_be_visible()


def test_arrows_step_from_a_refused_file_too(page: Page) -> None:
    upload(page, ("one.jpg", CHILD), ("two.pdf", b"%PDF-1.7 no film"), ("three.jpg", CHILD))
    expect(panes(page)).to_have_count(1)
    settled(page)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("2 of 3")).to_be_visible()
    expect(page.get_by_text("This file was not read.")).to_be_visible()
    settled(page)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("3 of 3")).to_be_visible()
    expect(panes(page)).to_have_count(1)
    settled(page)
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("2 of 3")).to_be_visible()
    settled(page)
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("1 of 3")).to_be_visible()


def test_a_press_that_a_timer_s_run_carries_along_is_heard_once(page: Page) -> None:
    timers: list[str] = []

    def forward(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def sent(message: str | bytes) -> None:
            asked = BackMsg.FromString(message)
            run = asked.rerun_script
            if run.is_auto_rerun:
                timers.append(run.fragment_id)
            elif timers and any(state.trigger_value for state in run.widget_states.widgets):
                carried = BackMsg.FromString(message)
                carried.rerun_script.fragment_id = timers[-1]
                carried.rerun_script.is_auto_rerun = True
                server.send(carried.SerializeToString())
                time.sleep(0.5)
            server.send(message)

        socket.on_message(sent)

    page.route_web_socket("**/_stcore/stream", forward)
    page.reload()  # the same tab, whose reader has accepted
    expect(page.get_by_test_id("stFileUploaderDropzoneInput")).to_be_attached()
    settled(page)
    upload(page, ("one.jpg", CHILD), ("two.jpg", CHILD), ("three.jpg", CHILD))
    ask_for_map(page)
    page.get_by_role("radio", name="Occlusion").click()
    settled(page)
    deadline = time.monotonic() + 30
    while not timers and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    assert timers
    page.keyboard.press("m")
    expect(panes(page)).to_have_count(1)
    page.keyboard.press("j")
    expect(page.get_by_text("2 of 3")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("2 of 2")).to_be_visible()
