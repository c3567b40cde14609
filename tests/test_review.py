"""Queues, agreement, files in and out, corrected manifests, the folder of films."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from films import film, png
from reviews import blind, verdict, withdrawn
from sklearn.metrics import cohen_kappa_score

from cxr.errors import CxrError, DataError, ReviewError
from cxr.notice import NOTICE
from cxr.review.agreement import agreement, cohen_kappa, fleiss_kappa
from cxr.review.entries import Entry, case_of
from cxr.review.exchange import from_file, to_csv, to_json
from cxr.review.folder import open_folder
from cxr.review.queue import SORTS, Wanted, queue
from cxr.review.relabel import relabel

# Fleiss 1971's form of table as it is worked through in textbooks: 14 readers, 10 cases, .210.
PUBLISHED = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]


def table(rng: np.random.Generator, n: int = 400, labels: str = "NPT") -> pd.DataFrame:
    """Random rows with the columns that queues read."""
    images = [f"images/{i}.jpg" for i in range(n)]

    def categories(values: str | list[str]) -> pd.Categorical:
        return pd.Categorical(rng.choice(list(values), n), categories=list(values))

    return pd.DataFrame(
        {
            "case": [case_of(image) for image in images],
            "image": images,
            "split": categories(["val", "test", "external"]),
            "source": categories("abc"),
            "label": categories(labels),
            "called": categories(labels),
            "margin": rng.random(n),
            "loss": rng.random(n) * 5,
            "display": rng.random(n) > 0.2,
        }
    )


@pytest.mark.parametrize("sort", SORTS)
def test_t_called_n_comes_first_then_n_called_t(rng: np.random.Generator, sort: str) -> None:
    rows = table(rng)
    found = queue(rows, ("N", "P", "T"), Wanted("test", sort=sort, shown="all")).rows
    pairs = list(zip(found.label, found.called, strict=True))

    def group(pair: tuple[str, str]) -> int:
        right = 3 if pair[0] == pair[1] else 2
        return {("T", "N"): 0, ("N", "T"): 1}.get(pair, right)

    groups = [group(pair) for pair in pairs]
    assert groups == sorted(groups)
    assert set(groups) == {0, 1, 2, 3}
    assert set(found.split) == {"test"}
    keys = {
        "margin": -found.margin,
        "loss": -found.loss,
        "source": pd.Series(
            list(zip(found.source.astype(str), -found.margin, strict=True)), found.index
        ),
    }
    for number in range(4):
        inside = list(keys[sort][np.array(groups) == number])
        assert inside == sorted(inside)


def test_cases_that_may_not_be_shown_are_passed_over_and_counted(rng: np.random.Generator) -> None:
    rows = table(rng)
    found = queue(rows, ("N", "P", "T"), Wanted("val"))
    wrong = rows[(rows.split == "val") & (rows.label != rows.called)]
    assert set(found.rows.case) == set(wrong[wrong.display].case)
    assert found.hidden == (~wrong.display).sum() > 0
    assert found.place(found.rows.case.iloc[5]) == 5
    assert found.place("0" * 12) is None


def test_filters_narrow_the_queue(rng: np.random.Generator) -> None:
    rows, labels = table(rng), ("N", "P", "T")
    for truth, called in (("T", "N"), ("T", "T")):
        found = queue(rows, labels, Wanted("test", "a", truth, called)).rows
        assert len(found) > 0
        assert {*zip(found.source, found.label, found.called, strict=True)} == {
            ("a", truth, called)
        }
    assert len(queue(rows, labels, Wanted("test", "nowhere")).rows) == 0


def test_other_labels_errors_come_by_loss_alone(rng: np.random.Generator) -> None:
    found = queue(table(rng, labels="AB"), ("A", "B"), Wanted("test", sort="margin")).rows
    assert list(found.loss) == sorted(found.loss, reverse=True)
    assert (found.label.astype(str) != found.called.astype(str)).all()


def test_a_blind_queue_tells_nothing(rng: np.random.Generator) -> None:
    rows, labels = table(rng), ("N", "P", "T")
    found = queue(rows, labels, Wanted("test", truth="T", called="N", blind=True)).rows
    assert list(found.case) == sorted(found.case)
    everything = queue(rows, labels, Wanted("test", blind=True, sort="loss")).rows
    assert list(found.case) == list(everything.case)


def test_cohen_is_scikit_learn_s(rng: np.random.Generator) -> None:
    for kinds in ("ab", "abcde"):
        first = rng.choice(list(kinds), 60).tolist()
        second = np.where(rng.random(60) < 0.6, first, rng.choice(list("abz"), 60)).tolist()
        assert cohen_kappa(first, second) == pytest.approx(cohen_kappa_score(first, second))


def test_fleiss_is_the_published_figure() -> None:
    assert fleiss_kappa(np.array(PUBLISHED)) == pytest.approx(0.20993, abs=5e-6)


def test_fleiss_of_two_readers_with_one_habit_is_cohen() -> None:
    """Cohen's and Fleiss' chance are the same where both readers use each answer as often."""
    first, second = list("aabbccab"), list("aabbcbac")
    counts = np.array(
        [[(x == k) + (y == k) for k in "abc"] for x, y in zip(first, second, strict=True)]
    )
    assert sorted(first) == sorted(second)
    assert fleiss_kappa(counts) == pytest.approx(cohen_kappa(first, second))


@pytest.mark.parametrize("answers", [[], ["a", "a"]])
def test_kappa_is_undefined_where_chance_explains_all(answers: list[str]) -> None:
    assert np.isnan(cohen_kappa(answers, answers))
    counts = np.array([[2]] * len(answers), int).reshape(-1, 1)
    assert np.isnan(fleiss_kappa(counts))


def test_agreement_compares_the_cases_that_readers_share() -> None:
    answers = {("1", "A"): "x", ("1", "B"): "x", ("2", "A"): "y", ("2", "B"): "x", ("3", "C"): "x"}
    answers |= {("4", "A"): "x", ("4", "B"): "x", ("4", "C"): "y"}
    found = agreement(answers)
    assert (found.cases, found.readers) == (3, 3)
    pair = found.pairs[0]
    assert (pair.first, pair.second, pair.cases) == ("A", "B", 3)
    assert pair.observed == pytest.approx(2 / 3)
    assert pair.kappa == pytest.approx(cohen_kappa_score(["x", "y", "x"], ["x", "x", "x"]))
    assert found.kappa == pytest.approx(fleiss_kappa(np.array([[2, 0], [1, 1], [2, 1]])))
    assert agreement({}).cases == 0


def rows_of_a_review() -> list[Entry]:
    kept = replace(verdict("=HYPERLINK(1)", note='\'=1+1\nsecond, "line"'), time=moment(1))
    second = replace(
        verdict("Bé", verdict="label_wrong", correction="N", note="+x"), time=moment(2)
    )
    return [
        kept,
        second,
        replace(blind(), time=moment(3)),
        replace(withdrawn(kept), time=moment(4)),
    ]


def moment(second: int) -> str:
    return f"2026-01-01T00:00:{second:02d}.000000Z"


@pytest.mark.parametrize("write", [to_csv, to_json])
def test_what_goes_out_comes_back_the_same(write: Any) -> None:
    rows = rows_of_a_review()
    data = write(rows)
    assert from_file(data) == rows
    assert data.decode("utf-8-sig").count(NOTICE) >= 1


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


def test_a_mixed_queue_holds_as_many_right_calls_and_its_order_does_not_tell_which(
    rng: np.random.Generator,
) -> None:
    rows = table(rng)
    found = queue(rows, ("N", "P", "T"), Wanted("test", truth="T", shown="mixed")).rows
    right = found.label.astype(str) == found.called.astype(str)
    here = rows[(rows.split == "test") & (rows.label == "T") & rows.display]
    there = here.label.astype(str) == here.called.astype(str)
    assert 0 < right.sum() == min((~right).sum(), there.sum())
    assert (~right).sum() == (~there).sum()
    assert list(found.case) == sorted(found.case)


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


@pytest.mark.parametrize("data", [b"", b"a,b\n1,2\n", b"\xff", MANIFEST + b"x\n"])
def test_a_table_that_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(DataError) as refusal:
        relabel(data, {})
    assert refusal.value.code == "bad_manifest"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with one film, its manifest pointing at that and at what it must not."""
    root = tmp_path / "data"
    (root / "images").mkdir(parents=True)
    content = png(film(60, 50))
    (root / "images" / "1.png").write_bytes(content)
    (tmp_path / "secret.png").write_bytes(content)
    (root / "images" / "out.png").symlink_to(tmp_path / "secret.png")
    (root / "images" / "in.png").symlink_to(root / "images" / "1.png")
    names = ["images/1.png", "images/in.png", "images/out.png", "../secret.png", "images/gone.png"]
    names += [str(tmp_path / "secret.png"), "images", "images/\0.png"]
    with (root / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "label", "split", "source", "display", "boxes"])
        for name in names:
            writer.writerow([name, "T", "test", "a", "1", "[[0.1, 0.2, 0.3, 0.4], [1, 2], 5]"])
        writer.writerow(["images/hidden.png", "T", "test", "a", "0", "[[0.1, 0.2, 0.3, 0.4]]"])
    return root


