"""The queue: its address, filters, list and films."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from reviewpage import kept, keys, named, opened, press, ran, section, shown, text

from cxr.metrics.predictions import table
from cxr.model.bundle import open_bundle
from cxr.review.queue import QueueFilter, queue
from cxr.screening import words


def test_the_address_alone_restores_queue_and_case(place: Path, room: tuple[Path, Path]) -> None:
    bundle = open_bundle(room[1] / "room")
    wanted = QueueFilter("test", "here", "T", "N", "loss")
    rows = queue(table(bundle), bundle.labels, wanted).rows
    address = {"model": "room", "split": "test", "source": "here", "truth": "T", "called": "N"}
    at = opened(**address, sort="loss", case=rows.case.iloc[4])
    assert f"5 of {len(rows)}" in text(at)
    assert at.selectbox(key="queue-called").value == "N"
    assert at.selectbox(key="queue-sort").value == "loss"
    named(at, "Next").click().run()
    assert shown(at) == rows.case.iloc[5]
    assert at.query_params["called"] == "N"


@pytest.mark.parametrize("split", ["test", "external"])
def test_the_call_that_is_judged_stands_by_its_film(place: Path, split: str) -> None:
    """Also where the model's own table has the film from a hospital that it does not know."""
    at = opened(split=split)
    assert 'class="cxr-call"' in text(at)
    assert words.UNPLACED not in text(at)
    assert "Set up your hospital" not in [each.proto.label for each in at.get("page_link")]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("split", "external", "1 of 2"),
        ("source", "here", "1 of 15"),
        ("truth", "N", "1 of 3"),
        ("called", "T", "1 of 3"),
        ("shown", "all", "1 of 27"),
        ("sort", "source", "1 of 15"),
    ],
)
def test_each_filter_changes_queue_and_address(
    place: Path, name: str, value: str, said: str
) -> None:
    at = opened()
    ran(at.selectbox(key=f"queue-{name}").set_value(value).run())
    assert said in text(at)
    assert at.query_params[name] == value


def test_a_strange_address_is_put_right(place: Path, cases: list[str]) -> None:
    at = opened(split="elsewhere", truth="<b>", sort="x", case="0" * 12, called="Z")
    assert shown(at) == cases[0]
    assert set(at.query_params) == {"model", "split", "case"}


def test_an_empty_queue_says_so(place: Path, cases: list[str]) -> None:
    at = opened()
    press(at, f"verdict-subtle-{cases[0]}")
    at = opened(source="there")
    assert "No case of this model" in text(at)
    ran(at.selectbox(key="queue-said").set_value("open").run())
    assert "No case of this model" in text(at)
    assert "case" not in at.query_params


def test_a_film_that_may_not_be_shown_says_why(place: Path, room: tuple[Path, Path]) -> None:
    rows = table(open_bundle(room[1] / "room"))
    at = opened(case=rows.case[~rows.display].iloc[0])
    assert "what is written on it may be a name" in text(at)
    assert "Not in this queue" in text(at)
    assert not [key for key in keys(at) if key.startswith("verdict-")]
    named(at, "Next").click().run()
    assert "1 of 15" in text(at)


def test_without_films_the_table_alone_serves(
    place: Path, cases: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CXR_DATA")
    at = opened()
    assert "CXR_DATA" in text(at)
    press(at, f"verdict-unsure-{cases[0]}")
    assert len(kept(place)) == 1


def test_a_folder_can_be_named(
    place: Path, room: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CXR_DATA")
    at = opened()
    path = next(field for field in at.text_input if field.label == "Path on the server")
    path.set_value(str(tmp_path))
    ran(named(at, "Use this folder").click().run())
    assert "no manifest.csv" in text(at)
    path = next(field for field in at.text_input if field.label == "Path on the server")
    path.set_value(str(room[0]))
    ran(named(at, "Use this folder").click().run())
    assert "31 films listed" in text(at)
    assert "CXR_DATA set to their folder" not in text(at)


def test_the_queue_as_a_list(place: Path, cases: list[str]) -> None:
    at = opened()
    press(at, f"verdict-subtle-{cases[0]}")
    section(at, "Queue")
    listed = at.dataframe[0].value
    assert list(listed["case"]) == cases
    assert list(listed["my verdict"][:2]) == ["Subtle", ""]


def test_the_address_picks_the_model(
    place: Path, room: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "models"
    for name in ("first", "second"):
        shutil.copytree(room[1] / "room", models / name)
    monkeypatch.setenv("CXR_MODELS", str(models))
    at = opened(model="second")
    assert at.selectbox(key="model").value == "second"
    ran(at.selectbox(key="model").set_value("first").run())
    assert at.query_params["model"] == "first"
    ran(at.run())
    assert at.selectbox(key="model").value == "first"


def test_the_queue_of_cases_that_a_reader_has_not_judged(place: Path, cases: list[str]) -> None:
    at = opened()
    press(at, f"verdict-subtle-{cases[0]}")
    ran(at.selectbox(key="queue-said").set_value("open").run())
    assert at.query_params["said"] == "open"
    assert shown(at) == cases[1]
    assert "1 of 14" in text(at)
    press(at, f"verdict-subtle-{cases[1]}")
    assert shown(at) == cases[2]
    assert "1 of 13" in text(at)


def test_the_queue_of_cases_on_which_readers_disagree(place: Path, cases: list[str]) -> None:
    for reader, answer in (("A. Reader", "subtle"), ("B. Reader", "unsure")):
        at = opened(reader)
        press(at, f"verdict-{answer}-{cases[0]}")
        press(at, f"verdict-subtle-{cases[1]}")
    ran(at.selectbox(key="queue-said").set_value("disputed").run())
    assert "1 of 1" in text(at)
    assert shown(at) == cases[0]
    assert "2 readers disagree: 1 subtle, 1 unsure" in text(at)
    section(at, "Queue")
    assert list(at.dataframe[0].value["all readers"]) == ["1 subtle, 1 unsure"]
    ran(at.toggle(key="queue-blind").set_value(True).run())
    assert "Readers disagree, no consensus" not in at.selectbox(key="queue-said").options
    assert "1 of 27" in text(at)


def test_a_reader_who_gives_a_name_goes_on_where_he_left(place: Path, cases: list[str]) -> None:
    press(opened("A. Reader"), f"verdict-subtle-{cases[0]}")
    at = opened("")
    assert shown(at) == cases[0]
    at.text_input(key="reader-name").set_value("A. Reader")
    ran(named(at, "Begin").click().run())
    assert shown(at) == cases[1]
    asked = opened("", case=cases[0])
    asked.text_input(key="reader-name").set_value("A. Reader")
    ran(named(asked, "Begin").click().run())
    assert shown(asked) == cases[0]  # a case that was asked for stays


def test_another_model_s_folder_is_told_at_once(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: tuple[Path, Path]
) -> None:
    header, row = (room[0] / "manifest.csv").read_text().splitlines()[:2]
    other = tmp_path / "other"
    other.mkdir()
    (other / "manifest.csv").write_text(f"{header}\n{row.replace('images/000', 'else')}\n")
    monkeypatch.setenv("CXR_DATA", str(other))
    at = opened()
    assert "is not that of this model’s films" in at.sidebar.warning[0].value
    assert "is not that of this model’s films" in text(at)
    (other / "manifest.csv").write_text((room[0] / "manifest.csv").read_text())
    assert "the films are not in it" in opened().sidebar.warning[0].value


def test_names_are_written_as_they_are(place: Path) -> None:
    at = opened()
    assert not [each for each in at.selectbox(key="queue-source").options if "\\" in each]
