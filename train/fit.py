"""Train a recipe's network: a run folder in, the best epoch's weights and a history out.

The run folder is the whole state: ``backup/`` (Keras' own, each epoch), ``best.weights.h5``,
``history.csv``. Killed at any moment, the same command goes on from the last whole epoch.
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

from cxr.metrics import source_recall

from . import architectures
from .dataset import BalancedFilms
from .fused import fuse
from .recipe import Recipe

SCORE = "val_source_recall"


def build(recipe: Recipe) -> Any:
    """The recipe's network with its starting weights."""
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
    fuse(model)
    _compile(model, recipe)
    history = _History(run / "history.csv", films[judge], frame.iloc[judge], recipe)
    data = BalancedFilms(
        films[learn], frame.iloc[learn].reset_index(drop=True), recipe, history.epochs
    )
    backup = keras.callbacks.BackupAndRestore(str(run / "backup"), delete_checkpoint=False)
    if not history.finished:
        model.fit(data, epochs=plan.epochs, shuffle=False, callbacks=[history, backup])


def _compile(model: Any, recipe: Recipe) -> None:
    plan = recipe.training
    steps = plan.epochs * (plan.films_per_epoch // plan.batch)
    rate = keras.optimizers.schedules.CosineDecay(
        plan.learning_rate / 20 if plan.warmup else plan.learning_rate,
        steps - plan.warmup,
        alpha=0.01,
        warmup_target=plan.learning_rate if plan.warmup else None,
        warmup_steps=plan.warmup,
    )
    loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=plan.label_smoothing
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=plan.weight_decay, clipnorm=5.0)
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=False)


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
        backup = path.parent / "backup" / "training_metadata.json"
        if backup.is_file():
            behind = json.loads(backup.read_text())["epoch"]
            self._rows = pd.read_csv(path)[:behind].to_dict("records")

    @property
    def epochs(self) -> int:
        """Epochs behind us."""
        return len(self._rows)

    @property
    def finished(self) -> bool:
        scores = [row[SCORE] for row in self._rows]
        plan = self._recipe.training
        stale = bool(scores) and len(scores) - 1 - int(np.argmax(scores)) >= plan.patience
        return stale or len(scores) >= plan.epochs

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._began = time.monotonic()

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
        if all(row[SCORE] > earlier[SCORE] for earlier in self._rows):
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
