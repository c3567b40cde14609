"""Look for better values of a recipe, within what its ``[search]`` table allows.

::

    [search.training]
    learning_rate = { log = [1e-4, 1e-2] }      # any value between, each factor of ten alike
    warmup = { between = [0, 300] }             # whole numbers where both ends are
    optimizer = { any = ["adamw", "sgd"] }
    [search.network.options]
    dropout = { between = [0.0, 0.5] }

Optuna's tree-structured Parzen estimator proposes; the study is an SQLite file in the run folder.
A trial that was killed is begun again with its own values and goes on from its last whole epoch.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import optuna
import pandas as pd
from numpy.typing import NDArray

from cxr.errors import DataError

from ..data import splits
from ..fit.training import SCORE, fit
from ..recipes.checked import misfit
from ..recipes.recipe import PARTS, Recipe, made
from . import site_holdout

KINDS = ("log", "between", "any")
PLACE = "place"
"""What a trial remembers: the number of its run folder, which it inherits from a killed one."""


@dataclass(frozen=True)
class SearchRange:
    """What one value of a recipe may be: `kind` is one of :data:`KINDS`."""

    kind: str
    values: tuple[Any, ...]

    def propose(self, trial: optuna.Trial, name: str) -> Any:
        """A value of this range."""
        if self.kind == "any":
            return trial.suggest_categorical(name, self.values)
        low, high = self.values
        if isinstance(low, int) and isinstance(high, int):
            return trial.suggest_int(name, low, high, log=self.kind == "log")
        return trial.suggest_float(name, low, high, log=self.kind == "log")


def ranges(recipe: Recipe) -> dict[str, SearchRange]:
    """The ranges of a recipe's ``[search]``, by the dotted path of the value.

    Raises
    ------
    DataError
        ``bad_recipe``, also where there is none.
    """
    found = dict(_ranges(recipe.search, ()))
    if not found:
        raise DataError(
            "bad_recipe",
            "The recipe has no [search] table. Say what may change: "
            "[search.training] learning_rate = { log = [1e-4, 1e-2] }.",
        )
    if strange := sorted(path for path in found if path.partition(".")[0] not in PARTS):
        raise DataError(
            "bad_recipe",
            f"[search] names {', '.join(strange)}; it may change values of {', '.join(PARTS)}.",
        )
    return found


def _ranges(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, SearchRange]]:
    for key, value in table.items():
        here = (*path, key)
        if isinstance(value, dict) and value and not set(value) & set(KINDS):
            yield from _ranges(value, here)
            continue
        kind, values = next(iter(value.items())) if isinstance(value, dict) and value else ("", ())
        if not _sensible(kind, values) or len(value) > 1:
            raise DataError(
                "bad_recipe",
                f"[search] {'.'.join(here)} must be {{ log = [low, high] }}, "
                "{ between = [low, high] } or { any = [one, other] }, low below high.",
            )
        yield ".".join(here), SearchRange(kind, tuple(values))


def _sensible(kind: str, values: Any) -> bool:
    if kind == "any":
        return isinstance(values, list) and len(values) > 1
    if kind not in KINDS or not isinstance(values, list) or len(values) != 2:
        return False
    numbers = not any(misfit(value, float) for value in values)
    return numbers and values[0] < values[1] and (kind != "log" or values[0] > 0)


def changed(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """`recipe` with other values, by dotted path.

    Raises
    ------
    DataError
        ``bad_recipe``: a recipe has no such place, or not such a value.
    """
    table = recipe.to_dict()
    for path, value in values.items():
        *folders, key = path.split(".")
        place: Any = table
        for folder in folders:
            place = place.get(folder) if isinstance(place, dict) else None
        if not isinstance(place, dict):
            raise DataError(
                "bad_recipe", f"[search] names {path}; a recipe has no [{'.'.join(folders)}]."
            )
        place[key] = value
    return made(table)


def search(
    recipe: Recipe,
    films: NDArray[np.uint8],
    frame: pd.DataFrame,
    run: Path,
    trials: int,
    sites: Sequence[str] = (),
) -> optuna.Study:
    """Try values until the study has so many trials behind it.

    Parameters
    ----------
    recipe : Recipe
    films : uint8 (n, S, S)
    frame : DataFrame of n rows
    run : Path
        ``study.db``, ``trials.csv`` and a run folder a trial; continued if it holds a study.
    trials : int
        In all, those of earlier calls counted.
    sites : sequence of str
        A trial's score is the mean AUROC of each two labels that these sites hold, trained without
        them; without sites it is the best epoch's recall on `val`, averaged over sources.

    Returns
    -------
    optuna.Study

    Raises
    ------
    DataError
        ``bad_recipe``, ``unknown_site``, ``bad_data``; ``no_pairs`` if no site holds two labels;
        ``no_trials`` if none is asked for, or every one was refused.
    """
    if trials < 1:
        raise DataError("no_trials", "A search is at least one trial; --trials says how many.")
    allowed = ranges(recipe)
    if "preprocessing.crop" in allowed and not sites:
        raise DataError(
            "bad_recipe",
            "[search] names preprocessing.crop, which training and its judging on val don't see. "
            "Say --leave-out, or leave it out.",
        )
    changed(recipe, {path: each.values[0] for path, each in allowed.items()})
    if sites:
        inside = splits.without_sites(frame, sites)
        held = inside[inside.split == splits.LEFT_OUT].groupby("source").label.nunique()
        if held.max() < 2:
            raise DataError("no_pairs", "None of these sites holds two labels: there is no AUROC.")
    run.mkdir(parents=True, exist_ok=True)
    score = _by_sites(films, frame, sites) if sites else _by_val(films, frame)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        study_name="search",
        storage=f"sqlite:///{run / 'study.db'}",
        direction="maximize",
        load_if_exists=True,
    )
    _begin_again(study)
    while len(behind := _finished(study)) < trials:
        # Seeded by how far the study is: what is proposed does not depend on where it was stopped.
        study.sampler = optuna.samplers.TPESampler(seed=recipe.training.seed + len(behind))
        trial = study.ask()
        _try(trial, study, allowed, recipe, run, score)
        study.trials_dataframe().to_csv(run / "trials.csv", index=False, lineterminator="\n")
    if all(trial.state == optuna.trial.TrialState.PRUNED for trial in behind):
        raise DataError(
            "no_trials",
            f"None of {len(behind)} trials has a score. The last was refused: "
            f"{behind[-1].user_attrs['refused']} Mend the recipe, then delete or move the folder "
            f"{run.name!r} and search again.",
        )
    return study


def _begin_again(study: optuna.Study) -> None:
    """Trials that a killed process left are given up, and their values asked for once more."""
    for left in study.get_trials(states=[optuna.trial.TrialState.RUNNING]):
        study.tell(left.number, state=optuna.trial.TrialState.FAIL)
        if PLACE in left.user_attrs:
            study.enqueue_trial(left.params, user_attrs=dict(left.user_attrs))


def _finished(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Trials with a score, and those whose values the recipe refuses."""
    states = [optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED]
    return study.get_trials(deepcopy=False, states=states)


