"""A table of results that is looked through."""

from __future__ import annotations

import csv
import io
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from screened import row, write

from cxr.errors import ScreenError
from cxr.notice import NOTICE
from cxr.worklist.results import ResultFilter, Results

ROWS = [
    row("a", -1.0, flags="outside"),
    row("b", 2.0, flags="outside_view not_chest"),
    row("c"),
    row("=d", 0.5),
    row("e", 2.0),
    row("f", -3.0, flags="outside inverted"),
    row("g", refusal="damaged"),
]


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(write(tmp_path / "results.parquet", ROWS))


def _paths(results: Results, **wanted: object) -> str:
    found = results.find(ResultFilter(**wanted))  # type: ignore[arg-type]
    return "".join(each["path"] for each in results.rows(found, ("path",)))


def test_the_highest_come_first_and_what_was_refused_last(results: Results) -> None:
    assert _paths(results) == "be=dafcg"
    assert results.rows([6, 0, 3], ("path", "refusal", "no such")) == [
        {"path": ROWS[place]["path"], "refusal": ROWS[place].get("refusal")} for place in (6, 0, 3)
    ]


@pytest.mark.parametrize(
    ("wanted", "paths"),
    [
        ({"decision": "T"}, "be=d"),
        ({"refusal": "damaged"}, "g"),
        ({"check": "outside"}, "af"),  # not the code that begins with it
        ({"without": "outside"}, "be=dcg"),
        ({"low": -1.0, "high": 0.5}, "=da"),
        ({"low": 0.0}, "be=d"),
        ({"check": "outside", "decision": "T"}, ""),
        ({"refusal": "no such"}, ""),
    ],
)
def test_films_are_looked_for(results: Results, wanted: dict[str, object], paths: str) -> None:
    assert _paths(results, **wanted) == paths


def test_a_row_is_of_each_name_that_its_path_ends_in(tmp_path: Path) -> None:
    paths = ("x/a/b.png", "b.png", "x/ab.png", "a/c.png")
    results = Results(write(tmp_path / "t", [row(path, 0.0) for path in paths]))
    found = results.find_endings(["b.png", "a/b.png", "d.png", "a/c.png"])
    assert found == {"b.png": [0, 1], "a/b.png": [0], "a/c.png": [3]}


def test_how_many_there_are_of_each(results: Results) -> None:
    assert results.decisions == {"T": 3, "not T": 2}
    assert results.refusals == {"damaged": 1, "empty": 1}
    assert results.checks == {"outside": 2, "inverted": 1, "outside_view": 1, "not_chest": 1}
    assert len(results) == len(ROWS)


def test_the_recall_list_keeps_the_order_and_runs_nothing(results: Results) -> None:
    told = results.recall_list(results.find(ResultFilter(decision="T")), "7:abc").decode(
        "utf-8-sig"
    )
    found = list(csv.DictReader(io.StringIO(told)))
    assert [each["path"] for each in found] == ["b", "e", "'=d"]
    assert {(each["notice"], each["log_head"]) for each in found} == {(NOTICE, "7:abc")}


def test_a_film_is_opened_only_as_it_was_scored(tmp_path: Path) -> None:
    film = tmp_path / "film"
    film.write_bytes(b"pixels")
    mark = sha256(b"pixels").hexdigest()
    table = write(tmp_path / "t", [row(str(film), 1.0, sha256=mark), row("gone", 0.0)])
    results = Results(table)
    assert results.film(0) == (str(film), b"pixels")
    film.write_bytes(b"others")
    for number, code in ((0, "film_changed"), (1, "film_gone")):
        with pytest.raises(ScreenError) as caught:
            results.film(number)
        assert caught.value.code == code


@pytest.mark.parametrize("source", ["list.csv", "DICOMDIR"])
def test_films_of_a_list_lie_beside_it(source: str, tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(b"pixels")
    one = row("film", 1.0, sha256=sha256(b"pixels").hexdigest())
    results = Results(write(tmp_path / "t", [one], source=str(tmp_path / source)))
    assert results.film(0)[1] == b"pixels"


def test_what_is_no_table_of_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScreenError, match="no_results"):
        Results(tmp_path / "gone")
    whole = write(tmp_path / "whole", ROWS).read_bytes()
    pq.write_table(pa.table({"film": ["a"]}), tmp_path / "other")
    for data in (b"", b"text", whole[:-20], (tmp_path / "other").read_bytes()):
        (tmp_path / "broken").write_bytes(data)
        with pytest.raises(ScreenError, match="bad_results"):
            Results(tmp_path / "broken")
