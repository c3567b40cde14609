"""Train a recipe's network: a run folder in, the best epoch's weights and a history out.

The run folder is the whole state: ``backup/`` (Keras' own, each epoch; ``backup_frozen/`` for the
epochs in which a part is frozen), ``best.weights.h5``, ``history.csv``. Killed at any moment, the
same command goes on from the last whole epoch.
"""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxr.errors import DataError
from cxr.metrics import source_recall

from . import architectures, losses, pretrained
from .dataset import FilmBatches
from .fused import fuse
from .recipe import Recipe, Training

SCORE = "val_source_recall"
PLATEAU = 3
"""Epochs without a lower validation loss after which the ``plateau`` schedule halves the rate."""


def build(recipe: Recipe) -> Any:
    """The recipe's network as its architecture starts."""
    return architectures.build(
        recipe.network.architecture,
        recipe.preprocessing.size,
        len(recipe.labels),
        **recipe.network.options,
    )


def fit(recipe: Recipe, films: NDArray[np.uint8], frame: pd.DataFrame, run: Path) -> None:
    """Train until the recipe's epochs or its patience are used up.

    Parameters
    ----------
    recipe : Recipe
    films : uint8 (n, S, S)
        The cache, in the order of `frame`.
    frame : DataFrame
        All films; those of `train` with ``recommended`` 1 are learnt from, those of `val` judge.
    run : Path
        The run folder; continued if it holds a run.
    """
    run.mkdir(parents=True, exist_ok=True)
    plan = recipe.training
    learn = np.flatnonzero((frame.split == "train") & (frame.recommended == "1"))
    judge = np.flatnonzero(frame.split == "val")
    if plan.mixed_precision and keras.backend.backend() == "torch":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    keras.utils.set_random_seed(plan.seed)
    model = build(recipe)
    if plan.frozen_epochs:
        for name in filter(None, ("features", plan.unfreeze_from)):
            _place_of(model, name)
    history = _History(run / "history.csv", films[judge], frame.iloc[judge], recipe)
    if history.finished:
        return
    if recipe.network.weights and not history.epochs:
        pretrained.start(model, recipe)
    fuse(model)
    data = FilmBatches(
        films[learn], frame.iloc[learn].reset_index(drop=True), recipe, history.epochs
    )
    if plan.frozen_epochs:
        _learn_from(model, "features", itself=False)
        _train(model, recipe, data, history, (0, plan.frozen_epochs), run / "backup_frozen")
        _learn_from(model, plan.unfreeze_from)
    if not history.finished:
        _train(model, recipe, data, history, (plan.frozen_epochs, plan.epochs), run / "backup")


def _train(
    model: Any,
    recipe: Recipe,
    data: FilmBatches,
    history: _History,
    epochs: tuple[int, int],
    backup: Path,
) -> None:
    """Train from the first of `epochs` to before the last, or what of that is not behind us: the
    backup brings its epoch with it."""
    rate = recipe.training.unfrozen_rate if epochs[0] else 0.0
    steps = (epochs[1] - epochs[0]) * len(data)
    model.compile(
        optimizer_of(recipe.training, rate or recipe.training.learning_rate, steps),
        losses.named(recipe.training.loss, recipe.training.label_smoothing),
        metrics=["accuracy"],
        jit_compile=False,
    )
    model._initial_epoch = None  # Keras leaves what an earlier stage's backup has put there
    kept = keras.callbacks.BackupAndRestore(str(backup), delete_checkpoint=False)
    model.fit(
        data, initial_epoch=epochs[0], epochs=epochs[1], shuffle=False, callbacks=[history, kept]
    )


def _place_of(model: Any, name: str) -> int:
    names = [layer.name for layer in model.layers]
    if name not in names:
        raise DataError(
            "bad_recipe",
            f"The network has no layer {name!r} to freeze or unfreeze at; its last are "
            f"{', '.join(names[-8:])}.",
        )
    return names.index(name)


def _learn_from(model: Any, name: str, itself: bool = True) -> None:
    """Let the layers from `name` on learn and none before; an empty name lets all learn."""
    first = _place_of(model, name) + (not itself) if name else 0
    for place, layer in enumerate(model.layers):
        layer.trainable = place >= first


