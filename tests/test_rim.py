"""A hidden rim: nothing that stands there reaches a score or a map, and training sees it all the
same."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from films import film
from networks import PHANTOM_SIZE
from traindata import RECIPE, make_data

import cxr
from cxr.explain.integrated import pixel_shares
from cxr.explain.region import what_if
from cxr.imaging.preprocessing import Preprocessing, hide_rim, preprocess
from cxr.imaging.radiograph import Radiograph
from cxr.model.bundle import manifest_values, write_manifest
from cxr.teaching import preprocessing_stages
from train.data import cache, manifest, masks
from train.evaluation import shortcut_audit
from train.experiments import ledger, site_holdout
from train.export import classifier
from train.fit import runs
from train.fit.training import fit
from train.recipes import recipe
from train.recipes.plan import PLAN, decisive, differences, of_run

RIM = 6
PREDICTIONS = "predictions.csv"


@pytest.fixture(scope="module")
def hiding(
    phantom_model: cxr.Classifier, tmp_path_factory: pytest.TempPathFactory
) -> cxr.Classifier:
    """The phantoms' network with a hidden rim."""
    folder = tmp_path_factory.mktemp("models") / "hiding"
    shutil.copytree(phantom_model.bundle.folder, folder)
    values = manifest_values(folder)
    write_manifest(folder, values | {"preprocessing": {**values["preprocessing"], "rim": RIM}})
    return cxr.load(folder)


def _drawn(marked: bool = False) -> Radiograph:
    """A film of the network's own size, or the same with noise for a rim."""
    pixels = film(PHANTOM_SIZE, PHANTOM_SIZE)
    if marked:
        noise = np.random.default_rng(1).integers(0, 256, pixels.shape, np.uint8)
        noise[RIM:-RIM, RIM:-RIM] = pixels[RIM:-RIM, RIM:-RIM]
        pixels = noise
    return Radiograph(pixels, 8, "0" * 64, "PNG")


def test_hiding_goes_film_by_film_and_twice_is_once(rng: np.random.Generator) -> None:
    squares = rng.integers(0, 256, (3, 32, 32), np.uint8)
    hidden = hide_rim(squares, 5)
    assert np.array_equal(hidden[1], np.pad(squares[1, 5:-5, 5:-5], 5, mode="edge"))
    assert np.array_equal(hide_rim(hidden, 5), hidden)
    assert hide_rim(squares, 0) is squares


def test_what_stands_in_the_rim_reaches_no_score(
    hiding: cxr.Classifier, phantom_model: cxr.Classifier
) -> None:
    plain, marked = _drawn(), _drawn(marked=True)
    before, after = (hiding.predict([each])[0] for each in (plain, marked))
    assert after.logits == before.logits
    shown = [p.logits for p in phantom_model.predict([plain, marked])]
    assert shown[0] != shown[1], "the same network without the rim sees it"
    square = preprocess(plain.eight_bit, hiding.preprocessing)
    hidden = np.zeros(square.shape, bool)
    hidden[:, :RIM] = True
    tried = what_if(hiding, plain, hidden, "black")
    assert tried.after == tried.before
    assert np.array_equal(tried.square, square)
    changed = marked.pixels.copy()
    assert np.array_equal(hiding.squares(changed[None]), hiding.squares(square[None]))
    assert np.array_equal(hiding.averages(changed[None]), hiding.averages(square[None]))


def test_the_lab_shows_what_the_rim_would_have_said(
    hiding: cxr.Classifier, phantom_model: cxr.Classifier
) -> None:
    marked, own = _drawn(marked=True), preprocessing_stages.own_pipeline(hiding)
    whole = replace(own, preprocessing=replace(own.preprocessing, rim=0))
    wanted = phantom_model.predict([marked])[0].probabilities
    assert preprocessing_stages.scores(hiding, marked, whole) == pytest.approx(wanted)


def test_a_map_leaves_the_rim_empty(hiding: cxr.Classifier) -> None:
    marked = _drawn(marked=True)
    boxes = [(0, 0, RIM, RIM), (0, 0, RIM, PHANTOM_SIZE), (20, PHANTOM_SIZE - RIM, 40, 64)]
    for fill in cxr.explain.FILLS:
        assert not cxr.explain.box_effects(hiding, marked, "T", boxes, fill).any()
    shares = pixel_shares(hiding, marked, "T", steps=128, fill="black")
    rim = np.ones(shares.shape, bool)
    rim[RIM:-RIM, RIM:-RIM] = False
    assert not shares[rim].any()
    logit = hiding.predict([marked])[0].logits["T"]
    black = float(hiding.squares(np.zeros((1, *shares.shape), np.uint8))[0, 1])
    assert shares.sum() == pytest.approx(logit - black, rel=0.05), "and nothing of it is lost"


def test_the_same_weights_with_a_rim_are_another_network(
    hiding: cxr.Classifier, phantom_model: cxr.Classifier
) -> None:
    """Or verdicts, thresholds and caches of the one would be taken for the other's."""
    assert hiding.bundle.digest != phantom_model.bundle.digest
    assert len(hiding.bundle.digest) == 64
    files = [
        json.loads((model.bundle.folder / "bundle.json").read_text())["files"]["model.tflite"]
        for model in (hiding, phantom_model)
    ]
    assert files[0] == files[1] == phantom_model.bundle.digest


