"""What recipes can ask of training: draws, losses, schedules, freezing, label sets."""

import csv
import itertools
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from traindata import make_data

import cxr
from cxr.errors import DataError
from train.__main__ import main
from train.data import cache, manifest
from train.data.batches import FilmBatches, loss_weights, rarest_of_each, smoothed_by_source
from train.evaluation.evaluate import logits_of, truth_of
from train.fit import history, losses, training
from train.recipes import recipe

TOML = """
labels = ["N", "P"]
sources = ["a", "b"]
[network]
architecture = "cnn"
options = { channels = [4, 8], hidden = 0, normalise = true }
[preprocessing]
size = 16
[training]
epochs = 3
batch = 8
draw = "all"
learning_rate = 1e-2
schedule = "constant"
seed = 3
[variants.staged]
training = { epochs = 4, frozen_epochs = 2, unfreeze_from = "conv1", unfrozen_rate = 1e-3 }
[variants.staged_wrongly]
training = { frozen_epochs = 1, unfreeze_from = "block5_conv1" }
[variants.late]
training = { best_after = 2 }
[variants.averaged]
training = { epochs = 2, best_after = 1, averaged = 0.9 }
[variants.mixed]
training = { mixed_precision = true }
[variants.mixed_depthwise]
network = { architecture = "efficientnet_lite0", options = {} }
preprocessing.size = 32
training = { mixed_precision = true }
[variants.tiny]
network = { architecture = "tiny_mlp", options = {} }
training = { epochs = 8, draw = "downsample", loss = "hinge", optimizer = "adam" }
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("data") / "films")


@pytest.fixture(scope="module")
def toml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "r.toml"
    path.write_text(TOML)
    return path


def _plan(text: str, tmp_path: Path) -> recipe.Recipe:
    path = tmp_path / "r.toml"
    path.write_text(TOML.replace("seed = 3", f"seed = 3\n{text}"))
    return recipe.load(str(path))


def _numbered(counts: dict[str, int]) -> tuple[NDArray[np.uint8], pd.DataFrame]:
    """Films whose pixels are their numbers, so many of each label."""
    label = [name for name, n in counts.items() for _ in range(n)]
    frame = pd.DataFrame({"image": range(len(label)), "label": label, "source": "a"})
    return np.arange(len(label), dtype=np.uint8)[:, None, None].repeat(16, 1).repeat(16, 2), frame


def _epoch(batches: FilmBatches) -> list[int]:
    return [int(film) for i in range(len(batches)) for film in batches[i][0][:, 0, 0, 0]]


def test_all_films_are_seen_once_an_epoch_in_another_order(tmp_path: Path) -> None:
    films, frame = _numbered({"N": 8, "P": 24})
    batches = FilmBatches(films, frame, _plan("", tmp_path))
    first = _epoch(batches)
    batches.on_epoch_end()
    second = _epoch(batches)
    assert sorted(first) == sorted(second) == list(range(32))
    assert first != second
    fifth = FilmBatches(films, frame, _plan("films_per_epoch = 16", tmp_path))
    assert len(set(_epoch(fifth))) == 16


def test_down_sampling_keeps_the_same_films_of_each_label_throughout(tmp_path: Path) -> None:
    films, frame = _numbered({"N": 8, "P": 24})
    kept = rarest_of_each(np.repeat([0, 1], [8, 24]), seed=3)
    assert (kept < 8).sum() == (kept >= 8).sum() == 8
    np.testing.assert_array_equal(kept, rarest_of_each(np.repeat([0, 1], [8, 24]), seed=3))
    path = tmp_path / "down.toml"
    path.write_text(TOML.replace('draw = "all"', 'draw = "downsample"', 1))
    batches = FilmBatches(films, frame, recipe.load(str(path)))
    first = _epoch(batches)
    batches.on_epoch_end()
    assert sorted(first) == sorted(_epoch(batches)) == kept.tolist()


def test_rarer_labels_count_for_more_in_the_loss(tmp_path: Path) -> None:
    label = np.repeat([0, 1], [10, 90])
    np.testing.assert_array_equal(loss_weights(label, 2, 0.0), [1, 1])
    weight = loss_weights(label, 2, 1.0)
    assert weight[0] * 10 == pytest.approx(weight[1] * 90)
    assert weight[label].mean() == pytest.approx(1)
    assert np.isfinite(loss_weights(label, 3, 1.0)).all()
    films, frame = _numbered({"N": 8, "P": 24})
    _, targets, in_loss = FilmBatches(films, frame, _plan("loss_balance = 1.0", tmp_path))[0]
    np.testing.assert_allclose(in_loss, np.where(targets[:, 0] == 1, 2, 2 / 3), rtol=1e-6)
    assert len(FilmBatches(films, frame, _plan("", tmp_path))[0]) == 2


def test_a_source_with_one_label_teaches_it_with_less_certainty() -> None:
    targets = np.eye(2, dtype=np.float32)[[0, 0, 0, 0, 0, 1]]
    source = np.array(["one"] * 2 + ["both"] * 4)
    smoothed = smoothed_by_source(targets, source, 0.4)
    np.testing.assert_allclose(smoothed[:2], [[0.8, 0.2]] * 2, rtol=1e-6)
    np.testing.assert_allclose(smoothed[2], [0.85, 0.15], rtol=1e-6)
    np.testing.assert_allclose(smoothed[5], [0.05, 0.95], rtol=1e-6)
    np.testing.assert_array_equal(smoothed_by_source(targets, source, 0.0), targets)


def test_hinges() -> None:
    truth = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    logits = np.array([[3, 1, -2], [0.5, 0.2, 0.1], [-1, -2, -1.5]], np.float32)
    np.testing.assert_allclose(losses.hinge(truth, logits), [0, 1.3, 1.5], rtol=1e-5)
    s = np.array([-2.0, 0.3, 4.0], np.float32)
    margin = np.stack([-s / 2, s / 2], 1)
    positive = np.tile(np.array([[0, 1]], np.float32), (3, 1))
    np.testing.assert_allclose(losses.hinge(positive, margin), np.maximum(0, 1 - s), rtol=1e-5)
    sigmoid = 1 / (1 + np.exp(-s))
    np.testing.assert_allclose(losses.sigmoid_hinge(positive, margin), 1 - sigmoid, rtol=1e-4)


def test_a_film_is_asked_only_about_labels_that_its_target_asks(rng: np.random.Generator) -> None:
    logits = rng.normal(size=(5, 3)).astype(np.float32)
    two = np.tile(np.array([[1, -1, 0]], np.float32), (5, 1))
    for smoothing in (0.0, 0.1):
        asked = np.asarray(losses.named("cross_entropy", smoothing)(two, logits))
        usual = keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=smoothing, reduction="none"
        )
        np.testing.assert_allclose(asked, usual(two[:, ::2], logits[:, ::2]), rtol=1e-4)
    one = np.tile(np.array([[1, -1, -1]], np.float32), (5, 1))
    np.testing.assert_allclose(losses.named("cross_entropy", 0.1)(one, logits), 0, atol=1e-6)


def test_the_kept_epoch_is_the_lowest_loss_of_those_that_score_best() -> None:
    rows = [{"s": 0.5, "val_loss": 0.1}, {"s": 1.0, "val_loss": 0.4}, {"s": 1.0, "val_loss": 0.3}]
    assert history.best_epoch(rows, "s") == 2
    assert history.best_epoch(rows[:2], "s") == 1
    assert history.best_epoch([{"s": 1.0}, {"s": 1.0}], "s") == 0, "no loss: the first"


def test_a_plateau_halves_the_rate() -> None:
    assert history.halvings([]) == 0
    assert history.halvings([3, 2, 2, 2]) == 0
    assert history.halvings([3, 2, 2, 2, 2]) == 1
    assert history.halvings([3, 2, 2, 2, 2, 2, 2]) == 1
    assert history.halvings([3, 2, 2, 2, 2, 1, 2, 2, 2]) == 2


def _run(
    name: str, toml: Path, data: Path, folder: Path
) -> tuple[recipe.Recipe, NDArray[np.uint8], pd.DataFrame, Path]:
    plan = recipe.load(f"{toml}:{name}")
    frame = manifest.of_recipe(manifest.load(data), plan)
    films = cache.films(frame, data, plan.labels, plan.learns_from, folder / "cache")
    return plan, films, frame, folder / name


def _history(run: Path) -> list[dict[str, str]]:
    with (run / "history.csv").open() as file:
        return list(csv.DictReader(file))


class Unbroken(NamedTuple):
    run: Path
    kernels: list[dict[str, NDArray]]
    rates: list[float]


@pytest.fixture(scope="module")
def unbroken(toml: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Unbroken:
    """A staged run that nothing killed, and what its layers and rates were as each epoch began."""
    kernels: list[dict[str, NDArray]] = []
    rates: list[float] = []

    def noted(self: training.History, epoch: int, logs: object = None) -> None:
        layers = {
            layer.name: layer.get_weights()[0] for layer in self.model.layers if layer.weights
        }
        kernels.append(layers)
        rates.append(float(np.asarray(self.model.optimizer.learning_rate)))
        began(self, epoch, logs)

    began = training.History.on_epoch_begin
    *what, run = _run("staged", toml, data, tmp_path_factory.mktemp("unbroken"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.History, "on_epoch_begin", noted)
        training.fit(*what, run)
    return Unbroken(run, kernels, rates)


def test_frozen_layers_learn_only_when_their_time_has_come(unbroken: Unbroken) -> None:
    changed = [
        {name for name in one if not np.array_equal(one[name], other[name])}
        for one, other in itertools.pairwise(unbroken.kernels)
    ]
    assert changed == [{"logits"}, {"logits"}, {"conv1", "norm1", "logits"}]
    np.testing.assert_allclose(unbroken.rates, [1e-2, 1e-2, 1e-3, 1e-3])


def test_a_staged_run_goes_on_from_either_stage(
    unbroken: Unbroken, toml: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the first stage, and in either epoch of the second; an epoch has three batches."""
    *what, run = _run("staged", toml, data, tmp_path)
    left: list[int] = []

    def killed(self: object, batch: int, logs: object = None) -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training.History, "on_train_batch_end", killed)
        for epochs, batches in ((1, 4), (2, 4), (3, 5)):
            left[:] = [batches]
            with pytest.raises(KeyboardInterrupt):
                training.fit(*what, run)
            assert len(_history(run)) == epochs
    training.fit(*what, run)
    one, other = _history(unbroken.run), _history(run)
    assert [row["epoch"] for row in one] == [row["epoch"] for row in other] == list("1234")
    for a, b in zip(one, other, strict=True):
        assert float(a["val_loss"]) == pytest.approx(float(b["val_loss"]), rel=1e-4)


