"""The page Worklist without a browser."""

from __future__ import annotations

import csv
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from appwalk import APP, FILM, downloads, forget, opened, text, titles
from auditlog import read, told
from reviewroom import make_own
from screened import row, write
from streamlit.testing.v1 import AppTest

from cxr.batch.scores import Comparison
from ui.worklist.table import _within


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    (tmp_path / "film.png").write_bytes(FILM)
    first = row(str(tmp_path / "film.png"), 3.0, sha256=sha256(FILM).hexdigest())
    rows = [row(f"film{n}", n / 100 - 1) for n in range(120)]
    table = write(tmp_path / "results.parquet", [*rows, first, row("none")])
    monkeypatch.setenv("CXR_SCREEN", str(table))
    monkeypatch.setenv("CXR_AUDIT", str(tmp_path / "audit.sqlite3"))
    return opened("worklist")


def _ran(at: AppTest) -> AppTest:
    assert not at.exception
    return at


def _shown(at: AppTest) -> list[str]:
    return [Path(name).name for name in at.dataframe[0].value["film"]]


def _press(at: AppTest, label: str) -> None:
    _ran(next(each for each in at.button if each.label == label).click().run())


def test_a_page_of_films_the_highest_first_and_the_next(page: AppTest) -> None:
    assert _shown(page)[:2] == ["film.png", "film119"]
    assert "1–50 of 122 films" in text(page)
    _press(page, "Next")
    _press(page, "Next")
    assert "101–122 of 122 films" in text(page)
    last = page.dataframe[0].value.iloc[-1]
    assert (last["film"], last["decision"], last["checks"]) == ("none", "refused", "empty")


def test_another_question_begins_at_its_first_page(page: AppTest) -> None:
    _press(page, "Next")
    choice = next(each for each in page.selectbox if each.label == "Decision")
    _ran(choice.set_value("not T").run())
    assert "1–50 of 100 films" in text(page)
    assert _shown(page)[0] == "film99"
    refused = next(each for each in page.selectbox if each.label == "Refused")
    _ran(refused.set_value("empty").run())
    assert "No film is like this." in text(page)


def test_drift_that_the_run_found_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Comparison("drawn films", 90, {"T": 1.0}, [0.0], [0.5, 0.5], [1.0, 0.0], 0.5, 0.2)
    table = write(tmp_path / "drifted.parquet", [row("a", 1.0)], found)
    monkeypatch.setenv("CXR_SCREEN", str(table))
    page = opened("worklist")
    assert "no mix of drawn films" in page.warning[0].value
    write(table, [row("a", 1.0)], replace(found, distance=0.1))
    assert not _ran(page.run()).warning


def test_a_table_that_is_gone_is_said(page: AppTest, tmp_path: Path) -> None:
    (tmp_path / "results.parquet").unlink()
    _ran(page.run())
    assert "cannot be read" in text(page)


def test_what_readers_give_back_stands_beside_their_films(page: AppTest) -> None:
    marks = {name: sha256(name.encode()).hexdigest() for name in ("film119", "film118", "film117")}
    files = []
    for reader, calls in (("Ann", "T,N,T"), ("Ben", "T,T,")):
        lines = [f"x,{m},{c},high," for m, c in zip(marks.values(), calls.split(","), strict=True)]
        data = "\n".join(["image,sha256,call,sure,note", *lines]).encode()
        files.append((f"{reader}.csv", data, "text/csv"))
    _ran(page.file_uploader[0].set_value(files).run())
    told = text(page).replace("\\", "")
    assert "Ann 3 of 3, Ben 2 of 3. By two or more 2 films" in told
    assert "calls differ: 1." in told
    shown = page.dataframe[0].value.set_index("film")
    assert list(shown.loc["film118", ["Ann reads", "Ben reads"]]) == ["N", "T"]
    assert shown.loc["film116", "Ann reads"] == ""
    choice = next(each for each in page.selectbox if each.label == "Readers")
    _ran(choice.set_value("Readers differ").run())
    assert _shown(page) == ["film118"]
    choice = next(each for each in page.selectbox if each.label == "Readers")
    _ran(choice.set_value("Not read").run())
    assert "1–50 of 119 films" in text(page)
    _press(page, "Forget what was read")
    assert "Ann" not in text(page)
    assert "1–50 of 122 films" in text(page)
    assert not page.file_uploader[0].value
    _ran(page.file_uploader[0].set_value(files[1:]).run())
    assert "Read: Ben 2 of 3." in text(page).replace("\\", "")


def test_who_has_read_is_another_question_and_begins_at_its_first_page(page: AppTest) -> None:
    mark = sha256(b"film119").hexdigest()
    data = f"image,sha256,call,sure,note\nx,{mark},T,high,".encode()
    _ran(page.file_uploader[0].set_value([("Ann.csv", data, "text/csv")]).run())
    _press(page, "Next")
    assert "51–100 of 122 films" in text(page)
    choice = next(each for each in page.selectbox if each.label == "Readers")
    _ran(choice.set_value("Not read").run())
    assert "1–50 of 121 films" in text(page)


