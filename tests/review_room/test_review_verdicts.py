"""Verdicts: given, taken back, changed, kept, sent out and taken in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from appwalk import plates
from reviewpage import (
    APP,
    change_reader,
    control,
    kept,
    keys,
    named,
    opened,
    press,
    ran,
    section,
    shown,
    text,
)
from reviews import verdict
from streamlit.testing.v1 import AppTest

import cxr
from cxr.review.entries import Entry, box_of, standing
from cxr.review.exchange import from_file, to_json
from cxr.review.store import ReviewStore
from ui.review import film_view
from ui.review import verdict as verdict_panel
from ui.review.saving import VERDICTS
from ui.viewer import Plate, Region


def test_the_page_is_shut_until_the_notice_is_accepted(place: Path) -> None:
    page = AppTest.from_file(str(APP.parent / "pages" / "review.py"), default_timeout=120).run()
    assert not page.exception
    assert not page.main.children


def test_the_queue_begins_with_t_called_n(place: Path, cases: list[str]) -> None:
    at = opened()
    assert shown(at) == cases[0]
    assert "Labelled T, called N" in text(at)
    assert f"1 of {len(cases)}" in text(at)
    assert "2 passed over, may not be shown (display is not 1)" in text(at)
    assert cxr.NOTICE in text(at)


def test_next_and_previous_hold_at_the_ends(place: Path, cases: list[str]) -> None:
    at = opened(case=cases[-2])
    named(at, "Next").click().run()
    assert shown(at) == cases[-1]
    assert named(at, "Next").disabled
    named(at, "Previous").click().run()
    assert shown(at) == cases[-2]
    assert named(opened(case=cases[0]), "Previous").disabled


@pytest.mark.parametrize("key", ["review-maps", "reader-begin", "reader-change"])
def test_a_press_that_left_before_a_step_does_not_undo_it(
    place: Path, cases: list[str], key: str
) -> None:
    at = opened(reader="" if key == "reader-begin" else "A. Reader")
    named(at, "Next").click().run()
    at.query_params["case"] = cases[0]
    assert shown(press(at, key)) == cases[1]
    at.query_params["case"] = cases[0]
    assert shown(ran(at.run())) == cases[0]  # the browser's own way back


@pytest.mark.parametrize("given", [name for name in VERDICTS if name != "call_right"])
def test_a_verdict_is_kept_and_the_next_case_comes(
    place: Path, cases: list[str], given: str
) -> None:
    at = opened()
    at.text_area[0].set_value("a note").run()
    control(at, "Severity").set_value("minor").run()
    press(at, f"verdict-{given}-{cases[0]}")
    (row,) = kept(place)
    assert (row.case, row.reader, row.verdict) == (cases[0], "A. Reader", given)
    assert (row.note, row.severity, row.label, row.called) == ("a note", "minor", "T", "N")
    assert row.correction == ("N" if given == "label_wrong" else "")
    assert shown(at) == cases[1]
    assert f"case {cases[0]}" in text(at)
    assert at.text_area[0].value == ""


def test_a_verdict_taken_back_leaves_its_history(place: Path, cases: list[str]) -> None:
    at = opened()
    assert at.button(key="undo").disabled
    press(at, f"verdict-subtle-{cases[0]}")
    press(at, f"verdict-unsure-{cases[1]}")
    press(at, "undo")
    assert shown(at) == cases[1]
    assert {case for case, _ in standing(kept(place))} == {cases[0]}
    assert [row.kind for row in kept(place)] == ["verdict", "verdict", "withdrawn"]
    assert "took a verdict back" in text(at)


def test_a_double_click_gives_one_verdict_and_takes_one_back(
    place: Path, cases: list[str], pressed_twice: None
) -> None:
    at = opened()
    press(at, f"verdict-subtle-{cases[0]}")
    press(at, f"verdict-unsure-{cases[1]}")
    press(at, "undo")
    assert shown(at) == cases[1]
    press(at, "undo")
    assert shown(at) == cases[0]
    assert [row.kind for row in kept(place)] == ["verdict"] * 2 + ["withdrawn"] * 2
    assert "too soon" not in text(at)


def test_a_press_while_the_one_before_is_being_kept_goes_on_from_that(
    place: Path, cases: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened()
    record = ReviewStore.record

    def slow(store: ReviewStore, entry: Entry) -> Entry:
        record(store, replace(entry, verdict="unsure"))  # what the press before it gave, just now
        return record(store, entry)

    with monkeypatch.context() as busy:
        busy.setattr(ReviewStore, "record", slow)
        press(at, f"verdict-subtle-{cases[0]}")
    assert not at.error
    assert shown(at) == cases[1]
    assert [(row.case, row.verdict) for row in kept(place)] == [(cases[0], "unsure")]
    assert "unsure, case" in text(at)
    assert "Another key came too soon after it and was passed over." in text(at)
    assert shown(press(at, "undo")) == cases[0], "the one that was kept can be taken back"


def test_taking_back_right_after_a_verdict_leaves_the_one_before(
    place: Path, cases: list[str]
) -> None:
    at = opened()
    press(at, f"verdict-subtle-{cases[0]}")
    at.button(key=f"verdict-unsure-{cases[1]}").click()
    press(at, "undo")
    assert [row.kind for row in kept(place)] == ["verdict", "verdict"]
    assert "Another key came too soon after it and was passed over." in text(at)


def test_what_was_said_on_a_case_does_not_pass_to_the_next_reader(
    place: Path, cases: list[str]
) -> None:
    at = opened()
    at.text_area[0].set_value("my own words").run()
    control(at, "Severity").set_value("major").run()
    press(at, f"verdict-label_wrong-{cases[0]}")
    change_reader(at)
    named(at, "Previous").click().run()
    assert shown(at) == cases[0]
    press(at, f"verdict-unsure-{cases[0]}")
    (row,) = (row for row in kept(place) if row.reader == "B. Reader")
    assert (row.note, row.severity) == ("", "")


def test_a_correction_that_has_become_the_label_does_no_harm(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdict_panel, "_offered", lambda about, *_: about.label)
    assert control(opened(), "Right label").value is None


def test_a_case_picked_in_a_list_that_is_shorter_now_is_none(place: Path, cases: list[str]) -> None:
    at = opened()
    section(at, "Queue")
    at.session_state["review-list-0"] = {"selection": {"rows": [len(cases) - 1]}}
    ran(at.run())
    assert "review-open" in keys(at)
    ran(at.selectbox(key="queue-truth").set_value("N").run())
    assert "review-open" not in keys(at)


def test_a_changed_mind_is_a_second_row(place: Path, cases: list[str]) -> None:
    at = opened()
    press(at, f"verdict-subtle-{cases[0]}")
    named(at, "Previous").click().run()
    press(at, f"verdict-unreadable-{cases[0]}")
    assert [row.verdict for row in kept(place)] == ["subtle", "unreadable"]


def test_one_comes_back_to_the_first_case_that_is_open(place: Path, cases: list[str]) -> None:
    press(opened(), f"verdict-subtle-{cases[0]}")
    assert shown(opened()) == cases[1]
    assert shown(opened("B. Reader")) == cases[0]


def test_no_verdict_without_a_name(place: Path, cases: list[str]) -> None:
    at = opened(reader="")
    assert not [key for key in keys(at) if key.startswith("verdict-")]
    assert "Give your name first" in text(at)
    at.text_input(key="reader-name").set_value("  B.   Reader ")
    press(at, "reader-begin")
    press(at, f"verdict-unsure-{cases[0]}")
    assert kept(place)[0].reader == "B. Reader"
    press(at, "reader-change")
    assert at.text_input(key="reader-name")


def test_typed_text_outlives_a_database_that_fails(
    place: Path, cases: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened()
    at.text_area[0].set_value("typed with care").run()

    def fail(*_: Any) -> None:
        raise cxr.CxrError("store_unavailable", "The review database cannot be written now.")

    with monkeypatch.context() as broken:
        broken.setattr(ReviewStore, "record", fail)
        press(at, f"verdict-subtle-{cases[0]}")
    assert "cannot be written" in text(at)
    assert shown(at) == cases[0]
    assert at.text_area[0].value == "typed with care"
    named(at, "Next").click().run()
    named(at, "Previous").click().run()
    assert at.text_area[0].value == "typed with care"
    press(at, f"verdict-subtle-{cases[0]}")
    assert [row.note for row in kept(place)] == ["typed with care"]
    assert "cannot be written" not in text(at)


def test_verdicts_go_out_and_come_in(place: Path, cases: list[str], tmp_path: Path) -> None:
    at = opened()
    press(at, f"verdict-subtle-{cases[0]}")
    section(at, "Verdicts out and in")
    assert "1 row of all readers" in text(at)
    other = ReviewStore(str(tmp_path / "other.sqlite3"))
    other.take_in(kept(place))
    mine = kept(place)[0]
    other.record(verdict("Elsewhere"))
    data = to_json(other.entries())
    assert from_file(data)[0] == mine
    for said in ("1 new row", "0 new rows"):
        uploader = at.file_uploader(key="review-file")
        uploader.set_value([("verdicts.json", data, "application/json")])
        ran(named(at, "Take in").click().run())
        assert said in text(at)
    assert len(kept(place)) == 2
    at.file_uploader(key="review-file").set_value([("x.csv", b"no,review\n", "text/csv")])
    ran(named(at, "Take in").click().run())
    assert "Nothing was taken in" in text(at)
    assert len(kept(place)) == 2


def test_corrected_labels(place: Path, cases: list[str]) -> None:
    at = opened()
    press(at, f"verdict-label_wrong-{cases[0]}")
    press(opened("B", case=cases[1]), f"verdict-model_wrong-{cases[1]}")
    press(at, f"verdict-label_wrong-{cases[1]}")
    section(at, "Corrected labels")
    assert "1 label corrected (1 of them by one reader alone), 1 doubted" in text(at)
    assert list(at.dataframe[0].value["corrected"]) == ["N"]
    assert list(at.dataframe[0].value["stands behind it"]) == ["by one reader"]
    assert "disagree" in at.dataframe[1].value["why it stays"][0]
    warned = at.warning[0].value
    assert "raises every figure" in warned, "they are test labels, of wrong calls"
    assert "python -m train learnt" in warned, "the model brings no films of train yet"


def test_what_is_changed_after_a_verdict_is_a_row_of_its_own(place: Path, cases: list[str]) -> None:
    at = opened()
    press(at, f"verdict-subtle-{cases[0]}")
    named(at, "Previous").click().run()
    assert "keep-change" not in keys(at)
    at.text_area[0].set_value("seen again").run()
    press(at, "keep-change")
    assert shown(at) == cases[0]
    assert "keep-change" not in keys(at)
    assert [(row.verdict, row.note) for row in kept(place)] == [
        ("subtle", ""),
        ("subtle", "seen again"),
    ]


def test_another_reader_takes_nothing_back(place: Path, cases: list[str]) -> None:
    at = opened()
    press(at, f"verdict-subtle-{cases[0]}")
    press(at, "reader-change")
    at.text_input(key="reader-name").set_value("B. Reader")
    press(at, "reader-begin")
    assert at.button(key="undo").disabled


def test_a_database_that_goes_away_is_said(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened()

    def fail(*_: Any, **__: Any) -> None:
        raise cxr.CxrError("store_unavailable", "The review database cannot be read now.")

    monkeypatch.setattr(ReviewStore, "entries", fail)
    assert "cannot be read now" in text(ran(at.run()))


def test_a_database_that_cannot_be_used_is_said(
    place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text_file = tmp_path / "text"
    text_file.write_bytes(b"no database" * 100)
    monkeypatch.setenv("CXR_REVIEW", str(text_file))
    assert "holds no reviews" in text(opened())


def test_a_case_s_film_goes_to_the_other_rooms(place: Path, cases: list[str]) -> None:
    at = opened()
    press(at, "review-to-story")
    assert "Step 1 of your story" in text(at)
    press(at, "review-to-read")
    (film,) = at.session_state["films"].values()
    assert film.name == f"case-{cases[0]}.png"
    assert (film.label, film.source) == ("T", "here")
    assert at.session_state["film"] == film.number
    assert film.number in at.session_state["scores-seen"]
    assert [step.caption for step, _ in at.session_state["story_kept"]] == ["Labelled T, called N."]


def test_a_place_that_is_marked_goes_with_the_verdict(
    place: Path, cases: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = Region(0, "box", (0, 0, 0, 0), (), 0, 1)
    show = film_view.viewer

    def viewer(plates: list[Plate], **how: Any) -> Region:
        assert how["draw"]
        show(plates, **how)
        rows, columns = plates[0].radiograph.pixels.shape
        return replace(drawn, box=(columns / 4, rows / 2, columns / 8, rows / 4))

    with monkeypatch.context() as hand:
        hand.setattr(film_view, "viewer", viewer)
        at = opened()
        assert "The place that you marked goes with the verdict." in text(at)
        press(at, f"verdict-subtle-{cases[0]}")
        assert "The place that you marked" not in text(at), "it was another film's"
    (row,) = kept(place)
    assert box_of(row.mark) == (0.25, 0.5, 0.125, 0.25)
    at = opened(case=cases[0])
    assert "a place marked" in text(at)
    assert [0.25, 0.5, 0.125, 0.25] in plates(at)[0]["boxes"]
    other = opened("B. Reader", case=cases[0])
    assert not plates(other)[0]["boxes"], "others' marks come after one's own verdict"
