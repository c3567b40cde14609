"""Reports from the command line."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import sites
from reported import FILM, OTHER, pages

import cxr
from cxr.__main__ import main
from cxr.report import from_json
from cxr.site_profiles import store


def run(*asked: object) -> int:
    return main([str(each) for each in asked])


def test_the_command_line(
    tmp_path: Path,
    phantom_model: cxr.Classifier,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CXR_SITES", str(tmp_path / "sites"))
    bundle = phantom_model.bundle.folder
    path, other, out = (tmp_path / name for name in ("a.png", "b.png", "report.json"))
    path.write_bytes(FILM)
    other.write_bytes(OTHER)
    assert run("report", path, "--out", out, "--model", bundle, "--untested") == 0
    assert run("verify", out, "--film", path, "--model", bundle) == 0
    assert "Confirmed" in capsys.readouterr().out
    assert run("verify", out, "--film", other, "--model", bundle) == 1
    assert "Another film" in capsys.readouterr().out
    assert run("verify", out, "--film", path) == 1  # by the shipped network
    assert "Another network" in capsys.readouterr().out
    assert run("verify", out, "--model", bundle) == 2
    assert run("report", path, "--out", tmp_path / "a.docx", "--model", bundle) == 2


def test_a_class_is_one_pdf_or_a_zip(
    tmp_path: Path, phantom_model: cxr.Classifier, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = phantom_model.bundle.folder
    folder = tmp_path / "Planted Name"
    folder.mkdir()
    for name, data in (("x.png", FILM), ("y.png", OTHER), ("z.txt", b"no film")):
        (folder / name).write_bytes(data)
    asked = ("report", folder, "--model", bundle, "--untested", "--out")
    assert run(*asked, tmp_path / "class.pdf") == 1  # one file is none
    assert "2 of 3 films" in capsys.readouterr().out
    assert pages((tmp_path / "class.pdf").read_bytes()) == 2
    run(*asked, tmp_path / "class.zip")
    with zipfile.ZipFile(io.BytesIO((tmp_path / "class.zip").read_bytes())) as archive:
        names = archive.namelist()
        assert len(names) == 6
        assert not any("Planted" in name or "x.png" in name for name in names)
        assert from_json(archive.read(names[2]))
    assert run(*asked, tmp_path / "class.json") == 2


def test_a_reader_s_verdicts_stand_on_the_reports(
    tmp_path: Path, phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cxr.manifest import case_of
    from cxr.review.entries import Entry
    from cxr.review.store import ReviewStore, new_key

    monkeypatch.setenv("CXR_REVIEW", str(tmp_path / "review.sqlite3"))
    folder, out = tmp_path / "films", tmp_path / "report.json"
    folder.mkdir()
    (folder / "x.png").write_bytes(FILM)
    kept = ReviewStore(str(tmp_path / "review.sqlite3"))
    for reader, note in (("A. Reader", "a shadow"), ("Another", "nothing")):
        case, digest = case_of("x.png"), phantom_model.bundle.digest
        entry = Entry(new_key(), "verdict", reader, case, "x.png", digest, "N", "T", "model_wrong")
        kept.record(Entry(**{**asdict(entry), "note": note}))
    asked = ("report", folder, "--model", phantom_model.bundle.folder, "--untested", "--out", out)
    assert run(*asked, "--verdicts", "--reader", "A. Reader") == 0
    held: Mapping[str, Any] = from_json(out.read_bytes()).content["verdict"]
    assert (held["reader"], held["said"], held["note"]) == ("A. Reader", "model wrong", "a shadow")
    out.unlink()
    for contrary in (
        ["--verdicts"],
        ["--reader", "A"],
        ["--verdicts", "--reader", "A", "--note=x"],
    ):
        assert run(*asked, *contrary) == 2
        assert not out.exists()


def test_by_a_hospital_the_command_line_finds_the_profile_again(
    tmp_path: Path, phantom_model: cxr.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXR_SITES", str(tmp_path / "sites"))
    here = sites.profile(phantom_model)
    store.save(here)
    path, out = tmp_path / "a.png", tmp_path / "a.json"
    path.write_bytes(FILM)
    bundle = phantom_model.bundle.folder
    asked = ("report", path, "--out", out, "--model", bundle, "--untested", "--site")
    assert run(*asked, "Drawn hospital") == 0
    assert run("verify", out, "--film", path, "--model", bundle) == 0
    store.delete(here)
    assert run("verify", out, "--film", path, "--model", bundle) == 1


def test_one_film_alone_is_asked_before_any_is_worked_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(FILM)
    monkeypatch.setattr("cxr.report.record.make", lambda *_, **__: pytest.fail("worked out"))
    assert main(["report", str(tmp_path), "--out", str(tmp_path / "x.json")]) == 2