def test_what_is_judged_and_kept_is_the_running_mean_of_the_weights(
    toml: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the logits' offsets, step by step; killed in between, the run ends the same."""
    after_steps: list[NDArray] = []

    def noted(self: training.History, batch: int, logs: object = None) -> None:
        after_steps.append(np.array(self.model.get_layer("logits").get_weights()[1]))
        if len(after_steps) == killed_after:
            raise KeyboardInterrupt

    monkeypatch.setattr(training.History, "on_train_batch_end", noted)
    kept = []
    for folder, killed_after in (("whole", -1), ("killed", 4)):
        *what, run = _run("averaged", toml, data, tmp_path / folder)
        after_steps.clear()
        if killed_after > 0:
            with pytest.raises(KeyboardInterrupt):
                training.fit(*what, run)
        training.fit(*what, run)
        kept.append([row["val_loss"] for row in _history(run)])
        if killed_after < 0:
            mean = after_steps[0]
            for each in after_steps[1:]:
                mean = 0.9 * mean + 0.1 * each
            whole, run_of_it = mean, run
    np.testing.assert_allclose([*map(float, kept[1])], [*map(float, kept[0])], rtol=1e-4)
    best = training.build(recipe.load(f"{toml}:averaged"))
    best.load_weights(run_of_it / "best.weights.h5")
    np.testing.assert_allclose(best.get_layer("logits").get_weights()[1], whole, rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "on_gpu", "computed_in"),
    [
        ("late", False, "float32"),
        ("mixed", False, "bfloat16"),
        ("mixed_depthwise", False, "float32"),
        ("mixed_depthwise", True, "bfloat16"),
    ],
)
def test_bfloat16_where_it_is_asked_for_and_pays(
    toml: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    on_gpu: bool,
    computed_in: str,
) -> None:
    monkeypatch.setattr(keras.distribution, "list_devices", lambda _: ["gpu:0"] * on_gpu)
    plan = recipe.load(f"{toml}:{name}")
    frame = pd.DataFrame(columns=manifest.COLUMNS)
    model, *_ = training.begin(plan, frame, tmp_path)
    assert {layer.compute_dtype for layer in model.layers if layer.weights} == {computed_in}
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    for weight, plain in zip(model.get_weights(), _seeded(plan), strict=True):
        np.testing.assert_array_equal(weight, plain)


