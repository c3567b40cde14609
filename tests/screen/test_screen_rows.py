"""What a row of the table says."""

from __future__ import annotations

import json
import os
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import screening
from films import dicom, film
from screening import rows, screen
from sites import profile

import cxr
from cxr.site_profiles import store


def test_a_row_says_what_assess_does(
    folder: Path,
    promising: cxr.Classifier,
    scored: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "results.parquet"
    assert screen(folder, out, promising, "--known-hospital") == 0
    told = capsys.readouterr()
    found = rows(out)
    assert [row["path"] for row in found] == [
        *(str(folder / name) for name in ("0.png", "1.png", "2.png", "3.png", "4.png")),
        *(str(folder / name) for name in ("empty.png", "note.txt")),
        *(str(folder / "sub" / name) for name in ("again1.png", "again3.png")),
        *(str(folder / "sub" / name) for name in ("pa.dcm", "side.dcm")),
    ]
    for row in found:
        expected = cxr.assess(row["path"], promising)
        assert row["network"] == promising.bundle.digest
        if expected.refusal is not None:
            assert (row["refusal"], row["reason"]) == (
                expected.refusal.code,
                expected.refusal.message,
            )
            assert row["label"] is None
            continue
        assert row["refusal"] is None
        scores, _ = expected.scored
        assert {name: row[f"logit_{name}"] for name in "NT"} == scores.logits
        assert {name: row[f"p_{name}"] for name in "NT"} == scores.probabilities
        assert row["log_odds"] == scores.log_odds("T", "N")
        assert row["set_0.9"] == (" ".join(expected.sets["0.9"]) or "none")
        assert row["decision"] == ("T" if expected.above["T"] else "not T")
    codes = {Path(row["path"]).name: row["refusal"] for row in found if row["refusal"]}
    assert codes == {"empty.png": "empty", "note.txt": "not_an_image", "side.dcm": "not_frontal"}
    pa, side = found[-2:]
    assert (pa["study"], pa["view"]) == ("1.2.3", "PA")
    assert (side["study"], side["view"]) == ("1.2.3", "LL")
    assert len(scored) == len(set(scored)) == screening.SCORED
    assert "empty 1, not_an_image 1, not_frontal 1" in told.out
    assert "slowest stage" in told.out
    assert cxr.NOTICE in told.out
    about = pq.read_schema(out).metadata
    assert about[b"notice"].decode() == cxr.NOTICE
    assert json.loads(about[b"cxr"])["decision"]["threshold"] == 0.5


def test_no_film_of_an_unknown_hospital_is_decided_on(
    folder: Path, promising: cxr.Classifier, tmp_path: Path
) -> None:
    out = tmp_path / "results.parquet"
    assert screen(folder, out, promising) == 0
    found = [row for row in rows(out) if row["label"]]
    assert found
    assert {(row["decision"], row["set_0.9"]) for row in found} == {(None, None)}
    assert all(row["log_odds"] is not None for row in found)
    assert json.loads(pq.read_schema(out).metadata[b"cxr"])["decision"] is None


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz"])
def test_an_archive_gives_what_its_folder_does(
    ending: str, folder: Path, phantom_model: cxr.Classifier, tmp_path: Path
) -> None:
    packed = tmp_path / f"films.{ending}"
    names = sorted(path for path in folder.rglob("*") if path.is_file())
    if ending == "zip":
        with zipfile.ZipFile(packed, "w") as archive:
            for path in names:
                archive.write(path, path.relative_to(folder))
    else:
        with tarfile.open(packed, "w:gz" if ending == "tar.gz" else "w") as archive:
            archive.add(folder / "sub", "sub", recursive=False)
            for path in names:
                archive.add(path, path.relative_to(folder))
    assert screen(packed, tmp_path / "packed.parquet", phantom_model) == 0
    assert screen(folder, tmp_path / "open.parquet", phantom_model) == 0
    found, expected = rows(tmp_path / "packed.parquet"), rows(tmp_path / "open.parquet")
    for row in expected:
        row["path"] = row["path"].replace(str(folder), str(packed))
        row["laterals"] = row["laterals"] and row["laterals"].replace(str(folder), str(packed))
    assert found == expected


@pytest.mark.parametrize("damage", ["within a film", "within a head", "before a head", "a head"])
def test_an_archive_that_is_cut_short_or_broken_is_refused(
    damage: str,
    folder: Path,
    phantom_model: cxr.Classifier,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    packed = tmp_path / "films.tar"
    with tarfile.open(packed, "w") as archive:
        archive.add(folder / "0.png", "0.png")
        archive.add(folder / "1.png", "1.png")
    with tarfile.open(packed) as archive:
        last = archive.getmember("1.png").offset
    data = bytearray(packed.read_bytes())
    data[last] ^= damage == "a head"
    ends = {"within a film": last + 900, "within a head": last + 100, "before a head": last}
    packed.write_bytes(data[: ends.get(damage)])
    assert screen(packed, tmp_path / "out.parquet", phantom_model) == 2
    assert "unreadable_source" in capsys.readouterr().err


def test_a_list_and_a_pattern(folder: Path, phantom_model: cxr.Classifier, tmp_path: Path) -> None:
    out = tmp_path / "results.parquet"
    (folder / "list.csv").write_text("image,label\nsub/pa.dcm,N\n3.png,T\ngone.png,N\n3.png,T\n")
    assert screen(folder / "list.csv", out, phantom_model) == 0
    found = rows(out)
    assert [row["path"] for row in found] == ["sub/pa.dcm", "3.png", "gone.png", "3.png"]
    assert [row["refusal"] for row in found] == [None, None, "not_found", None]
    assert found[1] == found[3]
    out = tmp_path / "pattern.parquet"
    assert screen(f"{folder}/**/*.dcm", out, phantom_model) == 0
    assert [Path(row["path"]).name for row in rows(out)] == ["pa.dcm", "side.dcm"]


def test_names_need_not_be_text(phantom_model: cxr.Classifier, tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    try:
        (tmp_path / "films" / os.fsdecode(b"\xff.png")).write_bytes(screening.chest(0))
    except OSError:
        pytest.skip("this file system takes no such name")
    assert screen(tmp_path / "films", tmp_path / "out.parquet", phantom_model) == 0
    (row,) = rows(tmp_path / "out.parquet")
    assert row["path"].endswith("\\xff.png")
    assert row["refusal"] is None


def test_a_profile_decides_and_its_films_are_what_scores_are_held_against(
    folder: Path,
    promising: cxr.Classifier,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    site = profile(promising, threshold=-0.5)
    store.save(site)
    out = tmp_path / "results.parquet"
    assert screen(folder, out, promising, "--site", site.name) == 0
    scores = [row for row in rows(out) if row["refusal"] is None]
    assert scores
    for row in scores:
        assert row["decision"] == ("T" if row["log_odds"] >= -0.5 else "not T")
        assert row["hospital"] == site.identity
        assert row["set_0.9"] is None
    assert "drift: not asked of fewer" in capsys.readouterr().out
    told = json.loads(pq.ParquetFile(out).metadata.metadata[b"summary"])
    assert told["decisions"] == dict(Counter(row["decision"] for row in scores))
    assert told["refusals"] == {"empty": 1, "not_an_image": 1, "not_frontal": 1}
    assert told["scores"]["films"] == len(scores)
    assert site.name in told["scores"]["of"]


def test_a_study_that_is_a_name_is_left_out(phantom_model: cxr.Classifier, tmp_path: Path) -> None:
    data = dicom(film(), StudyInstanceUID="1.2.34").replace(b"1.2.34", b"J. DOE")
    (tmp_path / "film.dcm").write_bytes(data)
    assert screen(tmp_path / "film.dcm", tmp_path / "out.parquet", phantom_model) == 0
    (row,) = rows(tmp_path / "out.parquet")
    assert (row["study"], row["view"], row["refusal"]) == (None, "PA", None)
