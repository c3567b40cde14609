"""Films to screen, by workers that are threads."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import screening

import cxr
from cxr.batch import local, parquet, scorer
from cxr.model.bundle import manifest_values, write_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return screening.folder(tmp_path / "films")


@pytest.fixture(autouse=True)
def scored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Hashes of the films that were scored; workers are threads, a part holds three films."""
    found: list[str] = []
    assess = scorer.assess

    def noted(film: cxr.Radiograph, model: cxr.Classifier) -> cxr.Assessment:
        found.append(film.sha256)
        return assess(film, model)

    monkeypatch.setenv("CXR_SITES", str(tmp_path / "sites"))
    monkeypatch.setattr(scorer, "assess", noted)
    monkeypatch.setattr(local, "begin", screening.in_a_thread)
    monkeypatch.setattr(parquet, "SHARD", 3)
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
