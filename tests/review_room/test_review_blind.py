"""Blind reads and second readers: nothing tells before the read."""

from __future__ import annotations

from pathlib import Path

from appwalk import full_screen
from reviewpage import (
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

import cxr
from cxr.metrics.predictions import table
from cxr.model.bundle import open_bundle
from cxr.review.queue import QueueFilter, queue
from ui.base.formatting import score
from ui.review.saving import VERDICTS


def test_blind_nothing_tells_before_the_read(place: Path, room: tuple[Path, Path]) -> None:
    rows = table(open_bundle(room[1] / "room"))
    every = sorted(rows.case[(rows.split == "test") & rows.display])
    at = opened(split="test", truth="T", called="N", blind="1")
    case = shown(at)
    assert case == every[0]
    before = text(at) + str(at.main) + str(at.sidebar.selectbox)
    for telling in (
        "Labelled",
        "called",
        "margin",
        "Nearest",
        "Source here",
        "Grad-CAM",
        "queue-truth",
    ):
        assert telling not in before, telling
    assert "truth" not in at.query_params
    assert not [key for key in keys(at) if key.startswith("verdict-")]
    assert at.button(key="review-maps").disabled
    assert at.button(key=f"read-{case}-high").disabled
    press(at, f"read-{case}-T")
    assert "Labelled" not in text(at)
    assert full_screen(at).splitlines()[1:] == [cxr.NOTICE], "the case's number alone"
    press(at, f"read-{case}-high")
    assert "Labelled" in text(at)
    assert "Labelled" in full_screen(at)
    row = rows[rows.case == case].iloc[0]
    assert f"N {score(row.p_N)} · T {score(row.p_T)}" in full_screen(at)
    (read,) = kept(place)
    assert (read.kind, read.read, read.confidence, read.case) == ("blind", "T", "high", case)
    control(at, "Your read now").set_value("N").run()
    press(at, f"verdict-subtle-{case}")
    assert [(row.kind, row.read) for row in kept(place)] == [("blind", "T"), ("verdict", "N")]
    assert "Labelled" not in text(at)
    assert shown(at) == every[1]


def test_a_double_click_commits_one_blind_read(place: Path, pressed_twice: None) -> None:
    at = opened(blind="1")
    case = shown(at)
    press(at, f"read-{case}-T")
    press(at, f"read-{case}-high")
    assert [(row.read, row.confidence) for row in kept(place)] == [("T", "high")]
    assert "Labelled" in text(at)
    assert "too soon" not in text(at)


def test_the_read_that_was_chosen_last_is_committed(place: Path) -> None:
    at = opened(blind="1")
    case = shown(at)
    press(at, f"read-{case}-N")
    at.button(key=f"read-{case}-T").click()
    press(at, f"read-{case}-high")
    assert [row.read for row in kept(place)] == ["T"]


def test_a_blind_read_does_not_pass_to_the_next_reader(place: Path) -> None:
    at = opened(blind="1")
    case = shown(at)
    press(at, f"read-{case}-T")
    change_reader(at)
    assert shown(at) == case
    assert at.button(key=f"read-{case}-high").disabled
    assert at.button(key=f"read-{case}-T").proto.type == "secondary"


def test_a_second_answer_before_the_first_is_seen_is_passed_over_and_said(
    place: Path, pressed_twice: None
) -> None:
    at = opened(blind="1")
    case = shown(at)
    press(at, f"read-{case}-T")
    at.button(key=f"read-{case}-high").click()
    press(at, f"read-{case}-low")
    assert len(kept(place)) == 1
    assert text(at).count("Another key came too soon after it and was passed over.") == 1


def test_blind_is_a_switch(place: Path) -> None:
    at = opened(truth="T", sort="loss", called="N")
    ran(at.toggle(key="queue-blind").set_value(True).run())
    assert at.query_params["blind"] == "1"
    assert "truth" not in at.query_params
    assert "1 of 27" in text(at), "that the model erred would tell"
    assert "put aside while blind" in text(at)
    ran(at.toggle(key="queue-blind").set_value(False).run())
    assert "blind" not in at.query_params
    assert "Labelled T, called N" in text(at)
    came_back = {"truth": "T", "sort": "loss", "called": "N"}
    assert came_back.items() <= dict(at.query_params).items()


def test_where_the_call_is_the_label_the_model_is_not_wrong(
    place: Path, room: tuple[Path, Path]
) -> None:
    bundle = open_bundle(room[1] / "room")
    rows = queue(table(bundle), bundle.labels, QueueFilter("test", truth="T", called="T")).rows
    case = rows.case.iloc[0]
    at = opened(shown="all", case=case)
    assert "Labelled T, called T" in text(at)
    given = [key for key in keys(at) if key.startswith("verdict-")]
    assert given == [f"verdict-{name}-{case}" for name in VERDICTS if name != "model_wrong"]
    other = opened()
    assert f"verdict-call_right-{shown(other)}" not in keys(other)


def test_a_second_reader_does_not_see_the_first_one_s_words_before_her_own(
    place: Path, cases: list[str]
) -> None:
    press(opened("A. Reader"), f"verdict-subtle-{cases[0]}")
    at = opened("B. Reader", case=cases[0])
    assert "A. Reader" not in text(at)
    press(at, f"verdict-unsure-{cases[0]}")
    named(at, "Previous").click().run()
    assert "A. Reader: subtle" in text(at)


def test_agreement_is_reported(place: Path, cases: list[str]) -> None:
    for reader, answers in (("A", ("subtle", "unsure")), ("B", ("subtle", "subtle"))):
        at = opened(reader)
        for case, answer in zip(cases, answers, strict=False):
            press(at, f"verdict-{answer}-{case}")
    section(at, "Agreement")
    assert "Fleiss’ kappa −0.33 · 2 shared cases, 2 readers" in text(at)
    pairs = at.dataframe[0].value
    assert list(pairs["reader"]) == ["A"]
    assert list(pairs["Cohen’s kappa"]) == ["0.00"]
    assert "No case has been judged by two readers yet" in text(at)


def test_the_list_of_a_blind_queue_tells_nothing(place: Path) -> None:
    at = opened(blind="1")
    press(at, f"read-{shown(at)}-N")
    press(at, f"read-{shown(at)}-low")
    section(at, "Queue")
    said = ["my verdict", "all readers", "consensus"]
    assert list(at.dataframe[0].value.columns) == ["case", *said]
    assert "Corrected labels" not in at.segmented_control(key="review-section").options