def optimizer_of(plan: Training, learning_rate: float, steps: int) -> Any:
    """The recipe's optimizer; its schedule, if it has one, is laid out over `steps`."""
    rate: Any = learning_rate
    if plan.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(
            learning_rate / 20 if plan.warmup else learning_rate,
            max(1, steps - plan.warmup),
            alpha=0.01,
            warmup_target=learning_rate if plan.warmup else None,
            warmup_steps=plan.warmup,
        )
    kind = {
        "adamw": keras.optimizers.AdamW,
        "adam": keras.optimizers.Adam,
        "rmsprop": keras.optimizers.RMSprop,
        "sgd": keras.optimizers.SGD,
    }[plan.optimizer]
    momentum = {"momentum": 0.9} if plan.optimizer == "sgd" else {}
    decay = plan.weight_decay if plan.optimizer == "adamw" else plan.weight_decay or None
    return kind(rate, weight_decay=decay, clipnorm=plan.clip or None, **momentum)


def halvings(losses: list[float]) -> int:
    """How often the ``plateau`` schedule has halved the rate after epochs with these validation
    losses: it does whenever :data:`PLATEAU` epochs in a row brought no lower one."""
    count, waited, best = 0, 0, np.inf
    for loss in losses:
        waited = 0 if loss < best else waited + 1
        best = min(best, loss)
        if waited == PLATEAU:
            count, waited = count + 1, 0
    return count


class _History(keras.callbacks.Callback):
    """Judge each epoch on `val`, write it down, keep the best weights, stop when patience ends.

    Stands before the backup in the list of callbacks: an epoch that is backed up is written down,
    and one that was written down but not backed up when the run was killed is run again.
    """

    def __init__(
        self, path: Path, films: NDArray[np.uint8], frame: pd.DataFrame, recipe: Recipe
    ) -> None:
        super().__init__()
        self._path, self._films, self._recipe = path, films, recipe
        self._truth = np.array([recipe.labels.index(label) for label in frame.label])
        self._source = list(frame.source)
        self._rows: list[dict[Any, Any]] = []
        for folder in ("backup", "backup_frozen"):
            backup = path.parent / folder / "training_metadata.json"
            if backup.is_file() and not self._rows:
                behind = json.loads(backup.read_text())["epoch"]
                self._rows = pd.read_csv(path)[:behind].to_dict("records")

    @property
    def epochs(self) -> int:
        """Epochs behind us."""
        return len(self._rows)

    @property
    def finished(self) -> bool:
        plan = self._recipe.training
        scores = [row[SCORE] for row in self._rows[plan.best_after :]]
        stale = bool(scores) and len(scores) - 1 - int(np.argmax(scores)) >= plan.patience
        return stale or self.epochs >= plan.epochs

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._began = time.monotonic()
        plan = self._recipe.training
        if plan.schedule == "plateau":
            thawed = epoch >= plan.frozen_epochs
            whole = (plan.unfrozen_rate if thawed else 0.0) or plan.learning_rate
            behind = [row["val_loss"] for row in self._rows[plan.frozen_epochs * thawed :]]
            self.model.optimizer.learning_rate = whole / 2 ** halvings(behind)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logits = predict(self.model, self._films)
        called = logits.argmax(1)
        shifted = logits - logits.max(1, keepdims=True)
        loss = np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(logits)), self._truth]
        row = {
            "epoch": epoch + 1,
            "loss": float((logs or {})["loss"]),
            "accuracy": float((logs or {})["accuracy"]),
            "val_loss": float(loss.mean()),
            "val_accuracy": float((called == self._truth).mean()),
            SCORE: source_recall(self._truth, called, self._source),
            "seconds": round(time.monotonic() - self._began, 1),
        }
        candidates = self._rows[self._recipe.training.best_after :]
        if epoch >= self._recipe.training.best_after and all(
            row[SCORE] > earlier[SCORE] for earlier in candidates
        ):
            self.model.save_weights(self._path.parent / "best.weights.h5")
        self._rows.append(row)
        with self._path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, row.keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows)
        print(" · ".join(f"{k} {v:.4g}" for k, v in row.items()), flush=True)
        self.model.stop_training = self.finished


def predict(model: Any, films: NDArray[np.uint8], batch: int = 64) -> NDArray[np.float32]:
    """Logits of cached films, float32 (n, classes)."""
    parts = [
        model.predict_on_batch(films[i : i + batch, ..., None].astype(np.float32))
        for i in range(0, len(films), batch)
    ]
    return np.concatenate(parts).astype(np.float32)
