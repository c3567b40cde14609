"""Every recipe that ships, and the networks that it asks for; `test_zoo.py` exports these."""

import inspect
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxr.errors import DataError
from train import networks
from train.data import manifest
from train.fit import pretrained
from train.fit.history import PLATEAU
from train.fit.training import build
from train.networks import coatnet, keras_applications
from train.recipes import recipe
from train.recipes.checked import RANGES

RECIPES = tuple(
    name for path in sorted(recipe.RECIPES.glob("*.toml")) for name in recipe.variants(path.stem)
)


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
        ("vgg", 32, "NPT", {}, "no architecture 'vgg'; there are cnn"),
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


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_that_ships_asks_for_what_there_is(name: str) -> None:
    plan = recipe.load(name)
    network = plan.network
    module = __import__(f"train.networks.{network.architecture}", fromlist=["build"])
    inspect.signature(module.build).bind(plan.preprocessing.size, 2, **network.options)
    if network.weights:
        assert network.architecture == "keras_applications"


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


TOML = """
labels = ["N", "P"]
[network]
architecture = "cnn"
options = { hidden = 8, dropout = 0.1 }
[training]
epochs = 4
batch = 16
learning_rate = 1e-2
[variants.other]
sources = ["a"]
network.options = { hidden = 4 }
training = { epochs = 9 }
[variants.wrong]
training.epoks = 9
"""


def test_a_variant_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text(TOML)
    plain, other = recipe.load(str(path)), recipe.load(f"{path}:other")
    assert recipe.variants(str(path)) == (str(path), f"{path}:other", f"{path}:wrong")
    assert (plain.training.epochs, other.training.epochs) == (4, 9)
    assert other.training.batch == 16
    assert other.network.options == {"hidden": 4}, "options are replaced as a whole"
    assert (plain.sources, other.sources) == ((), ("a",))
    with pytest.raises(DataError, match="unknown keys epoks"):
        recipe.load(f"{path}:wrong")
    with pytest.raises(DataError, match="no variant 'none'; there are other, wrong") as refusal:
        recipe.load(f"{path}:none")
    assert refusal.value.code == "no_recipe"


def _refused(path: Path, variant: str = "") -> str:
    with pytest.raises(DataError) as refusal:
        recipe.load(f"{path}{variant}")
    assert refusal.value.code == "bad_recipe"
    return refusal.value.message


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('draw = "some"', "draw must be one of"),
        ('optimizer = "lion"', "optimizer must be one of"),
        ('loss = "mse"', "loss must be one of"),
        ('schedule = "step"', "schedule must be one of"),
        ("best_after = 4", "less than epochs"),
        ("best_after = -1", "best_after must be 0 or more"),
        ("frozen_epochs = 4", "less than epochs"),
        ('schedule = "constant"\nwarmup = 3', "only a cosine warms up"),
        ('loss = "hinge"\nlabel_smoothing = 0.1', "label_smoothing"),
        ("label_smoothing = 7", "label_smoothing must be 0 or more and below 1"),
        ("balance = -0.5", "balance must be from 0 to 1"),
        ("clip = nan", "clip must be a number"),
        ("weight_decay = -1e-4", "weight_decay must be 0 or more"),
        ("patience = 0", "patience must be 1 or more"),
        ("seed = -1", "seed must be from 0"),
        ("patience = 2.5", "patience must be a whole number"),
        ("clip = true", "clip must be a number"),
        ("mixed_precision = 1", "mixed_precision must be true or false"),
        ("draw = 3\nclip = 'a'", "draw must be text; clip must be a number"),
        ("[augmentation]\nblur = 'a'", "[augmentation] is wrong: blur must be a number"),
        ("[augmentation]\nflip = 2", "flip must be from 0 to 1"),
        ("[augmentation]\nrotate = -5", "rotate must be from 0 to 180"),
        ("[preprocessing]\nblur = 'a'", "[preprocessing] is wrong: blur must be a whole number"),
        ("[preprocessing]\nblur = 2", "odd number of pixels"),
        ("[operating]\nN = 'high'", "operating must be a table of numbers"),
        ("[relabel]\nN = 3", "relabel must be a table of texts"),
        ("[card]\nuse = 3", "card must be a table of texts"),
    ],
)
def test_senseless_values_are_refused_by_name(tmp_path: Path, wrong: str, said: str) -> None:
    path = tmp_path / "r.toml"
    path.write_text(TOML.replace("learning_rate = 1e-2", f"learning_rate = 1e-2\n{wrong}", 1))
    assert said in _refused(path)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('labels = ["N", "P"]', "labels = 5", "labels must be a list of texts"),
        ('labels = ["N", "P"]', 'labels = "NP"', "labels must be a list of texts"),
        ('labels = ["N", "P"]', "labels = [1, 2]", "labels must be a list of texts"),
        ('labels = ["N", "P"]', "", "labels is missing"),
        ('labels = ["N", "P"]', 'labels = ["N", "P"]\nsources = "a"', "sources must be a list"),
        ('architecture = "cnn"\n', "", "[network] is wrong: architecture is missing"),
        ('"cnn"', '"cnn"\nweights = 3', "weights must be text"),
        ("{ hidden = 8, dropout = 0.1 }", "3", "options must be a table"),
        ("learning_rate = 1e-2", 'learning_rate = "fast"', "learning_rate must be a number"),
        ("learning_rate = 1e-2", "learning_rate = -1", "learning_rate must be above 0"),
        ("epochs = 4", "epochs = true", "epochs must be a whole number"),
        (TOML, 'training = 3\n[network]\narchitecture = "cnn"', "[training] must be a table"),
        (TOML, "variants = 3", "[variants] must be a table of tables"),
        (TOML, "[variants]\nx = 3", "[variants] must be a table of tables"),
        (TOML, "a = " + "9" * 5000, "not valid TOML"),
    ],
)
def test_what_has_another_shape_is_refused_by_name(
    tmp_path: Path, right: str, wrong: str, said: str
) -> None:
    path = tmp_path / "r.toml"
    assert right in TOML
    path.write_text(TOML.replace(right, wrong, 1))
    assert said in _refused(path)