def _try(
    trial: optuna.Trial,
    study: optuna.Study,
    allowed: Mapping[str, SearchRange],
    recipe: Recipe,
    run: Path,
    score: Callable[[Recipe, Path], float],
) -> None:
    try:
        values = {path: each.propose(trial, path) for path, each in allowed.items()}
    except ValueError as error:  # Optuna's, of a study that knows a value by another kind of range
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
        raise DataError(
            "bad_recipe",
            f"The study in the folder {run.name!r} was begun with other choices or another kind of "
            "range in [search]. Put them back, or delete or move that folder.",
        ) from error
    trial.set_user_attr(PLACE, trial.user_attrs.get(PLACE, trial.number))
    folder = run / f"trial{trial.user_attrs[PLACE]:03d}"
    print(f"trial {folder.name}: {values}", flush=True)
    try:
        value = score(changed(recipe, values), folder)
        if not math.isfinite(value):
            raise DataError("bad_recipe", "What these values led to has no score.")
    except DataError as refusal:  # values that do not go together, or with the network
        trial.set_user_attr("refused", refusal.message)
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        print(refusal.message, flush=True)
        return
    study.tell(trial, value)
    for backup in folder.glob("**/backup*"):
        shutil.rmtree(backup)
    print(f"trial {folder.name}: {value:.4f}, best {study.best_value:.4f}", flush=True)


def _by_val(films: NDArray[np.uint8], frame: pd.DataFrame) -> Callable[[Recipe, Path], float]:
    def score(recipe: Recipe, folder: Path) -> float:
        fit(recipe, films, frame, folder)
        keras.utils.clear_session()  # else the networks of all trials stay in memory
        history = pd.read_csv(folder / "history.csv")
        return float(history[SCORE][recipe.training.best_after :].max())

    return score


def _by_sites(
    films: NDArray[np.uint8], frame: pd.DataFrame, sites: Sequence[str]
) -> Callable[[Recipe, Path], float]:
    def score(recipe: Recipe, folder: Path) -> float:
        found = site_holdout.leave_out(recipe, "search", films, frame, sites, folder)
        keras.utils.clear_session()
        areas = [area["value"] for site in sites for area in found[site]["pairs"].values()]
        return float(np.mean(areas))

    return score
