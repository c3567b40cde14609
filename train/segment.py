"""Train a network that says of each pixel whether it is lung.

The same recipe, manifest, cache, run folder and bundle as for films: what differs is the target (a
drawn mask), the loss (cross-entropy and soft Dice) and the score that keeps an epoch (the mean over
sources of the mean Dice on `val`, so that a hundred children do not outvote thirty adults).
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

from cxr.lungs import probability_of

from .fit import build, optimizer_of, predict
from .fused import fuse
from .masks import DrawnFilms
from .recipe import Recipe

SCORE = "val_source_dice"


def dice(probability: NDArray[np.floating], mask: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Dice's coefficient of what is called lung (.5 and more) and what was drawn (128 and more).

    Parameters
    ----------
    probability : float (n, S, S)
    mask : uint8 (n, S, S)

    Returns
    -------
    float64 (n,), 0 to 1
    """
    called, truth = probability >= 0.5, mask >= 128
    both = (called & truth).sum((1, 2))
    return 2 * both / np.maximum(called.sum((1, 2)) + truth.sum((1, 2)), 1)


def loss(truth: Any, logits: Any) -> Any:
    """Cross-entropy plus 1 - soft Dice of the lungs, over the whole batch: films without lungs
    then need no case of their own."""
    ops = keras.ops
    logits = ops.cast(logits, "float32")
    entropy = ops.mean(ops.categorical_crossentropy(truth, logits, from_logits=True))
    called, drawn = ops.softmax(logits)[..., 1], truth[..., 1]
    overlap = 2 * ops.sum(called * drawn) / (ops.sum(called) + ops.sum(drawn) + 1)
    return entropy + 1 - overlap


def fit(
    recipe: Recipe,
    films: NDArray[np.uint8],
    masks: NDArray[np.uint8],
    frame: pd.DataFrame,
    run: Path,
) -> None:
    """Train until the recipe's epochs or its patience are used up.

    Parameters
    ----------
    recipe : Recipe
    films, masks : uint8 (n, S, S)
        As :func:`train.masks.load` gives them, in the order of `frame`.
    frame : DataFrame
        Those of `train` with ``recommended`` 1 are learnt from, those of `val` judge.
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
    history = _History(run, films[judge], masks[judge], frame.source.iloc[judge], recipe)
    data = DrawnFilms(
        films[learn], masks[learn], frame.iloc[learn].reset_index(drop=True), recipe, history.epochs
    )
    optimizer = optimizer_of(plan, plan.learning_rate, plan.epochs * len(data))
    model.compile(optimizer, loss, jit_compile=False)
    backup = keras.callbacks.BackupAndRestore(str(run / "backup"), delete_checkpoint=False)
    if not history.finished:
        model.fit(data, epochs=plan.epochs, shuffle=False, verbose=2, callbacks=[history, backup])


class _History(keras.callbacks.Callback):
    """Judge each epoch on `val`, write it down, keep the best weights, stop when patience ends."""

    def __init__(
        self,
        run: Path,
        films: NDArray[np.uint8],
        masks: NDArray[np.uint8],
        source: pd.Series,
        recipe: Recipe,
    ) -> None:
        super().__init__()
        self._run, self._films, self._masks, self._recipe = run, films, masks, recipe
        self._source = source.to_numpy()
        self._rows: list[dict[Any, Any]] = []
        backup = run / "backup" / "training_metadata.json"
        if backup.is_file():
            behind = json.loads(backup.read_text())["epoch"]
            self._rows = pd.read_csv(run / "history.csv")[:behind].to_dict("records")

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
        found = dice(probability_of(predict(self.model, self._films)), self._masks)
        per_source = pd.Series(found).groupby(self._source).mean()
        row = {
            "epoch": epoch + 1,
            "loss": float((logs or {})["loss"]),
            SCORE: float(per_source.mean()),
            **{f"val_dice_{source}": float(value) for source, value in per_source.items()},
            "seconds": round(time.monotonic() - self._began, 1),
        }
        if all(row[SCORE] > earlier[SCORE] for earlier in self._rows):
            self.model.save_weights(self._run / "best.weights.h5")
        self._rows.append(row)
        with (self._run / "history.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, row.keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows)
        print(" · ".join(f"{k} {v:.4g}" for k, v in row.items()), flush=True)
        self.model.stop_training = self.finished
