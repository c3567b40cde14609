"""What a recipe is worth on films it was kept from: sites left out, and k folds.

Nothing is exported; the best epoch on the remaining `val` is scored as Keras runs it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..data import splits
from ..data.manifest import described
from ..evaluation import evaluate
from ..fit import head_refit
from ..fit.runs import claim, without
from ..fit.training import build, fit, predict
from ..recipes.recipe import Recipe
from . import ledger


def at_seed(recipe: Recipe, name: str, seed: int | None) -> tuple[Recipe, str]:
    """A recipe, and what its runs are called, with another draw of films, disturbances and starts:
    a line of the ledger rests on more than one. As they are where `seed` is None."""
    if seed is None:
        return recipe, name
    return replace(recipe, training=replace(recipe.training, seed=seed)), f"{name}-seed{seed}"


def leave_out(
    recipe: Recipe,
    name: str,
    films: NDArray[np.uint8],
    frame: pd.DataFrame,
    sites: Sequence[str],
    runs: Path,
) -> dict[str, Any]:
    """Train without `sites`, score their films, add a line to the run's own ledger.

    Parameters
    ----------
    recipe : Recipe
    name : str
        Of the recipe; names the run folder, which is continued if it holds a run.
    films : uint8 (n, S, S)
    frame : DataFrame of n rows
    sites : sequence of str
    runs : Path

    Returns
    -------
    dict: ``val``, figures of the remaining validation films; site → ``pairs`` (AUROC of each two
    labels that the site holds) and ``recall`` by label.
    """
    cut = splits.without_sites(frame, sites)
    run = without(runs, name, sites)
    began = time.monotonic()
    rows = _train_and_score(recipe, films, cut, run, ("val", splits.LEFT_OUT))
    val = rows[rows.split == "val"]
    found: dict[str, Any] = {
        "val": evaluate.split_figures(val, recipe.labels),
        "minutes": (time.monotonic() - began) / 60,
    }
    for site in sites:
        found[site] = _site(rows[rows.source == site], recipe.labels)
    ledger.add(run, name, sites, found)
    return found


def cross_validate(
    recipe: Recipe,
    name: str,
    films: NDArray[np.uint8],
    frame: pd.DataFrame,
    k: int,
    runs: Path,
) -> dict[str, Any]:
    """Train `k` times, each film once in `test`; the figures of all test films together.

    Returns
    -------
    dict as of :func:`train.evaluation.evaluate.split_figures`, and ``folds``: macro-F1 of each.
    """
    run = f"{name.replace(':', '-')}-fold"
    parts = [
        _train_and_score(recipe, films, cut, runs / f"{run}{i}of{k}", ("test",))
        for i, cut in enumerate(splits.folds(frame, k, recipe.training.seed))
    ]
    each = [evaluate.split_figures(part, recipe.labels)["macro_f1"]["value"] for part in parts]
    return {**evaluate.split_figures(pd.concat(parts), recipe.labels), "folds": each}


def _train_and_score(
    recipe: Recipe,
    films: NDArray[np.uint8],
    frame: pd.DataFrame,
    run: Path,
    splits: tuple[str, ...],
) -> pd.DataFrame:
    fit(recipe, films, frame, run)
    model = build(recipe)
    model.load_weights(run / "best.weights.h5")
    head_refit.apply(model, recipe, films, frame)
    keep = np.flatnonzero(frame.split.isin(splits))
    rows = described(frame).iloc[keep].copy()
    logits = predict(model, films, keep, crop=recipe.preprocessing.crop)
    for k, label in enumerate(recipe.labels):
        rows[f"logit_{label}"] = logits[:, k]
    claim(run, recipe, frame)  # whose crop may have changed while this scored
    rows.to_csv(run / "predictions.csv", index=False, lineterminator="\n")
    return rows


def _site(rows: pd.DataFrame, labels: tuple[str, ...]) -> dict[str, Any]:
    held = [label for label in labels if (rows.label == label).any()]
    called = evaluate.logits_of(rows, labels).argmax(1)
    truth = evaluate.truth_of(rows, labels)
    return {
        "n": len(rows),
        "pairs": {
            f"{two} against {one}": evaluate.pair_auroc(rows, two, one)
            for i, one in enumerate(held)
            for two in held[i + 1 :]
        },
        "recall": {
            label: float((called[truth == k] == k).mean())
            for k, label in enumerate(labels)
            if label in held
        },
    }
