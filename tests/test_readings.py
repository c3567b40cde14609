"""What readers give back, beside the table that it is of."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from reviews import moment, verdict, withdrawn
from screened import row, write

from cxr.errors import ScreenError
from cxr.notice import NOTICE
from cxr.review import exchange
from cxr.worklist.handout import hand_out
from cxr.worklist.readings import Read, Readings
from cxr.worklist.results import ResultFilter, Results


@pytest.fixture
def results(tmp_path: Path) -> Results:
    films = [row(f"van/film{n}.png", n / 10) for n in range(6)]
    again = row("van/copy.png", 1.0, sha256=films[0]["sha256"])
    return Results(write(tmp_path / "results.parquet", [*films, again]))


def filled(results: Results, calls: dict[str, list[str]]) -> list[tuple[str, bytes]]:
    """The lists that were handed out, filled from above; what is not given is left empty."""
    found = []
    packed = hand_out(results, results.find(ResultFilter()), len(calls), len(calls))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        for name, said in calls.items():
            text = archive.read("reader-1.csv").decode("utf-8-sig")
            header, *lines = csv.reader(io.StringIO(text))
            for line, call in zip(lines, said, strict=False):
                line[2:5] = call, "high", "=SUM(1)" if call == "P" else ""
            out = io.StringIO()
            csv.writer(out).writerows([header, *lines])
            found.append((f"{name}.csv", out.getvalue().encode("utf-8-sig")))
    return found


def test_filled_lists_stand_beside_the_table(results: Results) -> None:
    calls = {"Ann": ["T", "N", "T"], "Ben": ["t", "T", "", "N"]}
    found = Readings(results, filled(results, calls))
    assert [(each.name, each.films, each.listed) for each in found.readers] == [
        ("Ann", 3, 6),
        ("Ben", 3, 6),
    ]
    marks = sorted({each["sha256"] for each in results.rows(range(7), ["sha256"])})
    order = {mark: n for n, mark in enumerate(marks)}
    for number, told in enumerate(results.rows(range(7), ["sha256"])):
        at = order[told["sha256"]]
        expected = {
            name: Read(said[at], "high") for name, said in calls.items() if said[at : at + 1] != []
        }
        assert found.of(number) == {k: v for k, v in expected.items() if v.call}
    differ = {results.rows([n], ["sha256"])[0]["sha256"] for n in found.differ.tolist()}
    assert differ == {marks[1]}, "T and t are one call, and an empty one is none"
    agreed = found.agreement
    assert (agreed.cases, agreed.readers) == (2, 2)
    assert agreed.pairs[0].observed == 0.5


def test_copies_have_what_was_said_of_the_film(results: Results) -> None:
    found = Readings(results, filled(results, {"Ann": ["T"] * 6}))
    assert len(found.read) == 7
    assert found.of(6) == found.of(0) == {"Ann": Read("T", "high")}


def test_it_leaves_as_a_table_that_runs_nothing(results: Results) -> None:
    found = Readings(results, filled(results, {"Ann": ["P", "T"], "Ben": ["N", "T"]}))
    lines = list(
        csv.DictReader(io.StringIO(found.to_csv(results.find(ResultFilter())).decode("utf-8-sig")))
    )
    assert [line["path"] for line in lines][:2] == ["van/copy.png", "van/film5.png"]
    assert {line["notice"] for line in lines} == {NOTICE}
    (film,) = {
        (x["Ann call"], x["Ann note"], x["Ben call"]) for x in lines if x["readers_differ"] == "yes"
    }
    assert film == ("P", "'=SUM(1)", "N")
    assert {line["readers_differ"] for line in lines} == {"yes", "no", ""}


def test_a_spreadsheet_may_have_saved_it_in_its_own_way(results: Results) -> None:
    (_, data), *_ = filled(results, {"Ann": ["T"]})
    text = data.decode("utf-8-sig").replace(",", ";").replace("high", "très")
    (reader,) = Readings(results, [("Ann.csv", text.encode("cp1252"))]).readers
    assert [read.sure for read in reader.said.values()] in (["très"], ["très"] * 2)


def test_verdicts_of_review_are_found_by_how_a_path_ends(results: Results) -> None:
    said = [
        verdict("Ann", "van/film1.png", verdict="label_wrong", correction="T", time=moment(1)),
        verdict("Ann", "film2.png", verdict="call_right", read="N", time=moment(2)),
        verdict("Ann", "m2.png", verdict="unsure", time=moment(3)),
    ]
    (ann,) = Readings(results, [("verdicts.csv", exchange.to_csv(said))]).readers
    assert {number: read.call for number, read in ann.said.items()} == {1: "T", 2: "N"}
    assert (ann.films, ann.listed, ann.elsewhere) == (2, 3, 1)
    rows = [*said, replace(withdrawn(said[0]), time=moment(4))]
    (ann,) = Readings(results, [("v.json", exchange.to_json(rows))]).readers
    assert set(ann.said) == {2}


def test_a_verdict_on_a_name_that_several_films_have_is_of_none(tmp_path: Path) -> None:
    one = row("vanA/1.png", 1.0)
    films = [one, row("vanB/1.png", 0.5), row("vanB/2.png", 0.2), row("copies/3.png", 0.1)]
    films += [row("copies/again/3.png", 0.1, sha256=films[3]["sha256"])]
    films += [row(f"gone/{n}/4.png", sha256=None) for n in range(2)]
    results = Results(write(tmp_path / "results.parquet", films))
    said = [verdict("Ann", f"{n}.png", read="T", time=moment(n)) for n in (1, 2, 3, 4)]
    said += [verdict("Ben", "vanA/1.png", read="N", time=moment(5))]
    ann, ben = Readings(results, [("verdicts.csv", exchange.to_csv(said))]).readers
    assert set(ann.said) == {2, 3, 4}, "copies of one film have what was said of it"
    assert (ann.films, ann.listed, ann.elsewhere) == (2, 4, 2)
    assert set(ben.said) == {0}


def test_the_longer_of_a_reader_s_names_speaks_for_a_row(tmp_path: Path) -> None:
    results = Results(write(tmp_path / "results.parquet", [row("x/a/b.png", 1.0)]))
    for names in (("b.png", "a/b.png"), ("a/b.png", "b.png")):
        said = [verdict("Ann", name, read=name, time=moment(n)) for n, name in enumerate(names)]
        (ann,) = Readings(results, [("verdicts.csv", exchange.to_csv(said))]).readers
        assert ann.said[0].call == "a/b.png"


def test_what_is_no_reading_is_said(results: Results) -> None:
    (_, data), *_ = filled(results, {"Ann": ["T"]})
    for files, why in (
        ([("key.csv", b"path,sha256,log_odds\n")], "no list"),
        ([("a.csv", b"")], "no list"),
        ([("a.json", b"{}")], "no export of verdicts"),
        ([("Ann.csv", data), ("Ann.csv", data)], "two files are of the reader Ann"),
    ):
        with pytest.raises(ScreenError, match=why) as caught:
            Readings(results, files)
        assert caught.value.code == "bad_readings"
