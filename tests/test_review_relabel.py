"""Labels that readers put right."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pandas as pd
import pytest
from reviews import consensus, moment, verdict

from cxr.errors import DataError
from cxr.manifest import read
from cxr.notice import NOTICE
from cxr.review.entries import Entry, settled
from cxr.review.relabel import relabel, told

MANIFEST = (
    b"image,label,split,source\r\n"
    b"images/1.jpg,T,train,a\r\nimages/2.jpg,T,train,a\r\nimages/3.jpg,T,test,b\r\n"
)


def said(*rows: Entry) -> dict[tuple[str, str], Entry]:
    return {(row.case, row.reader): replace(row, time=moment(1)) for row in rows}


def wrong(reader: str, image: int, correction: str = "N", label: str = "T") -> Entry:
    return verdict(
        reader, f"images/{image}.jpg", verdict="label_wrong", correction=correction, label=label
    )


def test_a_label_is_put_right_where_readers_agree() -> None:
    unsure = verdict("C", verdict="unsure")
    found = relabel(MANIFEST, said(wrong("A", 1), wrong("B", 1), unsure))
    (change,) = found.changes
    assert (change.image, change.before, change.after) == ("images/1.jpg", "T", "N")
    assert change.readers == ("A", "B")
    rows = pd.read_csv(io.BytesIO(found.manifest), keep_default_na=False)
    assert list(rows.label) == ["N", "T", "T"]
    assert list(rows.label_before) == ["T", "", ""]
    assert list(rows.relabelled_by) == ["A; B", "", ""]
    assert rows.relabelled_at[0] == moment(1)
    assert set(rows.notice) == {NOTICE}
    assert list(rows.split) == ["train", "train", "test"]
    again = relabel(found.manifest, said(wrong("A", 1), wrong("B", 1)))
    assert again.manifest == found.manifest
    assert not again.changes
    assert not again.open


def test_one_split_alone_is_put_right_and_each_correction_names_its_own() -> None:
    voices = said(wrong("A", 1), wrong("A", 3))
    assert [change.split for change in relabel(MANIFEST, voices).changes] == ["train", "test"]
    found = relabel(MANIFEST, voices, "train")
    assert [change.image for change in found.changes] == ["images/1.jpg"]
    assert b"images/3.jpg,T,test" in found.manifest


@pytest.mark.parametrize(
    ("voices", "why"),
    [
        ((wrong("A", 2), wrong("B", 2, "P")), "disagree"),
        ((wrong("A", 2), verdict("B", "images/2.jpg")), "disagree"),
        ((wrong("A", 2), verdict("B", "images/2.jpg", verdict="subtle")), "disagree"),
        ((wrong("A", 2, ""),), "no right label"),
        ((wrong("A", 2, "N", "P"),), "not the one that was reviewed"),
    ],
)
def test_a_conflict_is_listed_and_not_guessed(voices: tuple[Entry, ...], why: str) -> None:
    found = relabel(MANIFEST, said(*voices))
    assert not found.changes
    (doubt,) = found.open
    assert why in doubt.why
    assert len(doubt.said) == len(voices)
    assert b"images/2.jpg,T," in found.manifest


def test_a_consensus_settles_what_readers_say() -> None:
    right = {"verdict": "label_wrong", "correction": "P"}
    rows = [wrong("A", 1), verdict("B", "images/1.jpg"), wrong("A", 2), wrong("B", 2)]
    rows += [consensus("A", "B", image="images/1.jpg", **right)]
    rows += [consensus("B", "A", image="images/2.jpg", verdict="unsure")]
    rows = [replace(row, time=moment(at)) for at, row in enumerate(rows)]
    found = relabel(MANIFEST, settled(rows))
    (change,) = found.changes
    assert (change.image, change.after, change.readers) == ("images/1.jpg", "P", ("A", "B"))
    assert change.consensus
    assert not found.open
    assert b"relabelled_by" in found.manifest
    assert b"A; B" in found.manifest
    labels, undecided = told(settled(rows))
    assert labels == {"images/1.jpg": "P"}
    assert undecided == 1, "together they are unsure"


@pytest.mark.parametrize("data", [b"", b"a,b\n1,2\n", b"\xff", MANIFEST + b"x\n"])
def test_a_table_that_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(DataError) as refusal:
        relabel(data, {})
    assert refusal.value.code == "bad_manifest"


def test_what_films_are_by_their_verdicts() -> None:
    rows = (
        wrong("A", 1, "N"),
        verdict("B", "images/1.jpg", verdict="label_wrong", label="T", correction="N"),
        wrong("A", 2, "N"),
        verdict("B", "images/2.jpg", verdict="subtle", label="T"),
        wrong("A", 3, ""),
        verdict("A", "images/4.jpg", verdict="unreadable", label="T"),
        verdict("A", "images/5.jpg", verdict="model_wrong", label="T"),
        verdict("A", "images/6.jpg", verdict="call_right", label="P", called="P"),
        verdict("A", "images/7.jpg", verdict="other_disease", label="N"),
    )
    labels, undecided = told(said(*rows))
    assert labels == {"images/1.jpg": "N", "images/5.jpg": "T", "images/6.jpg": "P"}
    assert undecided == 4, "readers disagree, no right label, nothing said of two"


def test_no_cell_of_the_list_is_run_by_a_spreadsheet_and_training_reads_it_as_it_was() -> None:
    listed = b"image,label,split,=odd\n-1.jpg,=T,train,@x\n2.jpg,T,train,'y\n"
    voices = said(replace(wrong("=A", 2), image="2.jpg"))
    found = relabel(listed, voices)
    first, second, _ = csv.reader(io.StringIO(found.manifest.decode(), newline=""))
    assert (first[3], second[:4]) == ("'=odd", ["'-1.jpg", "'=T", "train", "'@x"])
    header, rows = read(found.manifest, ("image", "label"))
    assert header[:4] == ["image", "label", "split", "=odd"]
    assert [row["image"] for row in rows] == ["-1.jpg", "2.jpg"]
    assert [row["=odd"] for row in rows] == ["@x", "'y"]
    assert rows[1]["relabelled_by"] == "=A"
    assert relabel(found.manifest, voices).manifest == found.manifest
