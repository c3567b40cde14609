"""The review room in a browser, worked by keyboard."""

from __future__ import annotations

from itertools import cycle

import pytest
from playwright.sync_api import Page, expect
from reviewing import at_case, begin, exported
from waiting import go, settled

from cxr.notice import NOTICE
from cxr.review.entries import standing
from cxr.review.exchange import from_file

pytestmark = pytest.mark.browser

TEN = "efusqefusq"
MEANT = {
    "e": "model_wrong",
    "f": "label_wrong",
    "u": "unreadable",
    "s": "subtle",
    "q": "unsure",
}
TWO_AT_ONCE = """(names) => {
  const buttons = [...document.querySelectorAll("button")];
  for (const name of names) buttons.find((b) => b.innerText.startsWith(name)).click();
}"""
PRESSES = """() => {
  window.presses = [];
  const text = (where) => document.querySelector(where)?.textContent ?? "";
  const hear = ({ key }) => {
    const case_ = text(".st-key-toolbar .cxr-name").match(/case (\\w{12})/)[1];
    const film = document.querySelector(".cxr-viewer .pane[data-ready=true]");
    const seen = film && text(".cxr-viewer .caption").includes(`Case ${case_}`);
    window.presses.push([key, seen ? case_ : ""]);
  };
  window.addEventListener("keydown", hear, true);
}"""


def test_ten_verdicts_by_keyboard_are_in_the_export(page: Page, cases: list[str]) -> None:
    begin(page, "Ten Keys")
    for case, key in zip(cases, TEN, strict=False):
        at_case(page, case)
        page.keyboard.press(key)
        expect(page.get_by_text(f", case {case}.")).to_be_visible()
    for kind in ("CSV", "JSON"):
        rows = [row for row in from_file(exported(page, kind)) if row.reader == "Ten Keys"]
        assert [(row.case, row.verdict) for row in rows] == [
            (case, MEANT[key]) for case, key in zip(cases, TEN, strict=False)
        ]


def test_a_key_held_down_is_one_verdict(page: Page, cases: list[str]) -> None:
    begin(page, "Heavy Hand")
    at_case(page, cases[0])
    page.keyboard.down("s")
    for _ in range(20):
        page.keyboard.down("s")  # a repeat, as the system sends while the key is held
    at_case(page, cases[1])
    for _ in range(20):
        page.keyboard.down("s")
    page.keyboard.up("s")
    page.keyboard.press("j")
    at_case(page, cases[2])
    rows = [row for row in from_file(exported(page, "JSON")) if row.reader == "Heavy Hand"]
    assert [row.case for row in rows] == [cases[0]]


def test_letters_of_a_note_are_no_verdicts_and_are_kept(page: Page, cases: list[str]) -> None:
    begin(page, "Note Taker")
    at_case(page, cases[0])
    note = page.get_by_role("textbox", name="Note")
    note.click()
    page.keyboard.type("quest: set x, pm")
    settled(page)
    at_case(page, cases[0])
    page.get_by_role("button", name="Subtle").click()
    at_case(page, cases[1])
    rows = [row for row in from_file(exported(page, "JSON")) if row.reader == "Note Taker"]
    assert [row.note for row in rows] == ["quest: set x, pm"]
    page.keyboard.press("Backspace")
    at_case(page, cases[0])
    expect(note).to_have_value("quest: set x, pm")
    rows = [row for row in from_file(exported(page, "JSON")) if row.reader == "Note Taker"]
    assert standing(rows) == {}


def test_a_key_before_the_next_case_is_shown_judges_neither(page: Page, cases: list[str]) -> None:
    begin(page, "Quick Hand")
    at_case(page, cases[0])
    page.evaluate(TWO_AT_ONCE, ["Unsure", "Subtle"])
    at_case(page, cases[1])
    rows = [row for row in from_file(exported(page, "JSON")) if row.reader == "Quick Hand"]
    assert [row.case for row in rows] == [cases[0]]
    expect(page.get_by_text("[key_taken]")).to_have_count(0)


