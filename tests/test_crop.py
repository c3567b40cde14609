"""A crop: nothing that is cut off reaches a score or a map, what is left has its place on the film
in every map, and training sees films whole."""

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
from cxr.explain.gradcam import grad_cam, grad_cam_cells, grad_cam_pp
from cxr.explain.gradient import at_input, at_layer
from cxr.explain.integrated import pixel_shares
from cxr.explain.region import what_if
from cxr.explain.scorecam import score_cam
from cxr.explain.target import to_film
from cxr.features.channels import picture
from cxr.features.layers import answers
from cxr.imaging.preprocessing import Preprocessing, cropped, enlargement, preprocess
from cxr.imaging.radiograph import Radiograph
from cxr.model.bundle import manifest_values, write_manifest
from cxr.teaching.preprocessing_stages import scores
from train.data import cache, manifest, masks
from train.evaluation import shortcut_audit
from train.experiments import ledger, site_holdout
from train.export import classifier
from train.fit import runs
from train.fit.training import fit
from train.recipes import recipe
from train.recipes.plan import PLAN, decisive, differences, of_run

CROP = 6
PREDICTIONS = "predictions.csv"


@pytest.fixture(scope="module")
def cropping(
    phantom_model: cxr.Classifier, tmp_path_factory: pytest.TempPathFactory
) -> cxr.Classifier:
    """The phantoms' network that is not shown a film's edges."""
    folder = tmp_path_factory.mktemp("models") / "cropping"
    shutil.copytree(phantom_model.bundle.folder, folder)
    values = manifest_values(folder)
    write_manifest(folder, values | {"preprocessing": {**values["preprocessing"], "crop": CROP}})
    return cxr.load(folder)


def _drawn(marked: bool = False) -> Radiograph:
    """A film of the network's own size, or the same with noise for its edges."""
    pixels = film(PHANTOM_SIZE, PHANTOM_SIZE)
    if marked:
        noise = np.random.default_rng(1).integers(0, 256, pixels.shape, np.uint8)
        noise[CROP:-CROP, CROP:-CROP] = pixels[CROP:-CROP, CROP:-CROP]
        pixels = noise
    return Radiograph(pixels, 8, "0" * 64, "PNG")


def test_what_is_left_is_enlarged_in_its_place(rng: np.random.Generator) -> None:
    square = rng.integers(0, 256, (32, 32), np.uint8)
    shown = cropped(square, 5)
    assert shown.shape == square.shape
    assert (
        shown[[0, 0, -1, -1], [0, -1, 0, -1]].tolist()
        == square[[5, 5, -6, -6], [5, -6, 5, -6]].tolist()
    )
    enlarge = enlargement(32, 5)
    np.testing.assert_allclose(enlarge @ square @ enlarge.T, shown, atol=1)
    assert cropped(square, 0) is square
    assert np.array_equal(enlargement(32, 0), np.eye(32))


def test_what_is_cut_off_reaches_no_score(
    cropping: cxr.Classifier, phantom_model: cxr.Classifier
) -> None:
    plain, marked = _drawn(), _drawn(marked=True)
    before, after = (cropping.predict([each])[0] for each in (plain, marked))
    assert after.logits == before.logits
    shown = [p.logits for p in phantom_model.predict([plain, marked])]
    assert shown[0] != shown[1], "the same network without a crop sees it"
    square = preprocess(plain.eight_bit, cropping.preprocessing)
    hidden = np.zeros(square.shape, bool)
    hidden[:, :CROP] = True
    tried = what_if(cropping, plain, hidden, "black")
    assert tried.after == tried.before
    changed = marked.pixels.copy()
    assert np.array_equal(cropping.squares(changed[None]), cropping.squares(square[None]))
    assert np.array_equal(cropping.averages(changed[None]), cropping.averages(square[None]))


