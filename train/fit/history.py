"""What a run has behind it, epoch by epoch: ``history.csv``, the best weights, when to stop."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from ..recipes.recipe import Recipe

PLATEAU = 3
"""Epochs without a lower validation loss after which the ``plateau`` schedule halves the rate."""


class History(keras.callbacks.Callback):
    """Judge each epoch on `val`, write it down, keep the best weights, stop when patience ends.

    Stands before the backup in the list of callbacks: an epoch that is backed up is written down,
    and one that was written down but not backed up when the run was killed is run again.

    Parameters
    ----------
    run : Path
        The run folder; continued if it holds a run.
    recipe : Recipe
    score : str
        Which of the figures that `judge` gives the best epoch has most of.
    judge : callable
        From the model to its figures on `val`; with ``val_loss`` for the ``plateau`` schedule.
    """

    def __init__(
        self, run: Path, recipe: Recipe, score: str, judge: Callable[[Any], dict[str, float]]
    ) -> None:
        super().__init__()
        self._run, self._recipe, self._score, self._judge = run, recipe, score, judge
        self._rows: list[dict[Any, Any]] = []
        for folder in ("backup", "backup_frozen"):
            backup = run / folder / "training_metadata.json"
            if backup.is_file() and not self._rows:
                behind = json.loads(backup.read_text())["epoch"]
                self._rows = pd.read_csv(run / "history.csv")[:behind].to_dict("records")

    @property
    def epochs(self) -> int:
        """Epochs behind us."""
        return len(self._rows)

    @property
    def finished(self) -> bool:
        plan = self._recipe.training
        rows = self._rows[plan.best_after :]
        stale = bool(rows) and len(rows) - 1 - best_epoch(rows, self._score) >= plan.patience
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
        learnt = {name: float(value) for name, value in (logs or {}).items()}
        with _averaged(self.model):
            judged = self._judge(self.model)
            seconds = round(time.monotonic() - self._began, 1)
            row = {"epoch": epoch + 1, **learnt, **judged, "seconds": seconds}
            self._rows.append(row)
            first = self._recipe.training.best_after
            if epoch >= first and best_epoch(self._rows[first:], self._score) == epoch - first:
                self.model.save_weights(self._run / "best.weights.h5")
        with (self._run / "history.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, row.keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows)
        print(" · ".join(f"{k} {v:.4g}" for k, v in row.items()), flush=True)
        self.model.stop_training = self.finished


@contextmanager
def _averaged(model: Any) -> Iterator[None]:
    """The model with the running mean of its weights, where its optimizer keeps one; afterwards
    with its own again, so that the backup and the next step go on from them."""
    if not model.optimizer.use_ema:
        yield
        return
    learning = model.trainable_variables
    own = [np.array(keras.ops.convert_to_numpy(each)) for each in learning]
    model.optimizer.finalize_variable_values(learning)
    yield
    for variable, value in zip(learning, own, strict=True):
        variable.assign(value)


def best_epoch(rows: Sequence[Mapping[Any, Any]], score: str) -> int:
    """Place of the epoch that is kept. Few films of val score alike for many epochs: of those it is
    the one with the lowest loss, where there is one."""
    ranks = [(float(row[score]), -float(row.get("val_loss", 0.0))) for row in rows]
    return ranks.index(max(ranks))


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