def _seeded(plan: recipe.Recipe) -> list[NDArray[np.float32]]:
    keras.utils.set_random_seed(plan.training.seed)
    weights: list[NDArray[np.float32]] = training.build(plan).get_weights()
    return weights


def test_a_layer_that_is_not_there_cannot_be_unfrozen(
    toml: Path, data: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="no layer 'block5_conv1'") as refusal:
        training.fit(*_run("staged_wrongly", toml, data, tmp_path))
    assert refusal.value.code == "bad_recipe"


def test_the_first_epochs_are_never_the_best(
    toml: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = [0.9, 0.8, 0.5]
    judged: list[float] = []

    def judge(*_: object) -> float:
        judged.append(scores[len(judged)])
        return judged[-1]

    monkeypatch.setattr(training, "source_recall", judge)
    kept: list[int] = []
    monkeypatch.setattr(
        "keras.Model.save_weights",
        lambda self, filepath, **_: kept.append(len(judged)) if "best" in str(filepath) else None,
    )
    training.fit(*_run("late", toml, data, tmp_path))
    assert kept == [3], "the worst, but the only one late enough"


def test_two_labels_a_hinge_and_no_convolution_make_a_bundle(
    toml: Path, data: Path, tmp_path: Path
) -> None:
    training.fit(*_run("tiny", toml, data, tmp_path / "runs"))
    out = tmp_path / "models" / "tiny"
    common = ["--data", str(data), "--out", str(out), "--runs", str(tmp_path / "runs")]
    assert main(["export", "--recipe", f"{toml}:tiny", *common]) == 0
    model = cxr.load(out)
    rows = pd.read_csv(out / "predictions.csv")
    assert set(rows.label) == {"N", "P"}
    assert set(rows.source) == {"a", "b"}, "films of other sites and labels are left out"
    assert model.bundle.gradcam_layer is None
    assert model.bundle.provenance["recipe"]["training"]["loss"] == "hinge"
    val = rows[rows.split == "val"]
    logits, truth = logits_of(val, model.labels), truth_of(val, model.labels)

    def surprise(temperature: float) -> float:
        z = logits / temperature
        return float(np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(len(z)), truth]))

    assert surprise(model.bundle.temperature) < surprise(1.0), "margins became probabilities"
    np.testing.assert_allclose(model.calibrate(logits).sum(1), 1)
