"""Scores of a hospital that was learnt from, by a network that was kept from it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cxr
from cxr.errors import DataError
from cxr.model.bundle import MANIFEST, manifest_values, open_bundle, sha256, write_manifest
from cxr.model.calibration import fit_temperature
from cxr.model.reference import LEVELS, reference_of
from train.__main__ import main
from train.data import manifest
from train.data.splits import LEFT_OUT
from train.evaluation import hospitals, reference
from train.fit import runs
from train.recipes import recipe

LIKE = recipe.load("thumbnail")
"""The recipe that the networks are taken to be of, as ``bundle`` says too."""


@pytest.fixture
def run(data: Path, tmp_path: Path) -> Path:
    """As ``python -m train sites --leave-out second`` leaves one."""
    folder = tmp_path / "tiny-without-second"
    folder.mkdir()
    (folder / "best.weights.h5").write_bytes(b"weights")
    rows = manifest.described(manifest.load(data))
    rows = rows[(rows.split == "val") | (rows.source == "second")]
    rows = rows.assign(split=rows.split.where(rows.source != "second", LEFT_OUT))
    odds = np.random.default_rng(2).normal(0, 1, len(rows)) + np.where(rows.label == "T", 2, -1)
    runs.claim(folder, LIKE, rows)
    rows.assign(logit_N=0.0, logit_T=odds).to_csv(folder / "predictions.csv", index=False)
    return folder


def test_scores_of_a_hospital_come_from_a_network_that_left_it_out(
    bundle: Path, data: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["reference", "--data", str(data), "--out", str(bundle)]
    assert main([*common, "--at", "far", "--left-out", f"second={run}"]) == 0
    printed = capsys.readouterr().out
    assert "far, second as unseen" in printed
    model = cxr.load(bundle)
    known = reference_of(model)
    assert known is not None
    by = known.left_out["second"]
    assert list(known.left_out) == ["second"]
    assert by.network == sha256(run / "best.weights.h5")
    assert by.network[:12] in printed
    assert known.hospitals == {"far": {"N": 14, "T": 14}, "second": {"N": 6, "T": 6}}

    rows = pd.read_csv(run / "predictions.csv")
    val, its = rows[rows.split == "val"], rows[rows.split == LEFT_OUT]
    heat = fit_temperature(val[["logit_N", "logit_T"]].to_numpy(), (val.label == "T").to_numpy(int))
    assert heat != 1
    own = reference.add(bundle, data, ("far",))
    for label, both, alone in (
        ("N", known.unseen_negatives, own.unseen_negatives),
        ("T", known.unseen_positives, own.unseen_positives),
    ):
        theirs = its.logit_T[its.label == label] / heat
        np.testing.assert_allclose(both, np.sort([*alone, *theirs]), rtol=1e-5)
    of_val = val.logit_T[val.label == "N"] / heat
    assert by.films == len(of_val) == 3
    np.testing.assert_allclose(by.other, np.quantile(of_val, LEVELS), atol=1e-3)
    np.testing.assert_allclose(by.own, -1 / model.bundle.temperature, atol=1e-3)


def test_a_bundle_that_never_learnt_from_a_hospital_scores_it(
    bundle: Path, data: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(bundle, other)
    values = manifest_values(other)
    write_manifest(other, values | {"temperature": 2 * values["temperature"]})
    alone = reference.add(bundle, data, (), {"away": other})
    assert alone.left_out["away"].network == open_bundle(other).digest
    assert "away" in reference.add(bundle, data, (), {"away": other}).both, "it was learnt from"
    same = reference.add(bundle, data, ("away",))
    np.testing.assert_allclose(alone.unseen_positives, same.unseen_positives / 2, atol=1e-2)
    at = hospitals._without(cxr.load(bundle), alone, manifest.load(data), data, "second")
    assert at is not None
    assert "second" not in at.both


def test_a_network_that_learnt_from_the_hospital_is_refused(
    bundle: Path, data: Path, run: Path
) -> None:
    before = (bundle / MANIFEST).read_bytes()
    for unseen, where, why in (
        ((), {"away": run}, "away was learnt from by the network in 'tiny-without-second' too"),
        ((), {"home": run}, "home was learnt from"),
        ((), {"home": bundle}, "home was learnt from by the network in 'bundle' too"),
        (("far",), {"far": run}, "far is named twice"),
        ((), {"nowhere": run}, "nowhere has no film of T"),
        ((), {}, "name at least one"),
    ):
        with pytest.raises(DataError, match=why):
            reference.add(bundle, data, unseen, where)
    other = run.parent / "other"
    shutil.copytree(bundle, other)
    seeded = replace(LIKE, training=replace(LIKE.training, seed=99))
    values = manifest_values(other)
    for provenance, why in (
        ({"recipe": seeded.to_dict()}, "'other' is not of the bundle's recipe: training.seed"),
        ({}, "No recipe led to the bundle"),
    ):
        write_manifest(other, values | {"provenance": provenance})
        for own, its in ((bundle, other), (other, bundle)):
            with pytest.raises(DataError, match=why if its == other or not provenance else "seed"):
                reference.add(own, data, (), {"away": its})
    rows = pd.read_csv(run / "predictions.csv")
    rows.assign(logit_P=0.0).to_csv(run / "predictions.csv", index=False)
    with pytest.raises(DataError, match="has other labels"):
        reference.add(bundle, data, (), {"second": run})
    rows[rows.source == "second"].to_csv(run / "predictions.csv", index=False)
    with pytest.raises(DataError, match="no score of a film of val"):
        reference.add(bundle, data, (), {"second": run})
    assert (bundle / MANIFEST).read_bytes() == before
