"""The networks that recipes ask for: built as published, and started from a file of weights."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import TRAINED, phantoms

import cxr
from cxr.errors import DataError
from train import networks
from train.fit import pretrained
from train.fit.training import build
from train.networks import coatnet, keras_applications
from train.recipes import recipe


@pytest.mark.parametrize("base", keras_applications.BASES)
def test_bases_see_the_channels_that_they_were_trained_on(base: str) -> None:
    import keras

    size = 71 if base == "xception" else 32
    model = networks.build("keras_applications", size, 2, base=base)
    grey = np.random.default_rng(0).uniform(0, 255, (1, size, size, 1)).astype(np.float32)
    three = keras.Model(model.input, model.get_layer("three_channels").output)(grey)
    module = {"resnet50v2": "resnet_v2", "resnet50": "resnet"}.get(base, base)
    theirs = getattr(keras.applications, module).preprocess_input(np.repeat(grey, 3, -1))
    np.testing.assert_allclose(np.asarray(three), theirs, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "size", "labels", "options", "said"),
    [
        ("vgg", 32, "NPT", {}, "no architecture 'vgg'; there are bundle, cnn"),
        ("cnn", 32, "NPT", {"drop": 0.1}, "cnn has no option drop; it has channels"),
        ("cnn", 32, "NPT", {"size": 64}, "cnn has no option size"),
        ("cnn", 32, "NPT", {"dropout": "much"}, "dropout must be a number"),
        ("cnn", 32, "NPT", {"channels": 8}, "channels must be a list of whole numbers"),
        ("cnn", 8, "NPT", {}, r"8 pixels and 3 labels: (?!Exception)\w"),
        ("keras_applications", 32, "NPT", {"base": "vgg"}, "no base 'vgg'"),
        ("tiny_mlp", 60, "NPT", {}, "two labels"),
        ("coatnet", 60, "NPT", {}, "multiple of 32"),
        ("coatnet", 64, "NPT", {"coatnet": 5}, "0 to 4"),
        ("coatnet", 64, "NPT", {"blocks": [1, 1]}, "five"),
        ("xception_style", 32, "NPT", {"channels": []}, "at least one"),
        ("lungs_unet", 32, "NP", {"channels": [4, 4], "imagenet": False}, "four"),
        ("efficientnet_lite0", 32, "NPT", {"frozen": 17, "imagenet": False}, "0 to 16"),
        ("bundle", 64, "NT", {"path": "nowhere"}, "no network at nowhere"),
        (
            "bundle",
            64,
            "NPT",
            {"path": str(TRAINED)},
            r"gives \(2,\), not .* and \(3,\)",
        ),
        ("bundle", 64, "NT", {"path": str(TRAINED / "bundle.json")}, "not a .keras archive"),
    ],
)
def test_a_network_that_cannot_be_built_is_a_bad_recipe(
    name: str, size: int, labels: str, options: dict[str, Any], said: str
) -> None:
    plan = recipe.made(
        {
            "labels": list(labels),
            "network": {"architecture": name, "options": options},
            "preprocessing": {"size": size},
            "training": {"epochs": 1, "batch": 1, "learning_rate": 1e-3},
        }
    )
    with pytest.raises(DataError, match=said) as refusal:
        build(plan)
    assert refusal.value.code == "bad_recipe"
    assert refusal.value.message.isprintable()


def test_a_trained_network_goes_on_from_its_answers() -> None:
    import keras

    films, _ = phantoms(4, seed=3)
    answers = cxr.load(TRAINED).squares(films)
    for policy, near in (("float32", 1e-3), ("mixed_bfloat16", 0.3)):
        usual = keras.config.dtype_policy()
        keras.config.set_dtype_policy(policy)
        try:
            model = networks.build("bundle", 64, 2, path=str(TRAINED))
        finally:
            keras.config.set_dtype_policy(usual)
        found = model.predict_on_batch(films[..., None].astype(np.float32))
        np.testing.assert_allclose(found.astype(np.float32), answers, atol=near)
        assert model.trainable_weights
        assert model.layers[1].compute_dtype == policy.removeprefix("mixed_")


def test_tiny_mlp_has_2541_parameters() -> None:
    model = build(recipe.load("tiny_mlp"))
    assert model.count_params() == 2541
    assert model.get_layer("cells").output.shape == (None, 10, 14, 1)
    assert model.get_layer("vector").output.shape == (None, 140)
    assert not any("conv" in type(layer).__name__.lower() for layer in model.layers)


def test_tiny_mlp_s_probability_is_the_sigmoid_of_its_margin() -> None:
    import keras

    model = build(recipe.load("tiny_mlp"))
    both = keras.Model(model.input, [model.get_layer("margin_score").output, model.output])
    films = np.random.default_rng(0).uniform(0, 255, (2, 250, 250, 1)).astype(np.float32)
    margin, logits = (np.asarray(each) for each in both(films))
    p = np.exp(logits[:, 1]) / np.exp(logits).sum(1)
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-margin[:, 0])), rtol=1e-5)


def test_coatnet0_is_the_paper_s() -> None:
    """25 million parameters with 1000 classes behind the last average (table 4 of the paper)."""
    model = networks.build("coatnet", 224, 1000, hidden=0)
    assert model.count_params() == pytest.approx(25e6, rel=0.03)
    sides = [model.get_layer(f"s{stage}_1_add").output.shape[1:3] for stage in (1, 2, 3, 4)]
    assert sides == [(56, 56), (28, 28), (14, 14), (7, 7)]
    assert len(coatnet.SIZES) == 5


def test_coatnet_answers_one_film_as_it_did_in_a_batch_after_two_small_epochs() -> None:
    """Batch statistics that lag behind gave every film the same class."""
    import tensorflow as tf

    small = {"blocks": (1,) * 5, "channels": (16, 32, 32, 32, 32), "hidden": 0, "dropout": 0.0}
    model = networks.build("coatnet", 64, 3, **small)
    films = np.random.default_rng(0).uniform(0, 255, (16, 64, 64, 1)).astype(np.float32)
    run = tf.function(lambda: model(films, training=True))
    for _ in range(2 * 43):
        learnt = np.asarray(run())
    shown = np.asarray(model(films, training=False))
    np.testing.assert_allclose(shown, learnt, atol=0.2 * learnt.std())


def test_relative_attention_depends_on_the_offset_alone() -> None:
    import keras

    inputs = keras.Input((4, 4, 32))
    model = keras.Model(inputs, coatnet._relative_bias(inputs, 4, 2, "a"))
    table = model.get_layer("a_relative_bias").get_weights()[0]
    model.get_layer("a_relative_bias").set_weights(
        [np.random.default_rng(0).normal(size=table.shape)]
    )
    bias = np.asarray(model(np.zeros((3, 4, 4, 32), np.float32)))
    assert bias.shape == (1, 2, 16, 16)
    cells = [(row, column) for row in range(4) for column in range(4)]
    by_offset: dict[tuple[int, int], set[float]] = {}
    for i, (a, b) in enumerate(cells):
        for j, (c, d) in enumerate(cells):
            by_offset.setdefault((a - c, b - d), set()).add(float(bias[0, 0, i, j]))
    assert len(by_offset) == 49
    assert all(len(values) == 1 for values in by_offset.values())
    assert len(set.union(*by_offset.values())) == 49


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("cnn_scratch", 8_171_650),
        ("cnn_scratch:mlp_150", 1_442_210),
        ("cnn_scratch:vgg19_150", 20_156_226),
        ("polimi", 2_335_555),
        ("polimi:cnn", 394_579),
        ("resnet50_transfer", 23_591_810),
        ("coatnet0", 23_788_847),
    ],
)
def test_recipes_build_their_networks(name: str, parameters: int) -> None:
    plan = recipe.load(name)
    model = build(plan)
    assert model.count_params() == parameters
    assert model.output.shape == (None, len(plan.labels))
    for layer in filter(None, (plan.training.unfreeze_from,)):
        assert model.get_layer(layer)


@pytest.fixture
def with_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe for a base of one convolution, that starts from a file of its weights."""
    import keras

    def one_convolution(
        include_top: bool, weights: str | None, input_tensor: Any = None, input_shape: Any = None
    ) -> Any:
        assert not include_top
        x = keras.Input(input_shape) if input_tensor is None else input_tensor
        y = keras.layers.Conv2D(4, 3, activation="relu")(x)
        model = keras.Model(x if input_tensor is None else keras.utils.get_source_inputs(x), y)
        if weights == "imagenet":
            raise Exception("URL fetch failure")
        if weights:
            model.load_weights(weights)
        return model

    base = keras_applications.Base(one_convolution, 1.0, keras_applications.CAFFE)
    monkeypatch.setitem(keras_applications.BASES, "vgg19", base)
    keras.utils.set_random_seed(5)
    file = tmp_path / "one.weights.h5"
    one_convolution(False, None, input_shape=(16, 16, 3)).save_weights(file)
    path = tmp_path / "r.toml"
    path.write_text(
        'labels = ["N", "P"]\n[network]\narchitecture = "keras_applications"\n'
        f'weights = "{file.as_posix()}"\noptions = {{ base = "vgg19" }}\n'
        "[preprocessing]\nsize = 16\n[training]\nepochs = 1\nbatch = 1\nlearning_rate = 1\n"
        f'[variants.fetched]\nnetwork.weights = "imagenet"\n'
        '[variants.absent]\nnetwork.weights = "nowhere.h5"\n'
        '[variants.another]\nnetwork = { architecture = "mlp", options = {} }\n'
    )
    return path


def test_a_network_starts_from_a_file(with_weights: Path) -> None:
    import h5py

    plan = recipe.load(str(with_weights))
    model = build(plan)
    pretrained.start(model, plan)
    (convolution,) = (layer for layer in model.layers if "conv" in layer.name)
    with h5py.File(plan.network.weights) as file:
        kernels = []
        file.visititems(lambda _, node: kernels.append(node) if hasattr(node, "shape") else None)
        stored = next(np.asarray(k) for k in kernels if k.shape == (3, 3, 3, 4))
    np.testing.assert_array_equal(convolution.get_weights()[0], stored)


@pytest.mark.parametrize(
    ("variant", "said"),
    [("fetched", "no internet"), ("absent", "no file"), ("another", "Only networks of")],
)
def test_weights_that_cannot_be_had_say_what_to_do(
    with_weights: Path, variant: str, said: str
) -> None:
    plan = recipe.load(f"{with_weights}:{variant}")
    with pytest.raises(DataError, match=said) as refusal:
        pretrained.start(build(plan), plan)
    assert refusal.value.code == "no_weights"
