"""Keras classifiers from elsewhere become bundles that answer as they did."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from foreignnets import FLAT, SIZE, STUDENT, command, functional, nested
from numpy.typing import NDArray
from traindata import make_data

import cxr
from cxr.errors import BundleError
from cxr.explain import grad_cam
from cxr.metrics.model_card import card
from cxr.model.bundle import manifest_values, write_manifest
from train.__main__ import main
from train.evaluation.input_checks import fitting, report
from train.export import adopt, foreign, foreign_maps


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("data") / "films")


def networks() -> dict[str, Callable[[], Any]]:
    """Name "end, how it ends" → network of two labels."""
    import keras

    dense, activation = keras.layers.Dense, keras.layers.Activation

    def ensemble(x: Any) -> Any:
        return keras.layers.Average()([dense(2, "softmax")(x) for _ in range(2)])

    def convolution() -> Any:
        inputs = keras.Input((SIZE, SIZE, 1))
        x = keras.layers.Rescaling(2, -1)(inputs)
        x = keras.layers.Conv2D(2, 5, name="last")(x)
        x = keras.layers.GlobalAveragePooling2D()(x)
        return keras.Model(inputs, keras.layers.Softmax()(x))

    def whole_head(x: Any) -> Any:
        return keras.Sequential([keras.Input((6,)), dense(4, "relu"), dense(2, "softmax")])(x)

    return {
        "softmax, in the layer": lambda: nested([dense(2, "softmax")]),
        "softmax, a layer": lambda: nested([dense(2), activation("softmax")]),
        "softmax, a function": lambda: functional(lambda x: keras.ops.softmax(dense(2)(x))),
        "softmax, in a nested head": lambda: functional(whole_head),
        "softmax, on convolutions": convolution,
        "sigmoid, one unit": lambda: nested([dense(1, "sigmoid")], channels=1),
        "sigmoid, one unit and a layer": lambda: nested([dense(1), activation("sigmoid")]),
        "sigmoid, a unit for each": lambda: nested([dense(8, "relu"), dense(2, "sigmoid")]),
        "logits, as they are": lambda: nested([dense(2)]),
        "logits, one unit without bias": lambda: nested([dense(1, use_bias=False)]),
        "probabilities, averaged": lambda: functional(ensemble),
        "probabilities, one unit averaged": lambda: functional(
            lambda x: keras.layers.Average()([dense(1, "sigmoid")(x) for _ in range(2)])
        ),
    }


def unsettled(model: Any) -> Any:
    """`model` with other weights than it was made with, so that none can be forgotten unseen."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        spread = 1 / np.sqrt(np.prod(weight.shape[:-1])) if len(weight.shape) > 1 else 0.1
        weight.assign(np.abs(weight) + rng.normal(0, spread, weight.shape))
    return model