@pytest.fixture(scope="module")
def recipes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The tiny recipe, and the same with a rim."""
    folder = tmp_path_factory.mktemp("recipes")
    plain, rimmed = folder / "plain.toml", folder / "rimmed.toml"
    plain.write_text(RECIPE)
    rimmed.write_text(RECIPE.replace("size = 16", "size = 16\nrim = 3"))
    return plain, rimmed


def test_training_sees_films_whole_and_the_bundle_scores_without_their_rim(
    recipes: tuple[Path, Path], tmp_path: Path
) -> None:
    data = make_data(tmp_path / "films")
    plain, rimmed = (recipe.load(str(path)) for path in recipes)
    frame = manifest.load(data)
    films = cache.films(frame, data, plain.labels, rimmed.learns_from, tmp_path / "cache")
    histories = []
    for plan, run in ((plain, tmp_path / "plain"), (rimmed, tmp_path / "rimmed")):
        fit(plan, films, frame, run)
        histories.append(pd.read_csv(run / "history.csv").drop(columns="seconds"))
    pd.testing.assert_frame_equal(*histories)

    out = tmp_path / "models" / "rimmed"
    classifier.export_run(rimmed, tmp_path / "rimmed", films, frame, out)
    model, rows = cxr.load(out), pd.read_csv(out / PREDICTIONS)
    read = [cxr.read(data / image) for image in rows.image[:5]]
    logits = rows[["logit_N", "logit_P", "logit_T"]].to_numpy()[:5]
    alone = [list(p.logits.values()) for p in model.predict(read)]
    np.testing.assert_allclose(alone, logits, atol=1e-3)
    shown = model.squares([preprocess(film.eight_bit, plain.preprocessing) for film in read], 0)
    assert np.abs(shown - logits).max() > 0.01


def test_a_run_is_scored_anew_where_only_its_rim_is_another(
    recipes: tuple[Path, Path], tmp_path: Path
) -> None:
    data = make_data(tmp_path / "films")
    plain, rimmed = (recipe.load(str(path)) for path in recipes)
    assert rimmed.learns_from == plain.preprocessing
    frame = manifest.load(data)
    films = cache.films(frame, data, plain.labels, rimmed.learns_from, tmp_path / "cache")
    run = tmp_path / "tiny-without-b"
    scored, epochs = [], set()
    for plan in (plain, rimmed, plain):
        site_holdout.leave_out(plan, "tiny", films, frame, ["b"], tmp_path)
        assert of_run(run) == decisive(plan)
        scored.append((run / PREDICTIONS).read_bytes())
        epochs.add((run / "history.csv").read_bytes())
    assert scored[0] == scored[2] != scored[1]
    assert len(epochs) == 1, "nothing was trained again"
    assert len(ledger.table(tmp_path)) == 2 + 3, "a line each time"
    assert differences(of_run(run), decisive(rimmed)) == ["preprocessing.rim"]


def test_scores_of_another_rim_do_not_outlive_a_kill(
    recipes: tuple[Path, Path], tmp_path: Path
) -> None:
    plain, rimmed = (recipe.load(str(path)) for path in recipes)
    frame = manifest.load(make_data(tmp_path / "films"))
    scores = tmp_path / PREDICTIONS
    scores.write_text("of whatever rim a folder without a plan had")
    for plan in (plain, rimmed):
        runs.claim(tmp_path, plan, frame)
        assert not scores.exists()
        scores.write_text("of the rim as it is")
        runs.claim(tmp_path, plan, frame)
        assert scores.exists()


def test_a_plan_from_before_there_was_a_rim_has_none(
    recipes: tuple[Path, Path], tmp_path: Path
) -> None:
    plain = recipe.load(str(recipes[0]))
    frame = manifest.load(make_data(tmp_path / "films"))
    runs.claim(tmp_path, plain, frame)
    plan = json.loads((tmp_path / PLAN).read_text())
    del plan["preprocessing"]["rim"]
    (tmp_path / PLAN).write_text(json.dumps(plan))
    (tmp_path / PREDICTIONS).write_text("of this very run")
    runs.claim(tmp_path, plain, frame)
    assert (tmp_path / PREDICTIONS).exists()


def test_lungs_have_no_rim(recipes: tuple[Path, Path], tmp_path: Path) -> None:
    frame = manifest.load(make_data(tmp_path / "films"))
    with pytest.raises(cxr.CxrError, match="up to the film's edge") as refused:
        masks.load(frame, tmp_path, recipe.load(str(recipes[1])), tmp_path)
    assert refused.value.code == "bad_recipe"


class _Finder:
    """Calls the left half lung, and keeps what it was shown."""

    def __init__(self) -> None:
        self.bundle = SimpleNamespace(preprocessing=Preprocessing(32))
        self.shown: list[np.ndarray] = []

    def square(self, square: np.ndarray) -> np.ndarray:
        self.shown.append(square)
        return np.repeat(np.float32([[1, 0]]), 16, axis=1).repeat(32, axis=0)


def test_the_audit_finds_lungs_on_whole_films_and_erases_from_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    frame = manifest.load(make_data(tmp_path))
    frame = frame[frame.split != "external"].reset_index(drop=True)
    films = rng.integers(0, 256, (len(frame), 32, 32), np.uint8)
    finder, given = _Finder(), []
    monkeypatch.setattr(shortcut_audit.lungs, "load", lambda: finder)
    model = SimpleNamespace(
        labels=("N", "P", "T"),
        size=32,
        preprocessing=Preprocessing(32, rim=RIM),
        squares=lambda squares: (given.append(squares), rng.random((len(squares), 3)))[1],
        averages=lambda squares: np.zeros((len(squares), 0)),
    )
    shortcut_audit.audit(model, films, frame)
    whole = films[frame.split == "test"]
    assert np.array_equal(finder.shown, whole)
    _, lungs_erased, *_ = given
    shown = hide_rim(whole, RIM)
    assert np.array_equal(lungs_erased[:, :, 16:], shown[:, :, 16:])
    assert not np.array_equal(lungs_erased[:, :, :16], shown[:, :, :16])
