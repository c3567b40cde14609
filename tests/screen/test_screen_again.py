"""What is done already, and what is refused."""

from __future__ import annotations

import csv
import shutil
import sqlite3
from pathlib import Path

import pytest
import screening
from screening import rows, screen
from sites import profile

import cxr
from cxr.batch import parquet
from cxr.batch.state import State
from cxr.site_profiles import store


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


def test_another_list_of_films_is_taken_as_a_whole(
    folder: Path, phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Stopped before the parts of the list before were removed, it removes them the next time."""

    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "results.parquet"
    assert screen(folder, out, phantom_model) == 0
    shutil.move(folder / "0.png", folder / "5.png")
    with monkeypatch.context() as patched:
        patched.setattr(parquet, "clear", pressed)
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
    whole = (parts / "000000001.parquet").read_bytes()
    (parts / "000000001.parquet").write_bytes(whole[:200])
    assert screen(folder, out, phantom_model) == 2
    assert "[broken_run]" in capsys.readouterr().err
    (parts / "000000001.parquet").unlink()
    assert screen(folder, out, phantom_model) == 0
    assert (parts / "000000001.parquet").read_bytes() == whole
    (parts / "state.sqlite3").write_bytes(b"no database" * 400)
    assert screen(folder, out, phantom_model) == 2
    assert "[broken_run]" in capsys.readouterr().err


def test_a_run_that_is_refused_lets_go_of_the_table(tmp_path: Path) -> None:
    """Also while what was raised is kept, as a debugger or a log keeps it."""
    begun = State(tmp_path, {"network": "one"})
    begun.keep("0" * 64, {}, [])
    begun.close()
    with pytest.raises(cxr.errors.ScreenError) as refused:
        State(tmp_path, {"network": "another"})
    assert refused.value.code == "other_run"
    State(tmp_path, {"network": "one"}).close()