def uneven(n: int) -> NDArray[np.uint8]:
    """Films of different light and pattern, (n, SIZE, SIZE)."""
    rng = np.random.default_rng(1)
    light = np.linspace(20, 220, n)[:, None, None]
    return np.clip(light + rng.normal(0, 30, (n, SIZE, SIZE)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", networks())
def test_what_is_adopted_answers_as_the_original(name: str) -> None:
    import keras

    keras.utils.set_random_seed(0)
    model, squares = unsettled(networks()[name]()), uneven(16)
    core = foreign.core_of(model, 2)
    scaling = "symmetric" if core.shape[2] == 3 else "unit"
    network = foreign.fed(core, SIZE, scaling)
    assert core.end == name.split(",")[0]
    assert network.input_shape == (None, SIZE, SIZE, 1)
    assert not [x for x in network.layers if isinstance(x, keras.Model | keras.layers.Dropout)]

    films = squares[..., None].astype(np.float32)
    fed = np.repeat(films / 127.5 - 1, 3, -1) if core.shape[2] == 3 else films / 255
    np.testing.assert_allclose(foreign.as_fed(core, squares, scaling), fed, atol=1e-6)
    said, logits = model.predict(fed, verbose=0), network.predict(films, verbose=0)
    assert np.ptp(said, axis=0).min() > 1e-3, "the films can be told apart"
    assert adopt.agreement(logits, said, core.end)["original_probability_difference"] < 1e-4
    with pytest.raises(BundleError, match="does not agree"):
        adopt.agreement(logits[:, ::-1], said, core.end)


def test_the_layer_that_grad_cam_reads() -> None:
    import keras

    made = networks()

    def layer_of(model: Any) -> str | None:
        return foreign_maps.maps_layer(foreign.fed(foreign.core_of(model, 2), SIZE, "none"))

    assert layer_of(made["softmax, in the layer"]()) == "add", "within the backbone"
    assert layer_of(made["softmax, on convolutions"]()) == "last"
    flat = [keras.Input((SIZE, SIZE, 1)), keras.layers.Flatten(), keras.layers.Dense(2)]
    assert layer_of(keras.Sequential(flat)) is None
    light = [flat[0], keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)]
    assert layer_of(keras.Sequential(light)) is None, "the film is no map"


def test_a_network_of_its_own_shape_is_fed_with_it() -> None:
    import keras

    oblong = keras.Sequential(
        [keras.Input((20, 30, 1)), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    core = foreign.core_of(oblong, 2)
    squares = np.random.default_rng(1).integers(0, 256, (3, 30, 30), np.uint8)
    fed = foreign.as_fed(core, squares, "unit")
    assert fed.shape == (3, 20, 30, 1)
    films = squares[..., None].astype(np.float32)
    ours = foreign.fed(core, 30, "unit").predict(films, verbose=0)
    np.testing.assert_allclose(ours, oblong.predict(fed, verbose=0), atol=1e-4)


def test_what_was_adapted_to_its_films_is_kept() -> None:
    import keras

    normal = keras.layers.Normalization()
    films = np.random.default_rng(1).uniform(50, 100, (8, SIZE, SIZE, 1)).astype(np.float32)
    normal.adapt(films)
    model = keras.Sequential(
        [keras.Input((SIZE, SIZE, 1)), normal, keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    ours = foreign.fed(foreign.core_of(model, 2), SIZE, "none")
    np.testing.assert_allclose(ours(films), model(films), atol=1e-4)


@pytest.fixture(scope="module")
def adopted(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that the command made of a nested network."""
    out = tmp_path_factory.mktemp("adopted") / "models" / "student"
    assert main(command(STUDENT, data, out, "--sensitivity", "PNEUMONIA=.9")) == 0
    return out


def test_the_command_leaves_a_complete_bundle(adopted: Path, data: Path) -> None:
    model = cxr.load(adopted)
    bundle, came = model.bundle, model.bundle.provenance["adopted"]
    assert bundle.labels == ("NORMAL", "PNEUMONIA")
    assert (came["end"], came["input"]) == ("sigmoid", [SIZE, SIZE, 3])
    losses = came["cross_entropy_on_val"]
    assert set(losses) == set(foreign.SCALINGS)
    assert came["scaling"] == min(losses, key=losses.get)
    assert bundle.metrics["test"]["macro_f1"]["value"] > 0.9, "the labels can be seen"
    assert bundle.metrics["external"]["far"]["recall"]["PNEUMONIA"]["n"] == 32
    assert bundle.operating_points["PNEUMONIA"]["sensitivity"] >= 0.9
    assert set(bundle.conformal["0.9"]) == set(bundle.labels)
    assert came["agreement"]["original_same_class"] == 1
    assert "PNEUMONIA" in card(bundle)
    rows = (adopted / "predictions.csv").read_text()
    assert "train_" not in rows
    assert ",T," not in rows


def test_grad_cam_of_a_nested_backbone_needs_no_gradient(adopted: Path, data: Path) -> None:
    model = cxr.load(adopted)
    assert model.bundle.gradcam_layer == "maps"
    assert model.head_weights is not None
    film = cxr.read(data / "images/test_P0.jpg")
    assert grad_cam(model, film, "PNEUMONIA").max() > 0
    assert grad_cam(model, film, "NORMAL").max() == 0, "its logit is 0 whatever the film"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "LINES", 4)
    monkeypatch.setattr(report, "FILMS", 1)
    monkeypatch.setattr(report, "CALLS", 1)


@pytest.mark.usefixtures("few")
def test_what_is_fitted_and_asked_later_knows_the_films_by_the_manifest_s_labels(
    adopted: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "student"
    shutil.copytree(adopted, folder)
    of = ["--data", str(data), "--out", str(folder)]
    assert main(["passport", *of]) == 0
    fitted = cxr.input_checks.limits_of(cxr.load(folder))
    assert fitted is not None
    assert len(fitted.known) == 24, "the films of N and P in train"
    assert main(["audit", *of, "--runs", str(tmp_path)]) == 0
    assert cxr.load(folder).bundle.metrics["audit"]["sound"]["value"] > 0.9
    capsys.readouterr()
    assert main(["robustness", *of]) == 0
    assert "the 12 films of `test`" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "kept"), [("passport", "test"), ("audit", "test"), ("robustness", "train")]
)
def test_a_folder_without_the_films_that_are_needed_is_refused(
    adopted: Path,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    kept: str,
) -> None:
    """Adopting asks for no films of train."""
    lines = (data / "manifest.csv").read_text().splitlines()
    with (tmp_path / "manifest.csv").open("w") as file:
        file.writelines(f"{x}\n" for x in lines if f",{kept}," in x or x == lines[0])
    before = (adopted / "bundle.json").read_bytes()
    arguments = [command, "--data", str(tmp_path), "--out", str(adopted)]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert "[bad_data]" in said
    assert "has no film labelled N or P" in said
    assert (adopted / "bundle.json").read_bytes() == before


@pytest.fixture(scope="module")
def flat(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose head is not linear in the averages of maps."""
    out = tmp_path_factory.mktemp("flat") / "models" / "flat"
    assert main(command(FLAT, data, out, "--scaling", "unit")) == 0
    return out


def test_a_head_that_is_not_linear_gets_its_gradient_within_the_backbone(
    data: Path, flat: Path
) -> None:
    model = cxr.load(flat)
    assert (model.bundle.gradcam_layer, model.head_weights) == ("maps", None)
    assert list(model.bundle.provenance["adopted"]["cross_entropy_on_val"]) == ["unit"]
    film = cxr.read(data / "images/test_P0.jpg")
    assert model.predict([film])[0].label == "PNEUMONIA"
    assert grad_cam(model, film, "PNEUMONIA").max() > 0


def test_a_bundle_whose_keras_file_would_run_code_is_refused_its_gradient(
    data: Path, flat: Path, tmp_path: Path
) -> None:
    """With hashes that fit, as whoever makes a bundle can write them."""
    shutil.copytree(flat, tmp_path / "foe")
    values = manifest_values(flat)
    with zipfile.ZipFile(flat / "model.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    called = {"module": "os", "class_name": "function", "config": "system"}
    config["config"]["layers"][1]["config"]["activation"] = called
    parts["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(tmp_path / "foe" / "model.keras", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    write_manifest(tmp_path / "foe", values)
    film = cxr.read(data / "images/test_P0.jpg")
    with pytest.raises(BundleError) as caught:
        grad_cam(cxr.load(tmp_path / "foe"), film, "PNEUMONIA")
    assert caught.value.code == "unsafe_keras_file"


def test_several_labels_of_the_manifest_may_mean_one(data: Path, tmp_path: Path) -> None:
    out, labels = tmp_path / "models" / "ill", "N=NORMAL,P=ILL,T=ILL"
    assert main(command(STUDENT, data, out, "--labels", labels, "--scaling", "unit")) == 0
    values = json.loads((out / "bundle.json").read_text())
    assert values["labels"] == ["NORMAL", "ILL"]
    assert values["metrics"]["test"]["n"] == 18
