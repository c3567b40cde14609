"""Every recipe that ships, and the networks that it asks for; `test_zoo.py` exports these."""

import inspect
import json
from dataclasses import fields
from pathlib import Path

import pytest

from cxr.errors import DataError
from train.data import manifest
from train.fit.history import PLATEAU
from train.recipes import recipe
from train.recipes.checked import RANGES

RECIPES = tuple(
    name for path in sorted(recipe.RECIPES.glob("*.toml")) for name in recipe.variants(path.stem)
)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_that_ships_asks_for_what_there_is(name: str) -> None:
    plan = recipe.load(name)
    network = plan.network
    module = __import__(f"train.networks.{network.architecture}", fromlist=["build"])
    inspect.signature(module.build).bind(plan.preprocessing.size, 2, **network.options)
    if network.weights:
        assert network.architecture == "keras_applications"


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
        ("frozen_epochs = 5", "frozen_epochs not more"),
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
