"""The films that a network learnt from, scored for Review."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from cxr.metrics.predictions import learnt, table
from cxr.model.bundle import open_bundle
from train.__main__ import main

COLUMNS = ("image", "label", "split", "source", "patient_id", "recommended", "display")


@pytest.fixture
def bundle(room: tuple[Path, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(room[1] / "room", tmp_path / "room"))


def folder(room: tuple[Path, Path], at: Path, splits: tuple[str, ...]) -> Path:
    """A folder of films whose label is the opposite of what is on every fourth of them."""
    (at / "images").mkdir(parents=True)
    with (room[0] / "manifest.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "test"]
    with (at / "manifest.csv").open("w", newline="") as file:
        write = csv.writer(file)
        write.writerow(COLUMNS)
        for number, row in enumerate(rows[:24]):
            name = f"images/new{number:02d}.png"
            shutil.copy(room[0] / row["image"], at / name)
            split = splits[number % len(splits)]
            seen = "T" if row["boxes"] != "[]" else "N"
            label = "NT"[seen == "N"] if number % 4 == 3 else seen
            write.writerow((name, label, split, "here", str(number), "1", "1"))
    return at


def test_the_films_of_train_are_scored_and_no_figure_sees_them(
    room: tuple[Path, Path], bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = folder(room, tmp_path / "data", ("train", "train", "val", "train"))
    before = open_bundle(bundle)
    assert learnt(before) is None
    asked = ["learnt", "--data", str(data), "--out", str(bundle), "--runs", str(tmp_path / "runs")]
    assert main(asked) == 0
    assert "18 films of train, 6 of them called wrong" in capsys.readouterr().out
    after = open_bundle(bundle)
    assert after.digest == before.digest
    rows = learnt(after)
    assert rows is not None
    assert set(rows.split) == {"train"}
    assert (rows.label.astype(str) != rows.called.astype(str)).sum() == 6
    assert rows.display.all()
    assert table(after).equals(table(before))


def test_a_folder_without_train_is_refused(
    room: tuple[Path, Path], bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = folder(room, tmp_path / "data", ("val", "test"))
    asked = ["learnt", "--data", str(data), "--out", str(bundle), "--runs", str(tmp_path / "runs")]
    assert main(asked) == 2
    assert "train has no film labelled" in capsys.readouterr().err
    assert learnt(open_bundle(bundle)) is None
