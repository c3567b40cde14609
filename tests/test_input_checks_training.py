"""Fitting a passport on a drawn data folder, and the page of figures about it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from films import film, png
from networks import phantom

import cxr
import cxr.input_checks
import cxr.model.lungs
from cxr.errors import BundleError, DataError
from cxr.metrics.predictions import table
from cxr.model.bundle import manifest_values, write_manifest
from train.__main__ import main
from train.data import manifest
from train.evaluation import evaluate
from train.evaluation.input_checks import fitting, report

COUNTS = {"train": 20, "val": 12, "test": 6}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Phantoms, children smaller than adults; one picture that is no chest."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    rows = []
    for split, count in COUNTS.items():
        for i in range(count):
            child, name = i % 2, f"{split}{i}.png"
            height, width = (96, 120) if child else (150, 110)
            drawn = phantom(rng, lesion=i % 4 < 2, height=height, width=width)[0]
            (folder / name).write_bytes(png(drawn))
            group = "paediatric" if child else "adult"
            rows.append((name, "NT"[i % 4 < 2], split, "home", "", "1", group))
    columns = ["image", "label", "split", "source", "patient_id", "recommended", "age_group"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "manifest.csv", index=False)
    (folder / "not_chest").mkdir()
    (folder / "not_chest" / "grey.png").write_bytes(png(film(96, 80)[:, ::-1].copy()))
    return folder


@pytest.fixture
def bundle(phantom_model: cxr.Classifier, data: Path, tmp_path: Path) -> Path:
    """The phantom network with predictions of the drawn films."""
    folder = tmp_path / "bundle"
    shutil.copytree(phantom_model.bundle.folder, folder)
    rows = manifest.described(manifest.load(data))
    rows = rows[rows.split != "train"]
    rows = rows.assign(logit_N=np.where(rows.label == "N", 2.0, 0.0), logit_T=1.0)
    values = manifest_values(folder)
    rows.to_csv(folder / "predictions.csv", index=False)
    write_manifest(folder, values)
    return folder


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "AXES", 2)
    monkeypatch.setattr(report, "FILMS", 1)
    monkeypatch.setattr(report, "CALLS", 1)


def test_one_command_fits_stores_and_reports(
    bundle: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = evaluate.predictions(bundle)
    assert main(["passport", "--data", str(data), "--out", str(bundle)]) == 0
    page = capsys.readouterr().out
    for heading in ("Limits", "Corruptions", "Films as they are", "Children", "Time"):
        assert f"## {heading}" in page
    for row in ("| noise | `noisy` | ", "| smaller | `too_small` | ", "| a copy | `known_film` | "):
        assert row in page
    model = cxr.load(bundle)
    fitted = cxr.input_checks.limits_of(model)
    assert fitted is not None
    assert len(fitted.known) == COUNTS["train"]
    after = evaluate.predictions(bundle)
    checks = [f"check_{code}" for code in cxr.input_checks.CODES if f"check_{code}" in after]
    pd.testing.assert_frame_equal(after.drop(columns=["passport", *checks]), before)
    assert after[checks].notna().all(axis=None)
    assert len(checks) >= 10
    flagged = table(model.bundle).passport.astype(str)
    # No network that knows films finds lungs in these drawings, and val sets the limits.
    assert flagged.str.contains("not_chest").mean() > 0.8
    scored = fitting.scores(
        model, cxr.model.lungs.load(), fitted, ["train0.png", "train1.png"], data
    )
    assert scored.known_film.tolist() == [0, 0]
    assert scored.child[0] < scored.child[1]


def test_a_bundle_without_predictions_has_no_limits(
    phantom_model: cxr.Classifier, data: Path, tmp_path: Path
) -> None:
    with pytest.raises(BundleError, match="no_predictions"):
        fitting.store(phantom_model.bundle.folder, manifest.load(data), data)


@pytest.mark.parametrize(("split", "left"), [("train", 1), ("train", 0), ("val", 0)])
def test_too_few_films_are_refused(bundle: Path, data: Path, split: str, left: int) -> None:
    frame = manifest.load(data)
    others = frame[frame.split != split]
    with pytest.raises(DataError, match=split) as caught:
        fitting.store(bundle, pd.concat([others, frame[frame.split == split][:left]]), data)
    assert caught.value.code == "bad_data"


def test_limits_follow_their_rules() -> None:
    """Of a thousand films of val, each scored by its number."""
    codes = [code for code in cxr.input_checks.CODES if code != "not_chest"]
    number = np.arange(1000.0)
    val = pd.DataFrame(dict.fromkeys(codes, number)).assign(inverted=0.01)
    found = fitting.limits(val, number < 500)
    flagged = {
        code: int(sum(cxr.input_checks.Finding(code, x, found[code]).flagged for x in val[code]))
        for code in codes
    }
    assert found["inverted"] == 0.5
    assert flagged["inverted"] == 0
    assert flagged["child"] == 5  # of the 500 that are not known to be children's
    assert flagged["under_exposed"] == flagged["over_exposed"] == 5
    assert flagged["known_film"] == 1
    assert {flagged[code] for code in ("outside", "noisy", "rotated", "too_small")} == {10}
