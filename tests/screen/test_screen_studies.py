"""Studies of several films, a DICOMDIR, and what is made of films that are called positive."""

from __future__ import annotations

import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pydicom
import pytest
import screening
from films import dicom
from passports import drawn
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from screening import rows, screen

import cxr
from cxr.batch import positives


class InThreads(ThreadPoolExecutor):
    """One thread in place of processes."""

    def __init__(self, workers: int, context: object, begin: Any, given: tuple[Any, ...]) -> None:
        folder, site, asked = given
        super().__init__(1)
        positives._here[:] = cxr.load(folder).at(site), positives.fetcher(asked.given), asked

    def submit(self, work: Any, /, *given: Any, **named: Any) -> Any:
        """What comes back travels as it does between processes."""

        def travelled() -> Any:
            return pickle.loads(pickle.dumps(work(*given, **named)))

        return super().submit(travelled)


def film(study: str, instance: str, view: str, kind: str = "upper") -> bytes:
    return dicom(
        drawn(kind).pixels,
        PatientID="1",
        StudyInstanceUID=study,
        SeriesInstanceUID=f"{study}.1",
        SOPInstanceUID=f"{study}.1.{instance}",
        ViewPosition=view,
    )


def test_a_frontal_film_names_its_lateral_ones_wherever_they_lie(
    phantom_model: cxr.Classifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A part holds three films."""
    folder = tmp_path / "films"
    folder.mkdir()
    for name, study, view in (
        ("a", "1.2", "PA"),
        ("b", "1.3", "PA"),
        ("c", "1.4", "LL"),
        ("d", "1.2", "LL"),
        ("e", "1.2", "RL"),
    ):
        (folder / name).write_bytes(film(study, str(ord(name)), view))
    out = tmp_path / "out.parquet"
    assert screen(folder, out, phantom_model) == 0
    found = [row["laterals"] for row in rows(out)]
    assert found == [f"{folder / 'd'}; {folder / 'e'}", None, None, None, None]
    assert "studies with lateral films and no frontal one: 1" in capsys.readouterr().out


def disc(place: Path) -> Path:
    """A CD of a PA and a lateral film."""
    (place / "IMAGES").mkdir(parents=True)
    records = [Dataset()]
    records[0].DirectoryRecordType = "PATIENT"
    for name, view in (("A", "PA"), ("B", "LL")):
        (place / "IMAGES" / name).write_bytes(film("1.2", str(ord(name)), view))
        records.append(Dataset())
        records[-1].DirectoryRecordType = "IMAGE"
        records[-1].ReferencedFileID = ["IMAGES", name]
    index = Dataset()
    index.DirectoryRecordSequence = records
    index.file_meta = FileMetaDataset()
    index.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    index.file_meta.MediaStorageSOPClassUID = uid.MediaStorageDirectoryStorage
    index.file_meta.MediaStorageSOPInstanceUID = uid.generate_uid()
    index.save_as(place / "DICOMDIR", enforce_file_format=True)
    return place / "DICOMDIR"


def test_a_dicomdir_gives_the_films_that_it_lists(
    phantom_model: cxr.Classifier, tmp_path: Path
) -> None:
    index = disc(tmp_path / "disc")
    (tmp_path / "disc" / "README.TXT").write_text("how to open this disc")
    out = tmp_path / "out.parquet"
    assert screen(index, out, phantom_model) == 0
    found = rows(out)
    assert [row["path"] for row in found] == ["IMAGES/A", "IMAGES/B"]
    assert [row["refusal"] for row in found] == [None, "not_frontal"]
    assert found[0]["laterals"] == "IMAGES/B"
    copy = shutil.copytree(tmp_path / "disc", tmp_path / "copy")
    for path in sorted(copy.rglob("*"), reverse=True):
        path.rename(path.with_name(path.name.lower()))
    assert screen(copy / "dicomdir", tmp_path / "copy.parquet", phantom_model) == 0
    assert [row["sha256"] for row in rows(tmp_path / "copy.parquet")] == [
        row["sha256"] for row in found
    ]


def test_a_folder_passes_over_its_dicomdir(phantom_model: cxr.Classifier, tmp_path: Path) -> None:
    disc(tmp_path / "disc")
    assert screen(tmp_path / "disc", tmp_path / "out.parquet", phantom_model) == 0
    assert [row["refusal"] for row in rows(tmp_path / "out.parquet")] == [None, "not_frontal"]


def test_a_dicomdir_leads_nowhere_else(
    phantom_model: cxr.Classifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = disc(tmp_path / "disc")
    (tmp_path / "secret").write_bytes(screening.chest(0))
    data = pydicom.dcmread(index)
    images = [each for each in data.DirectoryRecordSequence if "ReferencedFileID" in each]
    images[0].ReferencedFileID = ["..", "SECRET"]
    images[1].ReferencedFileID = ["GONE"]
    (tmp_path / "secret").rename(tmp_path / "SECRET")
    data.save_as(index)
    out = tmp_path / "out.parquet"
    assert screen(index, out, phantom_model) == 0
    assert [row["refusal"] for row in rows(out)] == ["not_found", "not_found"]
    index.write_bytes(index.read_bytes()[:300])
    assert screen(index, tmp_path / "cut.parquet", phantom_model) == 2
    assert "[unreadable_source]" in capsys.readouterr().err


def test_maps_and_reports_are_made_of_what_is_called_and_only_once(
    folder: Path,
    promising: cxr.Classifier,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(positives, "ProcessPoolExecutor", InThreads)
    out = tmp_path / "out.parquet"
    asked = ("--known-hospital", "--overlays", "--reports")
    assert screen(folder, out, promising, *asked) == 0
    called = {row["sha256"][:16] for row in rows(out) if row["decision"] == "T"}
    assert called
    made = {kind: tmp_path / f"out.{kind}" for kind in positives.ENDINGS}
    assert {path.name for path in made["overlays"].iterdir()} == {f"{x}.png" for x in called}
    assert {path.name for path in made["reports"].iterdir()} == {f"{x}.pdf" for x in called}
    name = next(iter(called))
    height, width = cxr.read(made["overlays"] / f"{name}.png", all_the_same=True).pixels.shape
    assert (height > 256, width) == (True, 360), "a strip stands below the film"
    assert (made["reports"] / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    assert f"{2 * len(called)} files made, 0 films" in capsys.readouterr().out
    (made["reports"] / f"{name}.pdf").unlink()
    (made["overlays"] / f"{'0' * 16}.png").write_bytes(b"of a film that is gone")
    (made["overlays"] / "mine.png").write_bytes(b"of somebody else")
    assert screen(folder, out, promising, *asked) == 0
    assert "1 files made, 0 films" in capsys.readouterr().out
    there = {path.name for path in made["overlays"].iterdir()}
    assert there == {"mine.png", *(f"{x}.png" for x in called)}


def test_a_film_of_which_no_map_can_be_made_stops_no_other(
    folder: Path,
    promising: cxr.Classifier,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(positives, "ProcessPoolExecutor", InThreads)
    drawn = positives._overlay
    fails = iter([True])

    def overlay(*given: Any) -> bytes:
        if next(fails, False):
            raise cxr.ExplainError("map_failed", "There is no map.")
        return drawn(*given)

    monkeypatch.setattr(positives, "_overlay", overlay)
    out = tmp_path / "out.parquet"
    assert screen(folder, out, promising, "--known-hospital", "--overlays") == 0
    called = {row["sha256"] for row in rows(out) if row["decision"] == "T"}
    told = capsys.readouterr()
    assert f"{len(called) - 1} files made, 1 films" in told.out
    assert "[map_failed]" in told.err
    assert screen(folder, out, promising, "--known-hospital", "--overlays") == 0
    assert "1 files made, 0 films" in capsys.readouterr().out


def test_where_no_film_is_called_there_are_no_maps(
    folder: Path,
    promising: cxr.Classifier,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert screen(folder, tmp_path / "out.parquet", promising, "--overlays") == 2
    assert "[bad_request]" in capsys.readouterr().err
    assert not (tmp_path / "out.parquet.parts").exists()
