"""The profile's file and the folder that keeps it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sites import hospital, profile, some_head

import cxr
from cxr.site import fit, from_bytes, to_bytes
from cxr.site_profiles import store
from cxr.site_profiles.database import Tables
from cxr.site_profiles.profile import now


def test_a_file_comes_back_whole(phantom_model: cxr.Classifier) -> None:
    for site in (
        profile(phantom_model, some_head(phantom_model)),
        fit(phantom_model, *hospital(phantom_model, 20, 20)),
    ):
        data = to_bytes(site)
        again = from_bytes(data)
        assert again.identity == site.identity
        assert to_bytes(again) == data
        assert b"Research and teaching only" in data
        phantom_model.at(again)


def _changed(data: bytes, change: object) -> bytes:
    whole = json.loads(data)
    assert callable(change)
    change(whole)
    return json.dumps(whole).encode()


def _rehashed(data: bytes, part: str, value: object) -> bytes:
    """A file with another value whose hash fits it: what a bad program could have written."""
    from cxr.site_profiles.profile import _digest

    whole = json.loads(data)
    whole["profile"][part] = value
    whole["sha256"] = _digest(whole["profile"])
    return json.dumps(whole).encode()


def test_altered_bytes_are_refused(phantom_model: cxr.Classifier) -> None:
    data = to_bytes(profile(phantom_model, some_head(phantom_model)))
    altered = {
        "altered_profile": [
            _changed(data, lambda w: w["profile"].update(threshold=0.5)),
            _changed(data, lambda w: w.update(sha256="0" * 64)),
        ],
        "profile_format": [_changed(data, lambda w: w.update(format=99))],
        "bad_profile": [
            b"",
            b"\xff\xfe",
            b"[]",
            b"[" * 100_000,
            data[: len(data) // 2],
            data.replace(b'"threshold": 0.25', b'"threshold": NaN'),
            b" " * 6_000_000,
        ],
    }
    for code, files in altered.items():
        for file in files:
            with pytest.raises(cxr.SiteError) as refusal:
                from_bytes(file)
            assert refusal.value.code == code


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("threshold", 1e999),
        ("name", ""),
        ("name", "x" * 100),
        ("kind", "oracle"),
        ("positive", "Z"),
        ("negative", "T"),
        ("labels", ["N"]),
        ("negatives", {"shape": [3], "float32": "AAAA"}),
        ("negatives", {"shape": [1], "float32": "AADAfw=="}),
        ("negatives", {"shape": [1], "float32": "!"}),
        ("weights", {"shape": [2, 2], "float32": "AAAAAAAAAAAAAAAAAAAAAA=="}),
        ("offset", {"shape": [0], "float32": ""}),
        ("report", []),
        ("report", {"sensitivity": 0.9}),
        ("report", {"sensitivity": {"value": "0.9", "low": 0.8, "high": 1}}),
        ("report", {"gain": {"value": 0.1, "low": "little", "high": 0.2}}),
        ("report", {"shortcuts": [{"what": "rim"}]}),
        ("report", {"shortcuts": 1}),
        ("report", {"called_at": [{"share": 0.2}]}),
        ("report", {"more": [{"films": 20, "area": None}]}),
        ("preprocessing", {"side": 32}),
        ("films", {"N": "many"}),
        ("wanted", 3),
    ],
)
def test_what_no_profile_may_hold_is_refused(
    phantom_model: cxr.Classifier, part: str, value: object
) -> None:
    data = to_bytes(profile(phantom_model, some_head(phantom_model)))
    if value == 1e999:
        bad = data.replace(b'"threshold": 0.25', b'"threshold": 1e999')
    else:
        bad = _rehashed(data, part, value)
    with pytest.raises(cxr.SiteError) as refusal:
        phantom_model.at(from_bytes(bad))
    assert refusal.value.code in ("bad_profile", "altered_profile", "other_network")


def test_versions_are_kept_found_and_deleted(phantom_model: cxr.Classifier, tmp_path: Path) -> None:
    old = profile(phantom_model)
    new = profile(phantom_model, threshold=0.5, created="2026-02-01T00:00:00+00:00")
    other = profile(phantom_model, name="Other")
    for site in (old, new, other, new):
        store.save(site, tmp_path)
    kept = store.kept(tmp_path)
    assert kept.profiles[0].identity == new.identity
    assert len(kept.profiles) == 3
    assert store.find("Drawn hospital", tmp_path).identity == new.identity
    assert store.find(old.identity[:8], tmp_path).identity == old.identity
    store.delete(new, tmp_path)
    store.delete(new, tmp_path)
    assert store.find("Drawn hospital", tmp_path).identity == old.identity
    with pytest.raises(cxr.SiteError) as refusal:
        store.find("Nowhere", tmp_path)
    assert refusal.value.code == "no_profile"
    assert "Other" in refusal.value.message


def test_what_was_moved_by_hand_is_newer_than_its_fit(
    phantom_model: cxr.Classifier, tmp_path: Path
) -> None:
    """Even where both carry the time of the fit; names of files go by hashes, in any order."""
    for number in range(8):
        where = tmp_path / str(number)
        site = profile(phantom_model, threshold=float(number))
        moved = replace(site, threshold=number + 0.5, wanted={"threshold": number + 0.5})
        store.save(moved, where)
        store.save(site, where)
        assert store.find(site.name, where).threshold == number + 0.5
    assert len(now()) > len("2026-01-01T00:00:00+00:00"), "finer than a second"


def test_a_file_that_cannot_be_used_is_told_and_stays(
    phantom_model: cxr.Classifier, tmp_path: Path
) -> None:
    path = tmp_path / store.save(profile(phantom_model), tmp_path)
    bad = tmp_path / "x.cxrsite.json"
    bad.write_bytes(path.read_bytes()[:-40])
    kept = store.kept(tmp_path)
    assert len(kept.profiles) == 1
    assert {name: error.code for name, error in kept.unusable.items()} == {bad.name: "bad_profile"}
    assert bad.exists()
    assert store.kept(tmp_path / "none").profiles == ()


def test_what_cannot_be_kept_is_said(phantom_model: cxr.Classifier, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(cxr.SiteError) as refusal:
        store.save(profile(phantom_model), tmp_path / "file")
    assert refusal.value.code == "profile_not_kept"


def test_no_film_and_no_name_is_in_it(phantom_model: cxr.Classifier) -> None:
    films, labels = hospital(phantom_model, 20, 20)
    patients = [f"patient-{i}" for i in range(40)]
    data = to_bytes(fit(phantom_model, films, labels, patients=patients))
    assert b"patient-" not in data
    assert not any(each.identity.encode() in data for each in films)
    assert len(data) < 40_000
    assert np.isfinite(from_bytes(data).threshold)


def test_a_database_keeps_them_as_a_folder_does(
    empty_database: str,
    phantom_model: cxr.Classifier,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tables = Tables(empty_database)
    monkeypatch.setattr("cxr.site_profiles.database.tables", {"postgresql://far/away": tables}.get)
    monkeypatch.delenv("CXR_SITES", raising=False)
    monkeypatch.setenv("CXR_REVIEW", "postgresql://far/away")
    site, other = profile(phantom_model), profile(phantom_model, name="Other")
    empty = store.listing()
    for each in (site, other, site):
        store.save(each)
    assert store.listing() != empty
    assert len(store.kept().profiles) == 2
    assert to_bytes(store.find("Drawn hospital")) == to_bytes(site)
    for film in ("1" * 12, "2" * 12, "1" * 12):
        store.add_line(site.identity, film, f"line of {film}")
    assert store.lines(site.identity) == ("line of " + "1" * 12, "line of " + "2" * 12)
    assert store.lines(other.identity) == ()
    again = Tables(empty_database)
    assert again.listing() == tables.listing()
    store.delete(site)
    assert [each.name for each in store.kept().profiles] == ["Other"]
    assert store.lines(site.identity) == ()

    monkeypatch.setenv("CXR_SITES", str(tmp_path / "folder"))
    assert store.kept().profiles == (), "a folder that is named goes before"
    monkeypatch.delenv("CXR_SITES")
    monkeypatch.setenv("CXR_REVIEW", str(tmp_path / "verdicts.sqlite3"))
    assert store.setting().endswith("sites"), "a file of verdicts is this machine's own"


def test_a_database_that_is_away_is_said(phantom_model: cxr.Classifier, tmp_path: Path) -> None:
    (tmp_path / "none").write_text("no database")
    with pytest.raises(cxr.SiteError) as refusal:
        Tables(str(tmp_path / "none"))
    assert refusal.value.code == "unreadable_profile"
    assert "CXR_SITES" in refusal.value.message
