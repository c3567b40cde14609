"""Whether a data folder's films are what a recipe is about: asked before any film is read."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from cxr.errors import DataError

from ..recipes.recipe import Recipe
from .manifest import chosen

OWN = "own"
"""The recipe that takes whatever labels and sources a folder has."""
_WAY_OUT = f"--recipe {OWN} takes the labels and sources that a folder has."


def completed(recipe: Recipe, frame: pd.DataFrame) -> Recipe:
    """The recipe with its labels: a recipe that names none tells apart what the films of train are
    called, in the order of the alphabet.

    Parameters
    ----------
    recipe : Recipe
    frame : DataFrame
        As :func:`train.data.manifest.load` gives it.

    Raises
    ------
    DataError
        ``recipe_misfit``: the folder has no film of the recipe's sources, or lacks one of its
        labels there, or has fewer than two labels. ``bad_recipe``: it names a label that the folder
        lacks.
    """
    films = chosen(frame, (), recipe.sources, recipe.relabel)
    if films.empty:
        raise _misfit(
            f"The recipe takes films of {_all(recipe.sources or ['any source'])} only, and this "
            f"folder's are {_counted(frame.source, 'of')}."
        )
    if not recipe.labels:
        return _labelled(recipe, films)
    if lacking := [label for label in recipe.labels if label not in set(films.label)]:
        where = f" of {_all(recipe.sources)}" if recipe.sources else ""
        raise _misfit(
            f"The recipe tells {_all(recipe.labels)} apart, and this folder has no film{where} "
            f"labelled {_all(lacking, 'or')}: its films are {_counted(films.label, 'labelled')}."
        )
    return recipe


def _labelled(recipe: Recipe, films: pd.DataFrame) -> Recipe:
    learnt = films.label[(films.split == "train") & (films.recommended != "0")]
    labels = tuple(sorted(set(learnt)))
    if len(labels) < 2:
        raise DataError(
            "recipe_misfit",
            f"A network tells two labels or more apart. The films to learn from (split train) are "
            f"{_counted(learnt, 'labelled')}.",
        )
    try:
        return replace(recipe, labels=labels)
    except ValueError as error:
        raise DataError("bad_recipe", f"The recipe is wrong: {error}.") from error


def _misfit(why: str) -> DataError:
    return DataError("recipe_misfit", f"{why} {_WAY_OUT}")


def _all(names: list[str] | tuple[str, ...], last: str = "and") -> str:
    *others, end = names
    return f"{', '.join(others)} {last} {end}" if others else end


def _counted(values: pd.Series, what: str) -> str:
    counts = values.value_counts()
    said = [f"{what} {name or 'nothing'} ({count})" for name, count in counts.head(6).items()]
    return ", ".join(said) + ", …" * (len(counts) > 6) if said else "none"