def test_films_are_read_from_inside_the_folder_only(data: Path) -> None:
    folder = open_folder(data)
    for name in ("images/1.png", "images/in.png"):
        assert folder.film(name).pixels.shape == (60, 50)
    for name, code in (
        ("images/out.png", "film_outside"),
        ("../secret.png", "film_outside"),
        (str(data.parent / "secret.png"), "film_outside"),
        ("images/gone.png", "film_missing"),
        ("images", "film_missing"),
        ("images/hidden.png", "not_to_show"),
        ("images/unlisted.png", "not_to_show"),
    ):
        with pytest.raises(CxrError) as refusal:
            folder.film(name)
        assert refusal.value.code == code, name
        assert "secret" not in str(refusal.value)


def test_lesions_that_are_none_are_left_out(data: Path) -> None:
    rows = (data / "manifest.csv").read_text()
    (data / "manifest.csv").write_text(rows.replace("[1, 2], 5]", "[1, 2], [0, 0, 1e999, 1]]"))
    folder = open_folder(data)
    assert folder.rows["images/1.png"].boxes == ((0.1, 0.2, 0.3, 0.4),)


@pytest.mark.parametrize("manifest", [None, b"image,label\n", b"\xff\xfe", b'"'])
def test_a_folder_without_a_manifest_is_refused(tmp_path: Path, manifest: bytes | None) -> None:
    if manifest is not None:
        (tmp_path / "manifest.csv").write_bytes(manifest)
    with pytest.raises(DataError) as refusal:
        open_folder(tmp_path)
    assert refusal.value.code == ("bad_manifest" if manifest else "no_manifest")


def test_a_manifest_that_links_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("image,label,split,source,display\n")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "manifest.csv").symlink_to(tmp_path / "real.csv")
    with pytest.raises(DataError):
        open_folder(inside)
