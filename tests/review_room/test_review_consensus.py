"""What readers come to together, on the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from reviewpage import control, kept, keys, named, opened, press, ran, section, shown, text
from streamlit.testing.v1 import AppTest

from cxr.review.entries import Entry
from cxr.review.store import ReviewStore

A, B = "A. Reader", "B. Reader"


def judged_by_both(case: str) -> AppTest:
    """The case before its second reader, who has just judged it."""
    press(opened(A), f"verdict-label_wrong-{case}")
    at = opened(B, case=case)
    assert f"consensus-{case}" not in keys(at), "others' words come after one's own"
    press(at, f"verdict-model_wrong-{case}")
    named(at, "Previous").click().run()
    assert shown(at) == case
    return at


def write_down(at: AppTest, case: str, verdict: str) -> None:
    ran(control(at, "Together you say").set_value(verdict).run())
    if verdict == "label_wrong":
        right = [each for each in at.segmented_control if each.label == "Right label"]
        ran(right[-1].set_value("N").run())
    press(at, f"consensus-{case}")


def test_readers_write_a_consensus_down(place: Path, cases: list[str]) -> None:
    at = judged_by_both(cases[0])
    assert at.button(key=f"consensus-{cases[0]}").disabled, "nothing is said yet"
    write_down(at, cases[0], "label_wrong")
    row = kept(place)[-1]
    assert (row.kind, row.verdict, row.correction) == ("consensus", "label_wrong", "N")
    assert (row.reader, row.behind) == (B, (A, B))
    assert "Consensus: label wrong (N), by A. Reader and B. Reader" in text(at)
    assert "2 readers disagree: 1 label wrong (N), 1 model wrong" in text(at)
    section(at, "Corrected labels")
    (line,) = at.dataframe[0].value.to_dict("records")
    assert (line["corrected"], line["stands behind it"]) == ("N", "a consensus of 2")
    section(at, "Queue")
    assert at.dataframe[0].value["consensus"][1].startswith("label wrong (N)")
    section(at, "Agreement")
    assert "Consensus on 1 case" in text(at)
    assert list(at.dataframe[1].value["and reader"]) == ["consensus", "consensus"]
    ran(at.selectbox(key="queue-said").set_value("disputed").run())
    assert "No case of this model is like that" in text(at)
    ran(at.selectbox(key="queue-said").set_value("settled").run())
    assert shown(at) == cases[0]


def test_a_consensus_is_seen_after_one_s_own_verdict_and_taken_back_by_who_wrote_it(
    place: Path, cases: list[str]
) -> None:
    at = judged_by_both(cases[0])
    write_down(at, cases[0], "unsure")
    back = f"consensus-back-{cases[0]}"
    third = opened("C. Reader", case=cases[0])
    assert "Consensus" not in text(third)
    press(third, f"verdict-subtle-{cases[0]}")
    named(third, "Previous").click().run()
    assert "Consensus: unsure" in text(third)
    assert back not in keys(third)
    ran(third.toggle(key="queue-blind").set_value(True).run())
    assert "Consensus kept" not in third.selectbox(key="queue-said").options
    press(at, back)
    assert "Consensus: unsure" not in text(at)
    assert "took a consensus back" in text(at)
    assert [row.kind for row in kept(place)] == ["verdict"] * 2 + [
        "consensus",
        "verdict",
        "withdrawn",
    ]


def test_a_double_click_is_one_consensus(
    place: Path, cases: list[str], pressed_twice: None
) -> None:
    at = judged_by_both(cases[0])
    write_down(at, cases[0], "unsure")
    assert [row.kind for row in kept(place)].count("consensus") == 1


def test_nobody_reads_under_the_name_of_the_consensus(place: Path) -> None:
    at = opened(reader="")
    at.text_input(key="reader-name").set_value("Consensus")
    press(at, "reader-begin")
    assert "is no reader’s name" in text(at)
    assert not [key for key in keys(at) if key.startswith("verdict-")]


def test_another_press_while_a_consensus_is_being_kept_is_passed_over_and_said(
    place: Path, cases: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = judged_by_both(cases[0])
    record = ReviewStore.record

    def slow(store: ReviewStore, entry: Entry) -> Entry:
        if entry.kind == "consensus":
            record(store, replace(entry, note="first"))  # what the press before it gave, just now
        return record(store, entry)

    monkeypatch.setattr(ReviewStore, "record", slow)
    write_down(at, cases[0], "unsure")
    assert [row.note for row in kept(place) if row.kind == "consensus"] == ["first"]
    assert not at.error
    assert "Another press came too soon after it and was passed over." in text(at)