def test_a_variant_of_another_shape_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text(TOML + "[variants.three]\ntraining = 3\n")
    assert "[training] must be a table" in _refused(path, ":three")
    path.write_text("[variants]\nx = 3")
    with pytest.raises(DataError, match="table of tables"):
        recipe.variants(str(path))


def test_a_recipe_is_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_bytes(TOML.replace("labels", "# größer\nlabels", 1).encode("latin-1"))
    assert "not UTF-8" in _refused(path)


def test_whole_numbers_are_numbers_and_what_is_stored_can_be_read_again(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text(TOML.replace("learning_rate = 1e-2", "learning_rate = 1"))
    plan = recipe.load(str(path))
    assert plan.training.learning_rate == 1
    assert recipe.made(json.loads(json.dumps(plan.to_dict()))) == plan


def test_every_number_of_a_recipe_has_a_range() -> None:
    for where, kind in (("training", recipe.Training), ("augmentation", recipe.Augmentation)):
        numbers = {f.name for f in fields(kind) if f.type in ("int", "float")}
        assert numbers <= set(RANGES[where]) <= {f.name for f in fields(kind)}


def test_coatnet0_weights_the_loss_where_it_does_not_down_sample() -> None:
    """Down-sampled labels are equally many, so there weights would change nothing."""
    for name in recipe.variants("coatnet0"):
        plan = recipe.load(name).training
        assert (plan.loss_balance > 0) == (plan.draw == "all")
    assert recipe.load("coatnet0:weighted").training.loss_balance == 1.0


@pytest.mark.parametrize("name", ["resnet50v2", "resnet50v2_scratch"])
def test_coatnet0_s_baseline_can_stop_early(name: str) -> None:
    plan = recipe.load(f"coatnet0:{name}").training
    assert PLATEAU < plan.patience < plan.epochs - 1, "after the rate has been halved once"


def test_a_recipe_takes_the_films_of_its_labels_and_sources(cxr_data: Path) -> None:
    frame = manifest.load(cxr_data)
    children = manifest.of_recipe(frame, recipe.load("tiny_mlp"))
    assert set(children.source) == {"kermany"}
    assert set(children.label) == {"N", "P"}
    assert len(manifest.of_recipe(frame, recipe.load("default"))) == len(frame)
    covid = manifest.of_recipe(frame, recipe.load("coatnet0"))
    assert set(covid.label) == {"COVID-19", "N", "P"}
    assert (covid.original_label[covid.label == "COVID-19"].str.startswith("COVID-19")).all()
    assert "COVID-19" not in set(covid.original_label[covid.label == "P"])
    with pytest.raises(DataError, match="original_label"):
        manifest.of_recipe(frame.drop(columns="original_label"), recipe.load("coatnet0"))


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
