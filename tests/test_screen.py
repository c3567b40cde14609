"""``python -m cxr screen``: one row a film, whatever happens on the way."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import screening
from films import dicom, film
from sites import profile

import cxr
from cxr.__main__ import main
from cxr.batch import engine, table
from cxr.batch.command import progress_line
from cxr.model.bundle import manifest_values, write_manifest
from cxr.site import store

ROOT = Path(__file__).parents[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return screening.folder(tmp_path / "films")


@pytest.fixture(autouse=True)
def scored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Hashes of the films that were scored; workers are threads, a part holds three films."""
    found: list[str] = []
    assess = engine.assess

    def noted(film: cxr.Radiograph, model: cxr.Classifier) -> cxr.Assessment:
        found.append(film.sha256)
        return assess(film, model)

    monkeypatch.setenv("CXR_SITES", str(tmp_path / "sites"))
    monkeypatch.setattr(engine, "assess", noted)
    monkeypatch.setattr(engine, "begin", screening.in_a_thread)
    monkeypatch.setattr(table, "SHARD", 3)
    return found


@pytest.fixture
def promising(phantom_model: cxr.Classifier, tmp_path: Path) -> cxr.Classifier:
    """The phantom network with an operating point and sets."""
    place = shutil.copytree(phantom_model.bundle.folder, tmp_path / "promising")
    point = {"threshold": 0.5, "split": "val", "sensitivity": 0.9, "specificity": 0.9}
    values = manifest_values(place)
    values["operating_points"] = {"T": {**point, "wanted_sensitivity": 0.9}}
    values["conformal"] = {"0.9": {"N": 0.2, "T": 0.2}}
    write_manifest(place, values)
    return cxr.load(place)


def screen(source: Path | str, out: Path, model: cxr.Classifier, *more: str) -> int:
    at = ["--out", str(out), "--model", str(model.bundle.folder)]
    return main(["screen", str(source), *at, *more])


def rows(out: Path) -> list[dict[str, Any]]:
    return pq.read_table(out).to_pylist()


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


