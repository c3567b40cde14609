"""What a step of training is given: which films, asked about what, counting for how much."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from train.data.batches import FilmBatches, loss_weights, rarest_of_each, smoothed_by_source
from train.fit import losses
from train.recipes import recipe

TOML = """
labels = ["N", "P"]
[network]
architecture = "thumbnail"
[preprocessing]
size = 16
[training]
epochs = 3
batch = 8
draw = "all"
learning_rate = 1e-2
seed = 3
"""


def _plan(text: str, tmp_path: Path) -> recipe.Recipe:
    path = tmp_path / "r.toml"
    path.write_text(f"{TOML}{text}\n")
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
    path.write_text(TOML.replace('draw = "all"', 'draw = "downsample"'))
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