@pytest.mark.parametrize("apart", [40, 100, 150, 200])
def test_quick_keys_judge_the_case_whose_film_was_on_the_screen(
    page: Page, cases: list[str], apart: int
) -> None:
    name = f"Quick Keys {apart}"
    begin(page, name)
    at_case(page, cases[0])
    page.evaluate(PRESSES)
    fifth = page.get_by_text(f"· case {cases[4]}")
    for key in cycle("susqu"):
        page.keyboard.press(key, delay=apart)
        if fifth.count():
            break
    settled(page)
    presses = [tuple(each) for each in page.evaluate("presses")]
    rows = [row for row in from_file(exported(page, "JSON")) if row.reader == name]
    assert [row.case for row in rows] == cases[: len(rows)], "each once, in their order"
    assert {(key_of(row.verdict), row.case) for row in rows} <= set(presses)
    at_case(page, cases[len(rows)])
    assert not page.get_by_test_id("stAlert").count()


def key_of(verdict: str) -> str:
    return next(key for key, means in MEANT.items() if means == verdict)


def test_keys_work_after_a_filter_was_clicked(page: Page, cases: list[str]) -> None:
    begin(page, "Mouse First")
    order = page.get_by_role("combobox", name="Order")
    order.click()
    page.get_by_role("option", name="Least expected label first").click()
    page.wait_for_url("**sort=loss**")
    settled(page)
    page.keyboard.press("j")
    expect(page.get_by_text("2 of 15")).to_be_visible()


def test_a_verdict_key_before_a_name_asks_for_it(page: Page, cases: list[str]) -> None:
    name = page.get_by_role("textbox", name="Your name")
    for key in "ef":  # the second is typed already
        page.keyboard.press(key)
    expect(name).to_be_focused()
    expect(name).to_have_value("f")
    expect(page.get_by_text("Give your name first")).to_be_visible()


def test_escape_leaves_a_note_and_tab_does_not_take_back(page: Page, cases: list[str]) -> None:
    begin(page, "Escaper")
    at_case(page, cases[0])
    page.keyboard.press("s")
    at_case(page, cases[1])
    note = page.get_by_role("textbox", name="Note")
    note.fill("seen")
    note.press("Tab")
    expect(page.get_by_role("button", name="Take the last one back")).not_to_be_focused()
    note.click()
    page.keyboard.press("Escape")
    expect(note).not_to_be_focused()
    settled(page)
    page.keyboard.press("u")
    at_case(page, cases[2])
    rows = [row for row in from_file(exported(page, "JSON")) if row.reader == "Escaper"]
    assert [(row.verdict, row.note) for row in rows] == [("subtle", ""), ("unreadable", "seen")]


def test_a_whole_screen_says_what_keys_judge_and_what_one_did(page: Page, cases: list[str]) -> None:
    begin(page, "Whole Screen")
    at_case(page, cases[0])
    expect(page.locator(".pane[data-ready=true]").first).to_be_visible()
    page.get_by_role("button", name="Full screen").click()
    caption = page.locator(".cxr-viewer .caption")
    for said in ("Keys judge here:", "S Subtle", f"case {cases[0]}", NOTICE):
        expect(caption).to_contain_text(said)
    page.keyboard.press("s")
    expect(page.locator(".cxr-key-said")).to_have_text("S Subtle")
    for said in (f"case {cases[1]}", f"subtle, case {cases[0]}"):
        expect(caption).to_contain_text(said)
    assert page.evaluate("Boolean(document.fullscreenElement)")


def test_the_list_of_keys_holds_what_acts_here_and_now(page: Page, cases: list[str]) -> None:
    keys = page.get_by_role("dialog", name="Keys")
    expect(page.locator(".pane[data-ready=true]").first).to_be_visible()
    page.keyboard.press("?")
    expect(keys.get_by_text("Invert")).to_be_visible()
    expect(keys.get_by_text("Next", exact=True)).to_be_visible()
    expect(keys.get_by_text("Subtle")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    begin(page, "Key Reader")
    at_case(page, cases[0])
    page.keyboard.press("?")
    for said in ("Subtle", "Label wrong: N", "Draw a box"):
        expect(keys.get_by_text(said).first).to_be_visible()
    page.keyboard.press("s")  # behind the list nothing is judged
    page.keyboard.press("Escape")
    go(page, "Metrics")
    page.get_by_role("button", name="Keys: ?").click()
    expect(keys).to_be_visible()
    expect(keys.get_by_text("Invert")).to_have_count(0)
