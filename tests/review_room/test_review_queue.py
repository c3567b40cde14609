"""The queue: its address, filters, list and films."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from reviewpage import kept, keys, named, opened, press, ran, section, shown, text

from cxr.metrics.predictions import table
from cxr.model.bundle import open_bundle
from cxr.review.queue import Wanted, queue


def test_the_address_alone_restores_queue_and_case(place: Path, room: tuple[Path, Path]) -> None:
    bundle = open_bundle(room[1] / "room")
    wanted = Wanted("test", "here", "T", "N", "loss")
    rows = queue(table(bundle), bundle.labels, wanted).rows
    address = {"model": "room", "split": "test", "source": "here", "truth": "T", "called": "N"}
    at = opened(**address, sort="loss", case=rows.case.iloc[4])
    assert f"5 of {len(rows)}" in text(at)
    assert at.selectbox(key="queue-called").value == "N"
    assert at.selectbox(key="queue-sort").value == "loss"
    named(at, "Next").click().run()
    assert shown(at) == rows.case.iloc[5]
    assert at.query_params["called"] == "N"


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


def test_an_empty_queue_says_so(place: Path) -> None:
    at = opened(source="there")
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
