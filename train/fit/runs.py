"""A run folder: whose it is, by its ``plan.json`` of the recipe and the films, so that no other run
is ever taken for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cxr.errors import DataError

from ..recipes.plan import PLAN, decisive, differences, written
from ..recipes.recipe import Recipe

_SCORING = {
    "preprocessing.crop",
    "preprocessing.rim",
    "training.refit",
    "training.refit_copies",
}
"""What training does not see. Plans from before there was a crop may have a hidden rim."""


def without(runs: Path, name: str, sites: Sequence[str]) -> Path:
    """The folder below `runs` of a recipe that is trained without `sites`."""
    return runs / f"{name.replace(':', '-')}-without-{'-'.join(sites)}"


def claim(run: Path, recipe: Recipe, frame: pd.DataFrame) -> None:
    """Write down whose the run folder is, or see that it is this recipe's on these films. A folder
    that says nothing, from before there were plans, is taken for this run's, and so is one where
    only what training does not see differs; of both, what was scored goes.

    Parameters
    ----------
    run : Path
        An existing folder.
    recipe : Recipe
    frame : DataFrame
        All films of the run, as :func:`train.data.manifest.load` has them.

    Raises
    ------
    DataError
        ``other_run``.
    """
    path, own = run / PLAN, _plan(recipe, frame)
    if path.is_file():
        differs = differences(written(path), own)
        if not differs:
            return
        if not _SCORING.issuperset(differs):
            raise DataError(
                "other_run",
                f"The run folder {run.name!r} holds another run: {', '.join(differs)} "
                f"{'differs' if len(differs) == 1 else 'differ'}. Give this one another --out or "
                "--runs, or delete that folder.",
            )
    (run / "predictions.csv").unlink(missing_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(own, indent=1) + "\n", encoding="utf-8")
    part.replace(path)  # whole or not at all, whenever the run is killed


def _plan(recipe: Recipe, frame: pd.DataFrame) -> dict[str, Any]:
    columns = ["image", "label", "split", "source", "recommended"]
    films = frame[columns].to_csv(index=False, lineterminator="\n")
    return {**decisive(recipe), "films": hashlib.sha256(films.encode()).hexdigest()}
