"""Films handed to several readers."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from screened import row, write

from cxr.errors import ScreenError
from cxr.notice import NOTICE
from cxr.worklist.handout import hand_out
from cxr.worklist.results import ResultFilter, Results


@pytest.fixture
def results(tmp_path: Path) -> Results:
    films = [row(f"film{n}", n / 10) for n in range(12)]
    again = row("copy", 1.0, sha256=films[0]["sha256"])
    gone = row("gone", refusal="not_found", sha256=None)
    return Results(write(tmp_path / "results.parquet", [*films, again, gone, row("=run()", 2.0)]))


def lists(data: bytes) -> dict[str, list[dict[str, str]]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {
            name: list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig"))))
            for name in archive.namelist()
        }


def test_each_film_goes_to_as_many_readers_and_each_pair_shares_as_many(results: Results) -> None:
    found = lists(hand_out(results, results.find(ResultFilter()), 3, 2))
    key = found.pop("key.csv")
    assert set(found) == {"reader-1.csv", "reader-2.csv", "reader-3.csv"}
    assert len({line["sha256"] for line in key}) == len(key) == 13
    assert Counter(line["sha256"] for each in found.values() for line in each) == {
        line["sha256"]: 2 for line in key
    }
    read = [{line["sha256"] for line in each} for each in found.values()]
    shared = [len(first & second) for first, second in combinations(read, 2)]
    assert max(shared) - min(shared) <= 1
    for line in key:
        assert [int(n) for n in line["readers"].split()] == [
            n for n, each in enumerate(read, 1) if line["sha256"] in each
        ]


def test_a_readers_list_tells_no_score_nor_runs_anything(results: Results) -> None:
    found = lists(hand_out(results, results.find(ResultFilter(low=0.3)), 2, 1))
    for name, each in found.items():
        assert [line["sha256"] for line in each] == sorted(line["sha256"] for line in each)
        assert {line["notice"] for line in each} == {NOTICE}
        if name != "key.csv":
            assert set(each[0]) == {"image", "sha256", "call", "sure", "note", "notice"}
            assert {line["call"] + line["sure"] + line["note"] for line in each} == {""}
    assert "'=run()" in {line["path"] for line in found["key.csv"]}


@pytest.mark.parametrize(("readers", "each"), [(2, 3), (0, 0), (13, 2), (2, 0)])
def test_what_cannot_be_handed_out_is_said(results: Results, readers: int, each: int) -> None:
    with pytest.raises(ScreenError, match="bad_request"):
        hand_out(results, results.find(ResultFilter()), readers, each)