def test_without_a_table_there_is_no_such_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXR_SCREEN", raising=False)
    with pytest.raises(Exception, match="Could not find a navigation page"):
        opened("worklist")


def test_a_film_that_was_scored_is_put_on_the_light_box(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "film.png").write_bytes(FILM)
    scored = row(str(tmp_path / "film.png"), 3.0, sha256=sha256(FILM).hexdigest())
    table = write(tmp_path / "results.parquet", [scored, row("moved", 1.0)])
    monkeypatch.setenv("CXR_AUDIT", str(tmp_path / "audit.sqlite3"))

    def script(table: str, number: int) -> None:
        from pathlib import Path

        from cxr.worklist.results import Results
        from ui.session import models
        from ui.worklist import film

        film.show(Results(Path(table)), number, models.current())

    for number, titles_shown in ((0, ["The film"]), (1, [])):
        asked = {"table": str(table), "number": number}
        at = AppTest.from_function(script, default_timeout=120, kwargs=asked)
        at.session_state["bundle"] = str(APP.parent / "models" / "default")
        _ran(at.run())
        assert titles(at) == titles_shown
    assert "not where it was" in text(at)


def test_a_film_of_the_worklist_is_opened_on_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "film.png").write_bytes(FILM)
    scored = row(str(tmp_path / "film.png"), 3.0, sha256=sha256(FILM).hexdigest())
    table = write(tmp_path / "results.parquet", [scored])
    went: list[str] = []
    monkeypatch.setattr("streamlit.switch_page", went.append)

    def script(table: str) -> None:
        from pathlib import Path

        from cxr.worklist.results import Results
        from ui.session import models
        from ui.worklist import film

        film.show(Results(Path(table)), 0, models.current())

    at = AppTest.from_function(script, default_timeout=120, kwargs={"table": str(table)})
    at.session_state["bundle"] = str(APP.parent / "models" / "default")
    _ran(at.run())
    _ran(at.button(key="worklist-read").click().run())
    assert went == ["pages/read.py"]
    (held,) = at.session_state["films"].values()
    assert (held.name, held.data) == ("film.png", FILM)


def test_what_leaves_is_told_to_the_audit_log(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXR_AUDIT", str(tmp_path / "recall.sqlite3"))
    forget()
    _ran(page.run())  # a session that begins in this log
    place = tmp_path / "recall.sqlite3"
    told(place)
    head = str(read(str(place))[1])
    given = downloads(page, monkeypatch)
    written = given["download-recall.csv"]()
    rows = list(csv.DictReader(written.decode("utf-8-sig").splitlines()))
    assert len(rows) == 122
    assert {row["log_head"] for row in rows} == {head}
    handed = given["download-reading-lists.zip"]()
    left, zipped = told(place, "exported")
    assert (zipped["what"], zipped["sha256"]) == ("reading lists", sha256(handed).hexdigest())
    assert (left["what"], left["films"]) == ("recall list", 122)
    assert left["sha256"] == sha256(written).hexdigest()


def test_the_folder_that_a_page_s_films_share_is_left_out() -> None:
    assert _within(["/van/3/a.png", "/van/3/b/c.png"]) == ["a.png", "b/c.png"]
    assert _within(["/van/31.png", "/van/32.png"]) == ["31.png", "32.png"]
    assert _within(["/van/a.png", "b.png"]) == ["/van/a.png", "b.png"]
    assert _within(["s3://van/a.png"]) == ["a.png"]


def test_a_film_of_ones_own_folder_is_judged_on_review(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_own(tmp_path / "films")
    names = ("mine/0.png", "mine/hidden.png", "mine/other.png")
    data = [(folder / name).read_bytes() for name in names]
    (tmp_path / "elsewhere.png").write_bytes(data[0])
    paths = [*((folder / name) for name in names), tmp_path / "elsewhere.png"]
    rows = [
        row(str(path), 3.0 - at, sha256=sha256(path.read_bytes()).hexdigest())
        for at, path in enumerate(paths)
    ]
    table = write(tmp_path / "results.parquet", rows)
    monkeypatch.setenv("CXR_DATA", str(folder))
    went: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(
        "streamlit.switch_page", lambda page, query_params=None: went.append((page, query_params))
    )

    def script(table: str, number: int) -> None:
        from pathlib import Path

        from cxr.worklist.results import Results
        from ui.session import models
        from ui.worklist import film

        film.show(Results(Path(table)), number, models.current())

    offered = []
    for number in range(len(rows)):
        asked = {"table": str(table), "number": number}
        at = AppTest.from_function(script, default_timeout=120, kwargs=asked)
        at.session_state["bundle"] = str(APP.parent / "models" / "default")
        _ran(at.run())
        offered.append([button.key for button in at.button if button.key == "worklist-review"])
        if number == 0:
            _ran(at.button(key="worklist-review").click().run())
    assert offered == [["worklist-review"], [], [], []]
    case = sha256(b"mine/0.png").hexdigest()[:12]
    assert went == [("pages/review.py", {"model": "default", "case": case, "split": "own"})]
