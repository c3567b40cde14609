"""A run folder: whose it is, by its ``plan.json`` of the recipe and the films, so that no other run
is ever taken for it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd

from cxr.errors import DataError

from ..recipes.recipe import Recipe, made

PLAN = "plan.json"
_AFTERWARDS = ("card", "operating", "search")
"""Parts of a recipe that training doesn't see."""
_RIM = "preprocessing.rim"


def claim(run: Path, recipe: Recipe, frame: pd.DataFrame) -> None:
    """Write down whose the run folder is, or see that it is this recipe's on these films. A folder
    that says nothing, from before there were plans, is taken for this run's, and so is one where
    only the rim differs that is hidden in scoring; of both, what was scored goes.

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
        differs = _differences(_written(path), own)
        if not differs:
            return
        if differs != [_RIM]:
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


def check_recipe(run: Path, recipe: Recipe) -> None:
    """See that a run is of this recipe, on whatever films.

    Raises
    ------
    DataError
        ``no_run``, also for a folder that doesn't say; ``other_run``.
    """
    try:
        there = _written(run / PLAN)
        del there["films"]
    except (OSError, ValueError, LookupError, TypeError):
        raise DataError(
            "no_run",
            f"The folder {run.name!r} holds no run that says what it is of. Name a run of python "
            "-m train sites; one from before runs had a plan gets it by the same command again.",
        ) from None
    if differs := _differences(there, _decisive(recipe)):
        raise DataError(
            "other_run",
            f"The run folder {run.name!r} is not of the bundle's recipe: {', '.join(differs)} "
            f"{'differs' if len(differs) == 1 else 'differ'}. Name a run of the same recipe.",
        )


def _plan(recipe: Recipe, frame: pd.DataFrame) -> dict[str, Any]:
    decisive = ["image", "label", "split", "source", "recommended"]
    films = frame[decisive].to_csv(index=False, lineterminator="\n")
    return {**_decisive(recipe), "films": hashlib.sha256(films.encode()).hexdigest()}


def _written(path: Path) -> dict[str, Any]:
    """As :func:`_plan`, of a folder; what recipes could not say yet is as if left out."""
    values = json.loads(path.read_text(encoding="utf-8"))
    films = values.pop("films")
    return {**_decisive(made(values)), "films": films}


def _decisive(recipe: Recipe) -> dict[str, Any]:
    values = {k: v for k, v in recipe.to_dict().items() if k not in _AFTERWARDS}
    plain: dict[str, Any] = json.loads(json.dumps(values))
    return plain


def _differences(one: dict[str, Any], other: dict[str, Any], where: str = "") -> list[str]:
    """Paths such as ``training.seed`` at which two plans differ."""
    found = []
    for key in sorted(one.keys() | other.keys()):
        a, b = one.get(key), other.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            found += _differences(a, b, f"{where}{key}.")
        elif a != b:
            found.append(f"{where}{key}")
    return found
