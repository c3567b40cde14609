"""How long each film took, beside the table; no test says how long."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import screening
from screening import rows, screen, times

import cxr

STAGES = ("ms_read", "ms_decode", "ms_score")


def test_each_film_that_was_worked_out_has_its_times_once(
    folder: Path, phantom_model: cxr.Classifier, tmp_path: Path
) -> None:
    out = tmp_path / "results.parquet"
    assert screen(folder, out, phantom_model) == 0
    found = times(out)
    assert list(found[0]) == ["path", "sha256", *STAGES, "notice"]
    names = [Path(row["path"]).name for row in rows(out)]
    assert [Path(line["path"]).name for line in found] == [n for n in names if "again" not in n]
    refused = {row["sha256"] for row in rows(out) if row["refusal"]}
    for line in found:
        reached = STAGES[:2] if line["sha256"] in refused else STAGES
        assert tuple(stage for stage in STAGES if line[stage]) == reached
        assert all(float(line[stage]) >= 0 for stage in reached)


def test_a_film_that_could_not_be_read_has_none(
    folder: Path, phantom_model: cxr.Classifier, tmp_path: Path
) -> None:
    (folder / "list.csv").write_text("image\n3.png\ngone.png\nsub/again3.png\n")
    out = tmp_path / "results.parquet"
    assert screen(folder / "list.csv", out, phantom_model) == 0
    assert [line["path"] for line in times(out)] == ["3.png"]


def test_they_stay_when_the_command_is_run_again_and_go_with_their_film(
    folder: Path, phantom_model: cxr.Classifier, tmp_path: Path
) -> None:
    out = tmp_path / "results.parquet"
    assert screen(folder, out, phantom_model) == 0
    table, before = out.read_bytes(), times(out)
    out.with_suffix(".timings.csv").unlink()
    assert screen(folder, out, phantom_model) == 0
    assert (out.read_bytes(), times(out)) == (table, before)
    (folder / "0.png").unlink()
    assert screen(folder, out, phantom_model) == 0
    assert times(out) == before[1:]


def test_a_run_begun_before_times_were_kept_goes_on(
    folder: Path, phantom_model: cxr.Classifier, scored: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "results.parquet"
    assert screen(folder, out, phantom_model) == 0
    done = len(scored)
    with sqlite3.connect(Path(f"{out}.parts") / "state.sqlite3") as base:
        base.execute("ALTER TABLE answers DROP COLUMN seconds")
    base.close()
    (folder / "new.png").write_bytes(screening.chest(20))
    assert screen(folder, out, phantom_model) == 0
    assert len(scored) == done + 1
    assert [Path(line["path"]).name for line in times(out)] == ["new.png"]


def test_the_file_is_no_film_and_is_not_written_over_the_list(
    folder: Path,
    phantom_model: cxr.Classifier,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = folder / "results.parquet"
    for _ in range(2):
        assert screen(folder, out, phantom_model) == 0
        assert not [row for row in rows(out) if "results" in row["path"]]
    listed = tmp_path / "films.timings.csv"
    listed.write_text("image\nfilms/0.png\n")
    assert screen(listed, tmp_path / "films.parquet", phantom_model) == 2
    assert "[bad_request]" in capsys.readouterr().err
    assert listed.read_text() == "image\nfilms/0.png\n"
