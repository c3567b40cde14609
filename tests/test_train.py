import csv
import hashlib
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from networks import small_network
from traindata import RECIPE, make_data

import cxr
from cxr.errors import DataError
from cxr.imaging.preprocessing import Preprocessing
from cxr.model.bundle import manifest_values, write_manifest
from cxr.model.classifier import Classifier
from train import networks
from train.__main__ import main
from train.data import cache, manifest
from train.evaluation import evaluate
from train.experiments.recipe_row import row
from train.export.classifier import agreement
from train.export.fold_batch_norm import fold_and_round
from train.export.network_files import export_fp32, write_network
from train.fit import training
from train.networks.efficientnet_lite0 import IMAGENET
from train.recipes import recipe


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("data") / "films")


@pytest.fixture(scope="module")
def recipe_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture(scope="module")
def trained(data: Path, recipe_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that the command line made from the drawn films."""
    root = tmp_path_factory.mktemp("trained")
    common = ["--data", str(data), "--out", str(root / "models" / "tiny")]
    assert main(["fit", "--recipe", str(recipe_path), *common, "--runs", str(root / "runs")]) == 0
    return root / "models" / "tiny"


def test_fit_leaves_a_complete_bundle(trained: Path, data: Path) -> None:
    model = cxr.load(trained)
    rows = pd.read_csv(trained / "predictions.csv")
    listed = manifest.load(data)
    assert list(rows.columns) == [
        *("image", "split", "source", "patient", "label", "recommended"),
        *("view", "age_group", "age", "sex", "flags", "display"),
        *("logit_N", "logit_P", "logit_T"),
    ]
    assert set(rows.image) == set(listed.image[listed.split != "train"])
    logits = [list(p.logits.values()) for p in model.predict(_films(data, rows.image[:5]))]
    np.testing.assert_allclose(logits, evaluate.logits_of(rows[:5], model.labels), atol=1e-3)
    assert model.bundle.metrics["test"]["macro_f1"]["value"] > 0.9, "the labels can be seen"
    assert model.bundle.operating_points["T"]["sensitivity"] >= 0.9
    assert model.bundle.agreement["films"] == (rows.split == "val").sum()
    assert "external" not in model.bundle.metrics


def test_a_run_s_row_says_what_was_seen_and_what_came_of_it(
    trained: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["row", "--data", str(data), "--out", str(trained)]) == 0
    _, name, seen, _, told, _ = (part.strip() for part in capsys.readouterr().out.split("|"))
    ranks = [
        (float(row["val_source_recall"]), -float(row["val_loss"])) for row in _history(trained)
    ]
    best = ranks.index(max(ranks)) + 1
    assert (name, seen) == ("tiny", f"256 (4 epochs of 64; epoch {best} kept)")
    figures = cxr.load(trained).bundle.metrics["test"]
    assert told.startswith(f"accuracy {figures['accuracy']:.3f} (".replace("0.", "."))
    assert f"; macro F1 {figures['macro_f1']['value']:.3f} (".replace("0.", ".") in told


def test_a_label_that_is_never_called_has_no_precision(
    trained: Path, data: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    rows = pd.read_csv(copy / "predictions.csv")
    rows["label"] = rows.label.replace("T", "P")
    values = manifest_values(copy)
    values["labels"] = ["N", "P"]
    rows["logit_P"] = -99.0
    del values["operating_points"]["T"], values["conformal"]
    rows.drop(columns="logit_T").to_csv(copy / "predictions.csv", index=False)
    write_manifest(copy, values)
    assert "; P precision –; P recall .000 (" in row(copy, manifest.load(data))


def test_a_bundle_without_a_recipe_has_no_row(trained: Path, data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "adopted"
    shutil.copytree(trained, copy)
    values = manifest_values(copy)
    del values["provenance"]["recipe"]
    write_manifest(copy, values)
    with pytest.raises(DataError) as refusal:
        row(copy, manifest.load(data))
    assert refusal.value.code == "no_recipe"


def _films(data: Path, images: pd.Series) -> list[cxr.Radiograph]:
    return [cxr.read(data / image) for image in images]


def test_external_is_scored_by_its_own_command_that_prints_a_row(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = cxr.load(trained).bundle.digest
    assert main(["external", "--out", str(trained)]) == 0
    bundle = cxr.load(trained).bundle
    area = bundle.metrics["external"]["far"]["t_vs_n_auroc"]
    assert area["n"] == 64
    assert area["low"] <= area["value"] <= area["high"]
    assert bundle.digest == digest
    assert f"`{digest[:12]}`" in capsys.readouterr().out.splitlines()[-1]


def test_a_run_that_was_killed_ends_like_one_that_was_not(
    trained: Path,
    data: Path,
    recipe_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = recipe.load(str(recipe_path))
    frame = manifest.load(data)
    films = cache.films(frame, data, plan.labels, plan.learns_from, tmp_path / "cache")

    with monkeypatch.context() as patch:
        batches = []

        def killed(self: object, batch: int, logs: object = None) -> None:
            batches.append(batch)
            if len(batches) == 10:
                raise KeyboardInterrupt

        patch.setattr(training.History, "on_train_batch_end", killed)
        with pytest.raises(KeyboardInterrupt):
            training.fit(plan, films, frame, tmp_path / "broken")
    assert len(_history(tmp_path / "broken")) == 2, "killed in the third of four epochs"
    training.fit(plan, films, frame, tmp_path / "broken")

    for one, other in zip(_history(trained), _history(tmp_path / "broken"), strict=True):
        assert float(one["loss"]) == pytest.approx(float(other["loss"]), rel=1e-4)
        assert float(one["val_loss"]) == pytest.approx(float(other["val_loss"]), rel=1e-4)


def _history(run: Path) -> list[dict[str, str]]:
    with (run / "history.csv").open() as file:
        return list(csv.DictReader(file))


def test_data_problems_end_the_command_with_one_message(
    recipe_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_data(tmp_path / "films")
    for path in list((data / "images").iterdir())[:3]:
        path.unlink()
    out = tmp_path / "models" / "tiny"
    arguments = ["fit", "--recipe", str(recipe_path), "--data", str(data), "--out", str(out)]
    assert main([*arguments, "--runs", str(tmp_path / "runs")]) == 2
    assert "3 problem(s)" in capsys.readouterr().err
    assert not out.exists()


def test_an_export_that_does_not_agree_is_refused(trained: Path) -> None:
    model = cxr.load(trained)
    logits = np.random.default_rng(0).normal(0, 2, (200, 3)).astype(np.float32)
    fits = dict.fromkeys(("trained", "fp32", "shipped", "shipped_keras"), logits)
    assert agreement(model, **fits)["shipped_same_class"] == 1
    for name, wrong in (
        ("fp32", logits + 0.01),
        ("shipped_keras", logits + np.array([0.3, 0, 0])),
        ("trained", logits[:, ::-1]),
    ):
        with pytest.raises(cxr.BundleError, match="does not agree"):
            agreement(model, **{**fits, name: wrong})


def test_the_float32_copy_of_a_network_with_maps_is_a_bundle_too(tmp_path: Path) -> None:
    model = small_network()
    values = write_network(model, ("N", "T"), Preprocessing(size=64), tmp_path / "half")
    export_fp32(model, values, tmp_path / "half", tmp_path / "fp32")
    films = np.random.default_rng(0).integers(0, 256, (3, 64, 64), np.uint8)
    np.testing.assert_allclose(
        Classifier(tmp_path / "fp32").squares(films), training.predict(model, films), atol=1e-4
    )


def test_folding_keeps_the_network_and_rounds_every_weight() -> None:
    model = networks.build("efficientnet_lite0", 32, 3)
    films = np.random.default_rng(0).uniform(0, 255, (4, 32, 32, 1)).astype(np.float32)
    folded = fold_and_round(model)
    np.testing.assert_allclose(folded(films), model(films, training=False), atol=0.02)
    weights = [w for layer in folded.layers for w in layer.get_weights()]
    assert all((w == w.astype(np.float16)).all() for w in weights)
    kinds = {type(layer).__name__ for layer in folded.layers}
    assert "BatchNormalization" not in kinds


def test_imagenet_weights_are_the_file_that_was_converted() -> None:
    listed = IMAGENET.with_suffix(".npz.sha256").read_text().split()[0]
    assert hashlib.sha256(IMAGENET.read_bytes()).hexdigest() == listed


def test_there_is_no_such_architecture() -> None:
    with pytest.raises(ValueError, match="no architecture 'vgg'"):
        networks.build("vgg", 32, 3)


def test_a_model_that_ends_in_probabilities_is_refused(tmp_path: Path) -> None:
    import keras

    model = small_network()
    softmax = keras.Model(model.input, keras.layers.Softmax()(model.output))
    dense = keras.layers.Dense(2, activation="softmax")(model.layers[-2].output)
    for ends in (softmax, keras.Model(model.input, dense)):
        with pytest.raises(cxr.BundleError, match="needs logits"):
            write_network(ends, ("N", "T"), Preprocessing(size=64), tmp_path / ends.name)