def test_what_is_done_is_not_done_again(
    folder: Path, phantom_model: cxr.Classifier, scored: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "results.parquet"
    assert screen(folder, out, phantom_model, "--csv") == 0
    before, done = out.read_bytes(), len(scored)
    with out.with_suffix(".csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["path"] for line in lines] == [row["path"] for row in rows(out)]
    assert {line["notice"] for line in lines} == {cxr.NOTICE}
    assert screen(folder, out, phantom_model, "--workers", "1") == 0
    assert out.read_bytes() == before
    assert len(scored) == done
    (folder / "0a.png").write_bytes(screening.chest(20))
    (folder / "1.png").unlink()
    assert screen(folder, out, phantom_model) == 0
    assert len(scored) == done + 1
    found = {Path(row["path"]).name: row for row in rows(out)}
    assert "1.png" not in found
    assert found["0a.png"]["sha256"] == scored[-1]


def test_its_own_table_is_no_film(
    folder: Path, phantom_model: cxr.Classifier, tmp_path: Path
) -> None:
    out = folder / "results.parquet"
    for _ in range(2):
        assert screen(folder, out, phantom_model, "--csv") == 0
        assert not [row for row in rows(out) if "results" in row["path"]]
    listed = tmp_path / "films.csv"
    listed.write_text("image\nfilms/0.png\n")
    assert screen(listed, tmp_path / "films.parquet", phantom_model, "--csv") == 2
    assert listed.read_text() == "image\nfilms/0.png\n"


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
    assert [row.pop("path") for row in found] == [
        row.pop("path").replace(str(folder), str(packed)) for row in expected
    ]
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


def test_a_profile_decides(folder: Path, promising: cxr.Classifier, tmp_path: Path) -> None:
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


def test_another_network_profile_or_source_is_another_run(
    folder: Path,
    promising: cxr.Classifier,
    phantom_model: cxr.Classifier,
    scored: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    site = profile(promising)
    store.save(site)
    out = tmp_path / "results.parquet"
    assert screen(folder, out, promising) == 0
    before, done = out.read_bytes(), len(scored)
    for source, model, more, other in (
        (folder, phantom_model, (), "network"),
        (folder, promising, ("--site", site.name), "hospital profile"),
        (folder, promising, ("--known-hospital",), "word on whether the hospital is known"),
        (folder / "sub", promising, (), "source"),
    ):
        assert screen(source, out, model, *more) == 2
        said = capsys.readouterr().err
        assert f"begun with another {other}, and" in said
        assert "[other_run]" in said
    assert (out.read_bytes(), len(scored)) == (before, done)


def test_what_cannot_be_screened_is_said(
    phantom_model: cxr.Classifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    for source, out, code in (
        ("gone", "out.parquet", "no_source"),
        ("empty", "out.parquet", "no_films"),
        ("empty", "out.csv", "bad_request"),
        ("empty", "file/out.parquet", "not_written"),
    ):
        assert screen(tmp_path / source, tmp_path / out, phantom_model) == 2
        assert f"[{code}]" in capsys.readouterr().err
    (tmp_path / "list.csv").write_text("image\nfile\n")
    over = tmp_path / "list.csv", tmp_path / "list.parquet", phantom_model
    assert screen(*over, "--csv") == 2
    assert "written over the films' list" in capsys.readouterr().err
    assert screen(*over) == 0, "no table of that name is written"


def test_a_film_that_ends_its_process_is_refused_and_the_others_are_not(
    folder: Path,
    phantom_model: cxr.Classifier,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The worker hangs up over one film, each time that it gets it."""
    fatal = cxr.read(folder / "1.png").sha256
    noted = engine.assess

    def deadly(film: cxr.Radiograph, model: cxr.Classifier) -> cxr.Assessment:
        if film.sha256 == fatal:
            raise SystemExit
        return noted(film, model)

    monkeypatch.setattr(engine, "assess", deadly)
    out = tmp_path / "results.parquet"
    assert screen(folder, out, phantom_model) == 0
    found = {Path(row["path"]).name: row["refusal"] for row in rows(out)}
    assert found["1.png"] == found["again1.png"] == "crashed"
    assert [found[f"{n}.png"] for n in (0, 2, 3, 4)] == [None] * 4


def test_a_film_that_ends_one_process_is_tried_again_and_its_copies_with_it(
    phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The worker hangs up once, after another has met the same bytes."""
    (tmp_path / "films").mkdir()
    for name in ("0.png", "1.png"):
        (tmp_path / "films" / name).write_bytes(screening.chest(0))
    noted, wanted, met = engine.assess, engine.Crew._wanted, threading.Event()
    ends, met_first = iter([True]), list[bool]()

    def meeting(crew: engine.Crew, *given: Any) -> bool:
        found = wanted(crew, *given)
        if not found:
            met.set()
        return found

    def deadly(film: cxr.Radiograph, model: cxr.Classifier) -> cxr.Assessment:
        if next(ends, False):
            met_first.append(met.wait(60))
            raise SystemExit
        return noted(film, model)

    monkeypatch.setattr(engine.Crew, "_wanted", meeting)
    monkeypatch.setattr(engine, "assess", deadly)
    out = tmp_path / "out.parquet"
    assert screen(tmp_path / "films", out, phantom_model) == 0
    assert met_first == [True]
    first, second = rows(out)
    assert first["refusal"] is None
    assert {**first, "path": ""} == {**second, "path": ""}


def test_it_stops_at_a_key_and_goes_on(
    folder: Path,
    phantom_model: cxr.Classifier,
    scored: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    keep = engine.Crew._keep

    def pressed(crew: engine.Crew, *given: Any) -> None:
        keep(crew, *given)
        raise KeyboardInterrupt

    out = tmp_path / "results.parquet"
    with monkeypatch.context() as patched:
        patched.setattr(engine.Crew, "_keep", pressed)
        assert screen(folder, out, phantom_model, "--workers", "1") == 130
    assert "Stopped; 1 of 11 films" in capsys.readouterr().err
    assert not out.exists()
    assert screen(folder, out, phantom_model) == 0
    assert len(scored) <= screening.SCORED + 1
    assert len(rows(out)) == 11


def test_another_list_of_films_is_taken_as_a_whole(
    folder: Path, phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Stopped before the parts of the list before were removed, it removes them the next time."""

    def pressed(parts: Path) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "results.parquet"
    assert screen(folder, out, phantom_model) == 0
    shutil.move(folder / "0.png", folder / "5.png")
    with monkeypatch.context() as patched:
        patched.setattr(table, "clear", pressed)
        assert screen(folder, out, phantom_model) == 130
    assert screen(folder, out, phantom_model) == 0
    assert [Path(row["path"]).name for row in rows(out)][4:6] == ["5.png", "empty.png"]


def test_two_do_not_work_on_one_table_and_what_is_broken_is_said(
    folder: Path, phantom_model: cxr.Classifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results.parquet"
    assert screen(folder, out, phantom_model) == 0
    parts = Path(f"{out}.parts")
    other = sqlite3.connect(parts / "state.sqlite3")
    other.execute("BEGIN IMMEDIATE")
    assert screen(folder, out, phantom_model) == 2
    assert "[run_in_progress]" in capsys.readouterr().err
    other.close()
    whole = (parts / "000001.parquet").read_bytes()
    (parts / "000001.parquet").write_bytes(whole[:200])
    assert screen(folder, out, phantom_model) == 2
    assert "[broken_run]" in capsys.readouterr().err
    (parts / "000001.parquet").unlink()
    assert screen(folder, out, phantom_model) == 0
    assert (parts / "000001.parquet").read_bytes() == whole
    (parts / "state.sqlite3").write_bytes(b"no database" * 400)
    assert screen(folder, out, phantom_model) == 2
    assert "[broken_run]" in capsys.readouterr().err


def test_a_study_that_is_a_name_is_left_out(phantom_model: cxr.Classifier, tmp_path: Path) -> None:
    data = dicom(film(), StudyInstanceUID="1.2.34").replace(b"1.2.34", b"J. DOE")
    (tmp_path / "film.dcm").write_bytes(data)
    assert screen(tmp_path / "film.dcm", tmp_path / "out.parquet", phantom_model) == 0
    (row,) = rows(tmp_path / "out.parquet")
    assert (row["study"], row["view"], row["refusal"]) == (None, "PA", None)


def test_killed_at_any_point_it_ends_with_the_same_bytes(
    folder: Path, phantom_model: cxr.Classifier, tmp_path: Path
) -> None:
    whole, out, log = (tmp_path / name for name in ("whole.parquet", "out.parquet", "log"))
    assert screen(folder, whole, phantom_model) == 0
    points = np.random.default_rng(19)
    at = ["--out", str(out), "--model", str(phantom_model.bundle.folder), "--workers", "1"]
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    kills, status = 0, -signal.SIGKILL
    while status == -signal.SIGKILL and kills < 20:
        point = int(points.integers(8, 24))
        asked = [str(ROOT / "tests" / "screening.py"), str(point), str(log), str(folder), *at]
        status = subprocess.run(
            [sys.executable, *asked],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            check=False,
        ).returncode
        kills += status == -signal.SIGKILL
    assert status == 0
    assert kills >= 2
    assert out.read_bytes() == whole.read_bytes()
    # Only what was in its hands at that moment is scored again.
    assert len(log.read_text().split()) <= screening.SCORED + kills


@pytest.mark.usefixtures("lungs_looked_for")
def test_its_processes_end_with_it_and_another_goes_on(
    folder: Path, phantom_model: cxr.Classifier, tmp_path: Path
) -> None:
    """Real processes, killed where they happen to be."""
    out = tmp_path / "out.parquet"
    model = str(phantom_model.bundle.folder)
    command = [sys.executable, "-m", "cxr", "screen", str(folder), "--out", str(out)]
    process = subprocess.Popen(
        [*command, "--model", model], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    wal = Path(f"{out}.parts") / "state.sqlite3-wal"
    deadline = time.monotonic() + 300
    while process.poll() is None and not wal.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(np.random.default_rng().uniform(0, 2))
    process.kill()
    # A worker holds this pipe as long as it lives: it is read to its end when all have ended.
    process.communicate(timeout=300)
    done = subprocess.run([*command, "--model", model], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    whole = tmp_path / "whole.parquet"
    assert screen(folder, whole, phantom_model) == 0
    assert rows(out) == rows(whole)


def test_progress_says_how_fast_and_how_long() -> None:
    assert progress_line(0, 5, 10, 3.0) == "5 of 10 films"
    assert progress_line(100, 0, 1000, 10.0) == "100 of 1,000 films, 10 films a second, 90 s left"
    assert progress_line(1000, 500, 100_000, 100.0).endswith("10 films a second, 2 h 44 min left")
