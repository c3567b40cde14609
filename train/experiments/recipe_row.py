"""A run's row of docs/recipes.md: what was seen, how long it took, and what came of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from cxr.errors import DataError
from cxr.metrics.bootstrap import Estimate
from cxr.metrics.evidence import MACRO, figures
from cxr.metrics.predictions import table
from cxr.model.bundle import Bundle, open_bundle

from ..data import manifest
from ..data.batches import FilmBatches
from ..fit.history import best_epoch
from ..fit.training import SCORE
from ..recipes import recipe

_NAMES = {"f1": "F1", "auroc": "AUROC"}


def row(folder: Path, frame: pd.DataFrame) -> str:
    """Films seen, minutes, and figures on `test` with 95 % intervals by patient.

    Parameters
    ----------
    folder : Path
        A bundle that a recipe's run was exported to.
    frame : DataFrame
        As :func:`train.data.manifest.load` gives it.

    Raises
    ------
    DataError
        ``no_recipe``: another way led to the bundle; ``bad_data``: the manifest has no film of the
        recipe's `train` or `test`.
    """
    bundle = open_bundle(folder)
    if "recipe" not in bundle.provenance:
        raise DataError("no_recipe", "The bundle was not trained by a recipe, so it has no row.")
    plan = recipe.stored(bundle.provenance["recipe"])
    frame = manifest.of_bundle(frame, bundle, ("train", "test"))
    learn = np.flatnonzero((frame.split == "train") & (frame.recommended == "1"))
    films = len(FilmBatches(np.empty(0, np.uint8), frame, plan, rows=learn)) * plan.training.batch
    past = pd.read_csv(folder / "history.csv")
    first = plan.training.best_after
    kept = first + best_epoch(past.to_dict("records")[first:], SCORE)
    epochs = f"{len(past)} epoch{'s' * (len(past) > 1)} of {films:,}"
    seen = f"{films * len(past):,} ({epochs}; epoch {kept + 1} kept)"
    minutes = round(past.seconds.sum() / 60)
    return f"| {bundle.name} | {seen} | {minutes} | {'; '.join(_told(bundle))} |"


def _told(bundle: Bundle) -> list[str]:
    """Of two labels the second one's figures, of more each one's F1."""
    labels = bundle.labels
    found = figures(table(bundle).query("split == 'test'"), labels)
    if len(labels) == 2:
        names = [(name, labels[1]) for name in ("precision", "recall", "f1", "auroc")]
    else:
        names = [("f1", label) for label in (*labels, MACRO)]
    said = [("accuracy", ""), *names]
    return [f"{of} {_NAMES.get(name, name)} {_said(found[name, of])}".strip() for name, of in said]


def _said(found: Estimate) -> str:
    if found.value != found.value:
        return "–"
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})".replace("0.", ".")
