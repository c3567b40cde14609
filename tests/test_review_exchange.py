"""Verdicts as files, out and in."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from reviews import blind, consensus, moment, verdict, withdrawn

from cxr.errors import ReviewError
from cxr.notice import NOTICE
from cxr.review.entries import LATER, Entry, box_of, marked
from cxr.review.exchange import from_file, to_csv, to_json


def rows_of_a_review() -> list[Entry]:
    kept = replace(verdict("=HYPERLINK(1)", note='\'=1+1\nsecond, "line"'), time=moment(1))
    second = replace(
        verdict("Bé", verdict="label_wrong", correction="N", note="+x"), time=moment(2)
    )
    return [
        kept,
        second,
        replace(blind(), time=moment(3), hospital="=Mbarara", profile="d" * 64),
        replace(consensus("Bé", "=HYPERLINK(1)"), time=moment(4)),
        replace(withdrawn(kept), time=moment(5)),
    ]


@pytest.mark.parametrize("write", [to_csv, to_json])
def test_what_goes_out_comes_back_the_same(write: Any) -> None:
    rows = rows_of_a_review()
    data = write(rows)
    assert from_file(data) == rows
    assert data.decode("utf-8-sig").count(NOTICE) >= 1


def test_the_log_s_head_goes_out_with_each_row_and_is_passed_over_on_the_way_in() -> None:
    rows = rows_of_a_review()
    data = to_csv(rows, "7:abc")
    lines = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [line["log_head"] for line in lines] == ["7:abc"] * len(rows)
    assert from_file(data) == rows


def test_no_cell_is_run_by_a_spreadsheet() -> None:
    lines = list(csv.reader(io.StringIO(to_csv(rows_of_a_review()).decode("utf-8-sig"))))
    assert not [c for line in lines for c in line if c.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert {line[-1] for line in lines[1:]} == {NOTICE}


def test_a_wrong_file_is_refused_with_its_first_wrong_row() -> None:
    rows = rows_of_a_review()
    good_csv, good_json = to_csv(rows), to_json(rows)
    edited = json.loads(good_json)
    edited["entries"][1]["verdict"] = "guilty"
    number = json.loads(good_json)
    number["entries"][0]["note"] = 3
    for data, said in (
        (b"", "lacks the columns"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"a,b\n1,2\n", "lacks the columns"),
        (b"{}", "no export"),
        (good_json.replace(b'"format": 1', b'"format": 2'), "another version"),
        (json.dumps(edited).encode(), "row 2 is wrong"),
        (json.dumps(number).encode(), "text alone"),
        (good_csv.replace(b"model_wrong", b"guilty"), "row 1 is wrong"),
        (good_csv[: good_csv.rindex(b'"')], "no CSV"),
        (good_csv + b"a,b\n", "cut short"),
        (b"[" * 100_000, "lacks the columns"),
        (b'{"entries":' + b"[" * 100_000, "no export"),
        (b'\xef\xbb\xbf"unclosed', "no CSV"),
    ):
        with pytest.raises(ReviewError, match=said) as refusal:
            from_file(data)
        assert refusal.value.code == "bad_review_file"


@pytest.mark.parametrize("write", [to_csv, to_json])
def test_a_reader_called_consensus_is_refused(write: Any) -> None:
    forged = replace(verdict("Consensus"), time=moment(2))
    data = write([replace(verdict(), time=moment(1)), forged])
    with pytest.raises(ReviewError, match=r"row 2 .* no reader’s name") as refusal:
        from_file(data)
    assert refusal.value.code == "bad_review_file"


@pytest.mark.parametrize("write", [to_csv, to_json])
def test_a_mark_goes_along_and_rows_of_earlier_versions_have_none(write: Any) -> None:
    mark = marked((0.25, 0.1, 0.5, 1.0))
    assert box_of(mark) == (0.25, 0.1, 0.5, 0.9999)
    row = replace(verdict(mark=mark), time=moment(1))
    assert from_file(write([row])) == [row]
    plain = replace(row, mark="")
    if write is to_csv:
        lines = list(csv.reader(io.StringIO(to_csv([plain]).decode("utf-8-sig"))))
        late = [lines[0].index(name) for name in LATER]
        old = "\n".join(",".join(c for i, c in enumerate(x) if i not in late) for x in lines)
    else:
        whole = json.loads(to_json([plain]))
        for name in LATER:
            whole["entries"][0].pop(name)
        old = json.dumps(whole)
    assert from_file(old.encode()) == [plain]
