"""Train a network that says of each pixel whether it is lung.

The same recipe, manifest, cache, run folder and bundle as for films: what differs is the target (a
drawn mask), the loss (cross-entropy and soft Dice) and the score that keeps an epoch (the mean over
sources of the mean Dice on `val`, so that a hundred children do not outvote thirty adults).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxr.model.lungs import probability_of

from ..data.masks import MaskBatches
from ..recipes.recipe import Recipe
from .fused import fuse
from .history import History
from .training import begin, optimizer_of, predict

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
    out: NDArray[np.float64] = 2 * both / np.maximum(called.sum((1, 2)) + truth.sum((1, 2)), 1)
    return out


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
        As :func:`train.data.masks.load` gives them, in the order of `frame`.
    frame : DataFrame
        Those of `train` with ``recommended`` 1 are learnt from, those of `val` judge.
    run : Path
        The run folder; continued if it holds a run.
    """
    plan = recipe.training
    model, learn, judge = begin(recipe, frame, run)
    fuse(model)
    history = History(run, recipe, SCORE, _judge(films, masks, frame, judge))
    data = MaskBatches(films, masks, frame, recipe, history.epochs, learn)
    optimizer = optimizer_of(plan, plan.learning_rate, plan.epochs * len(data))
    model.compile(optimizer, loss, jit_compile=False)
    backup = keras.callbacks.BackupAndRestore(str(run / "backup"), delete_checkpoint=False)
    if not history.finished:
        model.fit(data, epochs=plan.epochs, shuffle=False, verbose=2, callbacks=[history, backup])


def _judge(
    films: NDArray[np.uint8],
    masks: NDArray[np.uint8],
    frame: pd.DataFrame,
    rows: NDArray[np.intp],
) -> Callable[[Any], dict[str, float]]:
    """Dice of a model on the rows that judge it, each source counting the same."""
    source = frame.source.to_numpy()[rows]

    def judge(model: Any) -> dict[str, float]:
        found = dice(probability_of(predict(model, films, rows)), masks[rows])
        each = pd.Series(found).groupby(source).mean()
        by_source = {f"val_dice_{name}": float(value) for name, value in each.items()}
        return {SCORE: float(each.mean()), **by_source}

    return judge
