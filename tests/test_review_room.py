"""The review room without a browser: what each control does."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reviews import verdict
from streamlit.testing.v1 import AppTest
from test_app import plates

import cxr
from cxr.bundle import open_bundle
from cxr.predictions import table
from cxr.review.cases import Wanted, queue
from cxr.review.entries import Entry, standing
from cxr.review.exchange import from_file, to_json
from cxr.review.store import Store
from ui.review import source
from ui.review.verdict import _CONFIDENCE_KEYS, _READ_KEYS, VERDICTS

APP = Path(__file__).parents[1] / "app.py"


@pytest.fixture(autouse=True)
def _own_database() -> Iterator[None]:
    """Streamlit's tests share its caches; of these only the model may stay."""
    yield
    for shared in (source._jobs, source._open):
        shared.clear()


@pytest.fixture
def place(
    room: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The settings of an app with the room's films, and its empty database."""
    data, models = room
    monkeypatch.setenv("CXR_MODELS", str(models))
    monkeypatch.setenv("CXR_DATA", str(data))
    monkeypatch.setenv("CXR_CACHE", str(data.parent / "cache"))
    monkeypatch.setenv("CXR_REVIEW", str(tmp_path / "review.sqlite3"))
    yield tmp_path / "review.sqlite3"
    for thread in threading.enumerate():
        if thread.name == "map":
            thread.join(60)


@pytest.fixture
def cases(room: tuple[Path, Path]) -> list[str]:
    """The errors of test in the order of the queue."""
    bundle = open_bundle(room[1] / "room")
    return list(queue(table(bundle), bundle.labels, Wanted("test")).rows.case)


def opened(reader: str = "A. Reader", **address: str) -> AppTest:
    """The page, its notice accepted, `reader` named."""
    at = AppTest.from_file(str(APP), default_timeout=120)
    at.session_state["accepted"] = True
    if reader:
        at.session_state["reader"] = reader
    for name, value in address.items():
        at.query_params[name] = value
    at.run()
    return ran(at.switch_page("pages/review.py").run())


def ran(at: AppTest) -> AppTest:
    assert not at.exception
    return at


def press(at: AppTest, key: str) -> AppTest:
    return ran(at.button(key=key).click().run())


def named(at: AppTest, label: str) -> Any:
    return next(button for button in at.button if button.label == label)


def shown(at: AppTest) -> str:
    """The case that the address holds."""
    return str(at.query_params["case"])


def text(at: AppTest) -> str:
    """What the page says: neither its styles nor the escapes of its Markdown."""
    parts = [*at.get("html"), *at.info, *at.caption, *at.markdown, *at.error, *at.success]
    said = [element.value for element in parts if "{" not in element.value]
    return "\n".join(said).replace("\\", "")


def keys(at: AppTest) -> list[str]:
    return [button.key for button in at.button if button.key]


def kept(place: Path) -> list[Entry]:
    store = Store(str(place))
    rows = store.entries()
    store.close()
    return rows


def test_the_page_is_shut_until_the_notice_is_accepted(place: Path) -> None:
    page = AppTest.from_file(str(APP.parent / "pages" / "review.py"), default_timeout=120).run()
    assert not page.exception
    assert not page.main.children


def test_the_queue_begins_with_t_called_n(place: Path, cases: list[str]) -> None:
    at = opened()
    assert shown(at) == cases[0]
    assert "Labelled T, called N" in text(at)
    assert f"1 of {len(cases)}" in text(at)
    assert "2 passed over" in text(at)
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


@pytest.mark.parametrize("given", VERDICTS)
def test_a_verdict_is_kept_and_the_next_case_comes(
    place: Path, cases: list[str], given: str
) -> None:
    at = opened()
    at.text_area[0].set_value("a note").run()
    at.segmented_control(key=f"severity-{cases[0]}").set_value("minor").run()
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
        broken.setattr(Store, "record", fail)
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
    press(at, f"read-{case}-high")
    assert "Labelled" in text(at)
    (read,) = kept(place)
    assert (read.kind, read.read, read.confidence, read.case) == ("blind", "T", "high", case)
    at.segmented_control(key=f"read-{case}").set_value("N").run()
    press(at, f"verdict-subtle-{case}")
    assert [(row.kind, row.read) for row in kept(place)] == [("blind", "T"), ("verdict", "N")]
    assert "Labelled" not in text(at)
    assert shown(at) == every[1]


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


def test_no_key_of_a_blind_read_is_a_verdict_key() -> None:
    before = {*_READ_KEYS, *_CONFIDENCE_KEYS.values()}
    assert before.isdisjoint({key for _, key in VERDICTS.values()} | set("xma"))


def test_where_the_call_is_the_label_the_model_is_not_wrong(
    place: Path, room: tuple[Path, Path]
) -> None:
    bundle = open_bundle(room[1] / "room")
    rows = queue(table(bundle), bundle.labels, Wanted("test", truth="T", called="T")).rows
    case = rows.case.iloc[0]
    at = opened(shown="all", case=case)
    assert "Labelled T, called T" in text(at)
    given = [key for key in keys(at) if key.startswith("verdict-")]
    assert given == [f"verdict-{name}-{case}" for name in VERDICTS if name != "model_wrong"]


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


def section(at: AppTest, name: str) -> None:
    ran(at.segmented_control(key="review-section").set_value(name).run())


def test_the_queue_as_a_list(place: Path, cases: list[str]) -> None:
    at = opened()
    press(at, f"verdict-subtle-{cases[0]}")
    section(at, "Queue")
    listed = at.dataframe[0].value
    assert list(listed["case"]) == cases
    assert list(listed["my verdict"][:2]) == ["Subtle", ""]


def test_verdicts_go_out_and_come_in(place: Path, cases: list[str], tmp_path: Path) -> None:
    at = opened()
    press(at, f"verdict-subtle-{cases[0]}")
    section(at, "Verdicts out and in")
    assert "1 row of all readers" in text(at)
    other = Store(str(tmp_path / "other.sqlite3"))
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


def methods(at: AppTest) -> list[Any]:
    return [c for c in at.segmented_control if c.label == "Method"]


def finished(at: AppTest) -> AppTest:
    """The page once its long work has ended."""
    for thread in threading.enumerate():
        if thread.name == "map":
            thread.join(60)
    return ran(at.run())


def test_maps_come_when_asked_for(place: Path) -> None:
    at = opened()
    assert not methods(at)
    press(at, "review-maps")
    assert methods(at)[0].value == "gradcam"
    assert "What moved the network, not where disease is." in text(at)
    methods(at)[0].set_value("occlusion").run()
    finished(at)
    assert {"N · Occlusion", "T · Occlusion"} <= {plate["title"] for plate in plates(at)}
    assert "maps of a class below .10 are mostly false alarms" in text(at)
    press(at, "review-maps")
    assert not methods(at)


def test_a_film_with_boxes_has_its_maps_held_against_them(place: Path, cases: list[str]) -> None:
    without = press(opened(case=cases[0]), "review-maps")
    assert "box" not in text(without)
    at = opened(case=cases[12])  # labelled N, with a lesion
    press(at, "review-maps")
    assert all(plate["boxes"] for plate in plates(at))
    said = re.findall(r"(\w) · Grad-CAM: highest point in (a|no) box; overlap", text(at))
    assert [label for label, _ in said] == ["N", "T"]
    assert "of the map lies in the boxes, which are 9 % of the film" in text(at)


def test_neighbours_stand_beside_the_film_once_they_are_found(place: Path) -> None:
    at = opened()
    for thread in threading.enumerate():
        if thread.name == "map":
            thread.join(60)
    ran(at.run())
    captions = " ".join(image.caption for e in at.get("image") for image in e.proto.imgs)
    assert re.search(r"Nearest T called right", captions)
    assert re.search(r"Nearest N called right", captions)
    press(at, "review-near")
    assert not at.get("image")


def test_the_list_of_a_blind_queue_tells_nothing(place: Path) -> None:
    at = opened(blind="1")
    press(at, f"read-{shown(at)}-N")
    press(at, f"read-{shown(at)}-low")
    section(at, "Queue")
    assert list(at.dataframe[0].value.columns) == ["case", "my verdict"]
    assert "Corrected labels" not in at.segmented_control(key="review-section").options


def test_another_reader_takes_nothing_back(place: Path, cases: list[str]) -> None:
    at = opened()
    press(at, f"verdict-subtle-{cases[0]}")
    press(at, "reader-change")
    at.text_input(key="reader-name").set_value("B. Reader")
    press(at, "reader-begin")
    assert at.button(key="undo").disabled


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


def test_a_database_that_goes_away_is_said(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened()

    def fail(*_: Any, **__: Any) -> None:
        raise cxr.CxrError("store_unavailable", "The review database cannot be read now.")

    monkeypatch.setattr(Store, "entries", fail)
    assert "cannot be read now" in text(ran(at.run()))


def test_a_database_that_cannot_be_used_is_said(
    place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text_file = tmp_path / "text"
    text_file.write_bytes(b"no database" * 100)
    monkeypatch.setenv("CXR_REVIEW", str(text_file))
    assert "holds no reviews" in text(opened())
