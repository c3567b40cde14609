"""What recipes can ask of training: schedules, freezing, averages, precision, label sets."""

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
from train.evaluation.evaluate import logits_of, truth_of
from train.fit import history, training
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
    ("name", "on_gpu", "flags", "computed_in"),
    [
        ("late", False, "avx512_bf16", "float32"),
        ("mixed", False, "avx512_bf16", "bfloat16"),
        ("mixed", False, "avx2", "float32"),
        ("mixed", True, "avx2", "bfloat16"),
        ("mixed", False, None, "float32"),
        ("mixed_depthwise", False, "amx_bf16", "float32"),
        ("mixed_depthwise", True, "avx2", "bfloat16"),
    ],
)
def test_bfloat16_where_it_is_asked_for_and_pays(
    toml: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    on_gpu: bool,
    flags: str | None,
    computed_in: str,
) -> None:
    monkeypatch.setattr(keras.distribution, "list_devices", lambda _: ["gpu:0"] * on_gpu)
    processor = tmp_path / "cpuinfo"
    if flags is not None:
        processor.write_text(f"flags\t\t: sse2 {flags}\n")
    monkeypatch.setattr(training, "_PROCESSOR", processor)
    plan = recipe.load(f"{toml}:{name}")
    frame = pd.DataFrame(columns=manifest.COLUMNS)
    model, *_ = training.begin(plan, frame, tmp_path / "run")
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