def test_every_way_to_the_network_crops_once(
    cropping: cxr.Classifier, phantom_model: cxr.Classifier
) -> None:
    """What the whole network says of a film that was cut and enlarged by hand is what the cropping
    one says of the film."""
    drawn = _drawn()
    enlarged = Radiograph(cropped(drawn.pixels, CROP), 8, "1" * 64, "PNG")
    wanted = phantom_model.predict([enlarged])[0].logits
    assert cropping.predict([drawn])[0].logits == wanted
    assert cropping.squares(drawn.pixels[None])[0] == pytest.approx(list(wanted.values()))
    averages = phantom_model.averages(enlarged.pixels[None])
    np.testing.assert_array_equal(cropping.averages(drawn.pixels[None]), averages)
    for one, other in zip(
        answers(cropping, drawn).values(), answers(phantom_model, enlarged).values(), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    column = cropping.labels.index("T")
    ours, theirs = at_layer(cropping, drawn, column), at_layer(phantom_model, enlarged, column)
    np.testing.assert_allclose(ours[0], theirs[0], atol=1e-5)
    logits, _ = at_input(cropping, drawn.pixels[None].astype(np.float32), column)
    assert logits[0] == pytest.approx(wanted["T"], abs=0.05)  # not rounded to grey levels between
    assert scores(cropping, drawn, cropping.preprocessing) == pytest.approx(
        cropping.predict([drawn])[0].probabilities
    )


def test_the_lab_shows_what_the_whole_film_would_have_said(
    cropping: cxr.Classifier, phantom_model: cxr.Classifier
) -> None:
    marked = _drawn(marked=True)
    whole = replace(cropping.preprocessing, crop=0)
    wanted = phantom_model.predict([marked])[0].probabilities
    assert scores(cropping, marked, whole) == pytest.approx(wanted)


def test_a_map_leaves_empty_what_is_cut_off(cropping: cxr.Classifier) -> None:
    marked = _drawn(marked=True)
    boxes = [(0, 0, CROP, CROP), (0, 0, CROP, PHANTOM_SIZE), (20, PHANTOM_SIZE - CROP, 40, 64)]
    for fill in cxr.explain.FILLS:
        assert not cxr.explain.box_effects(cropping, marked, "T", boxes, fill).any()
    shares = pixel_shares(cropping, marked, "T", steps=128, fill="black")
    edge = np.ones(shares.shape, bool)
    edge[CROP:-CROP, CROP:-CROP] = False
    assert not shares[edge].any()
    logit = cropping.predict([marked])[0].logits["T"]
    black = float(cropping.squares(np.zeros((1, *shares.shape), np.uint8))[0, 1])
    assert shares.sum() == pytest.approx(logit - black, rel=0.05), "and nothing of it is lost"
    for method in (grad_cam, grad_cam_pp, score_cam):
        values = method(cropping, marked, "T")
        assert not values[edge].any()


def test_grad_cam_s_cells_lie_where_the_network_saw_them(cropping: cxr.Classifier) -> None:
    drawn = _drawn()
    values = grad_cam(cropping, drawn, "T")
    inside = PHANTOM_SIZE - 2 * CROP
    np.testing.assert_allclose(
        values[CROP:-CROP, CROP:-CROP],
        to_film(grad_cam_cells(cropping, drawn, "T"), (inside, inside)),
    )
    ones = np.ones((4, 4), np.float32)
    assert to_film(ones, (300, 200), 0.1).sum() == 240 * 160
    assert to_film(ones, (300, 200)).sum() == 300 * 200
    assert (picture(ones, 0, 1, (30, 20), 0.1) == 255).sum() == 24 * 16


def test_the_same_weights_with_a_crop_are_another_network(
    cropping: cxr.Classifier, phantom_model: cxr.Classifier
) -> None:
    """Or verdicts, thresholds and caches of the one would be taken for the other's."""
    assert cropping.bundle.digest != phantom_model.bundle.digest
    assert len(cropping.bundle.digest) == 64
    files = [
        json.loads((model.bundle.folder / "bundle.json").read_text())["files"]["model.tflite"]
        for model in (cropping, phantom_model)
    ]
    assert files[0] == files[1] == phantom_model.bundle.digest


def test_bundles_and_profiles_of_before_there_was_a_crop_mean_what_they_meant(
    phantom_model: cxr.Classifier, tmp_path: Path
) -> None:
    assert Preprocessing.stored({"size": 64, "rim": 0}) == Preprocessing(64)
    folder = shutil.copytree(phantom_model.bundle.folder, tmp_path / "old")
    values = manifest_values(folder)
    how = {key: value for key, value in values["preprocessing"].items() if key != "crop"}
    write_manifest(folder, values | {"preprocessing": how | {"rim": 0}})
    assert cxr.load(folder).identity == phantom_model.identity
    with pytest.raises(cxr.CxrError, match="rim is hidden") as refused:
        write_manifest(folder, values | {"preprocessing": how | {"rim": 3}})
    assert refused.value.code == "bad_bundle"


@pytest.fixture(scope="module")
def recipes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The tiny recipe, and the same with a crop."""
    folder = tmp_path_factory.mktemp("recipes")
    plain, edgeless = folder / "plain.toml", folder / "edgeless.toml"
    plain.write_text(RECIPE)
    edgeless.write_text(RECIPE.replace("size = 16", "size = 16\ncrop = 3"))
    return plain, edgeless


def test_training_sees_films_whole_and_the_bundle_scores_them_cropped(
    recipes: tuple[Path, Path], tmp_path: Path
) -> None:
    data = make_data(tmp_path / "films")
    plain, edgeless = (recipe.load(str(path)) for path in recipes)
    frame = manifest.load(data)
    films = cache.films(frame, data, plain.labels, edgeless.learns_from, tmp_path / "cache")
    histories = []
    for plan, run in ((plain, tmp_path / "plain"), (edgeless, tmp_path / "edgeless")):
        fit(plan, films, frame, run)
        histories.append(pd.read_csv(run / "history.csv").drop(columns="seconds"))
    pd.testing.assert_frame_equal(*histories)

    out = tmp_path / "models" / "edgeless"
    classifier.export_run(edgeless, tmp_path / "edgeless", films, frame, out)
    model, rows = cxr.load(out), pd.read_csv(out / PREDICTIONS)
    read = [cxr.read(data / image) for image in rows.image[:5]]
    logits = rows[["logit_N", "logit_P", "logit_T"]].to_numpy()[:5]
    alone = [list(p.logits.values()) for p in model.predict(read)]
    np.testing.assert_allclose(alone, logits, atol=1e-3)
    shown = model.squares([preprocess(film.eight_bit, plain.preprocessing) for film in read], 0)
    assert np.abs(shown - logits).max() > 0.01


def test_a_run_is_scored_anew_where_only_its_crop_is_another(
    recipes: tuple[Path, Path], tmp_path: Path
) -> None:
    data = make_data(tmp_path / "films")
    plain, edgeless = (recipe.load(str(path)) for path in recipes)
    assert edgeless.learns_from == plain.preprocessing
    frame = manifest.load(data)
    films = cache.films(frame, data, plain.labels, edgeless.learns_from, tmp_path / "cache")
    run = tmp_path / "tiny-without-b"
    scored, epochs = [], set()
    for plan in (plain, edgeless, plain):
        site_holdout.leave_out(plan, "tiny", films, frame, ["b"], tmp_path)
        assert of_run(run) == decisive(plan)
        scored.append((run / PREDICTIONS).read_bytes())
        epochs.add((run / "history.csv").read_bytes())
    assert scored[0] == scored[2] != scored[1]
    assert len(epochs) == 1, "nothing was trained again"
    assert len(ledger.table(tmp_path)) == 2 + 3, "a line each time"
    assert differences(of_run(run), decisive(edgeless)) == ["preprocessing.crop"]


def test_scores_of_another_crop_do_not_outlive_a_kill(
    recipes: tuple[Path, Path], tmp_path: Path
) -> None:
    plain, edgeless = (recipe.load(str(path)) for path in recipes)
    frame = manifest.load(make_data(tmp_path / "films"))
    scores = tmp_path / PREDICTIONS
    scores.write_text("of whatever crop a folder without a plan had")
    for plan in (plain, edgeless):
        runs.claim(tmp_path, plan, frame)
        assert not scores.exists()
        scores.write_text("of the crop as it is")
        runs.claim(tmp_path, plan, frame)
        assert scores.exists()


def test_a_plan_from_before_there_was_a_crop_has_none(
    recipes: tuple[Path, Path], tmp_path: Path
) -> None:
    plain = recipe.load(str(recipes[0]))
    frame = manifest.load(make_data(tmp_path / "films"))
    runs.claim(tmp_path, plain, frame)
    plan = json.loads((tmp_path / PLAN).read_text())
    for rim, kept in ((0, True), (3, False)):
        plan["preprocessing"] = {"size": 16, "rim": rim}
        (tmp_path / PLAN).write_text(json.dumps(plan))
        (tmp_path / PREDICTIONS).write_text("of this run, that much of the rim hidden")
        runs.claim(tmp_path, plain, frame)
        assert (tmp_path / PREDICTIONS).exists() == kept
        assert of_run(tmp_path) == decisive(plain)


def test_lungs_have_no_crop(recipes: tuple[Path, Path], tmp_path: Path) -> None:
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


def test_the_audit_finds_lungs_on_whole_films_and_erases_from_them(
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
        preprocessing=Preprocessing(32, crop=CROP),
        squares=lambda squares: (given.append(squares), rng.random((len(squares), 3)))[1],
        averages=lambda squares: np.zeros((len(squares), 0)),
    )
    shortcut_audit.audit(model, films, frame)
    whole = films[frame.split == "test"]
    assert np.array_equal(finder.shown, whole)
    _, lungs_erased, *_ = given
    assert np.array_equal(lungs_erased[:, :, 16:], whole[:, :, 16:])
    assert not np.array_equal(lungs_erased[:, :, :16], whole[:, :, :16])
