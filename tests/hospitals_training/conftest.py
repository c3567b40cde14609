"""Films of five hospitals, and the phantom network as if it had learnt from two of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from films import png
from networks import phantom

import cxr
from cxr.model.bundle import manifest_values, write_manifest
from train.data import manifest
from train.evaluation import hospital_draws, reference
from train.recipes import recipe

FILMS = {
    ("home", "train"): 6,
    ("home", "val"): 3,
    ("second", "train"): 6,
    ("away", "train"): 14,
    ("far", "external"): 14,
    ("sane", "external"): 14,
}
"""Of either label. The network learnt nothing from `away`, though its films are now in train."""
LIKE = recipe.load("thumbnail")
"""The recipe that the networks are taken to be of."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Patients are known at `away` alone."""
    folder = tmp_path_factory.mktemp("hospitals")
    rng = np.random.default_rng(3)
    rows = []
    for (source, split), count in FILMS.items():
        for i in range(0, 2 * count, 1 + (source == "sane")):
            name = f"{source}_{split}{i}.png"
            (folder / name).write_bytes(png(phantom(rng, lesion=bool(i % 2))[0]))
            patient = str(i) if source == "away" else ""
            rows.append((name, "NT"[i % 2], split, source, patient, "1", "adult"))
    columns = ["image", "label", "split", "source", "patient_id", "recommended", "age_group"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "manifest.csv", index=False)
    return folder


@pytest.fixture
def bundle(phantom_model: cxr.Classifier, data: Path, tmp_path: Path) -> Path:
    """The phantom network as if learnt from `home`, whose films of val its table has."""
    folder = tmp_path / "bundle"
    shutil.copytree(phantom_model.bundle.folder, folder)
    rows = manifest.described(manifest.load(data))
    rows = rows[rows.split != "train"]
    values = manifest_values(folder) | {"provenance": {"recipe": LIKE.to_dict()}}
    rows.assign(logit_N=1.0, logit_T=0.0).to_csv(folder / "predictions.csv", index=False)
    write_manifest(folder, values)
    return folder


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "LEAST", 5)
    monkeypatch.setattr(hospital_draws, "COUNTS", (4, 10, 30))
    monkeypatch.setattr(hospital_draws, "LEFT", 4)
    monkeypatch.setattr(hospital_draws, "UNLABELLED", 12)
    monkeypatch.setattr(hospital_draws, "DRAWS", 2)
