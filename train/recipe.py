"""A recipe: one small TOML file that holds everything a training run can be asked to do."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from cxr.errors import DataError
from cxr.preprocess import Preprocessing

RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Network:
    """Which file of ``train/architectures`` and what it is given."""

    architecture: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Training:
    """How long, how fast, in what steps.

    Attributes
    ----------
    epochs, patience : int
        At most this many epochs; stop after so many without a better validation score.
    films_per_epoch : int
        Films drawn an epoch, with replacement; the draw is balanced, so there is no "one pass".
    balance : float
        A (source, label) cell of n films is drawn in proportion to ``n ** balance`` within its
        label; labels are drawn equally. 1 = as they come, 0 = every cell alike.
    learning_rate, weight_decay : float
        Of AdamW; the rate warms up over `warmup` steps and then falls as a cosine.
    """

    epochs: int
    batch: int
    films_per_epoch: int
    learning_rate: float
    weight_decay: float = 0.0
    warmup: int = 0
    label_smoothing: float = 0.0
    balance: float = 0.5
    patience: int = 5
    seed: int = 0
    mixed_precision: bool = False


@dataclass(frozen=True)
class Augmentation:
    """Strength of each disturbance of :mod:`train.augment`; the probabilities are per film."""

    flip: float = 0.0
    zoom: float = 0.0
    aspect: float = 0.0
    rotate: float = 0.0
    gamma: float = 0.0
    contrast: float = 0.0
    equalise: float = 0.0
    invert: float = 0.0
    blur: float = 0.0
    sharpen: float = 0.0
    noise: float = 0.0
    markers: float = 0.0
    boxes: float = 0.0
    borders: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a run produces, besides the films."""

    labels: tuple[str, ...]
    network: Network
    preprocessing: Preprocessing
    training: Training
    augmentation: Augmentation

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def _table(kind: Any, values: dict[str, Any], where: str) -> Any:
    known = {f.name for f in fields(kind)}
    if unknown := sorted(set(values) - known):
        raise DataError(
            "bad_recipe",
            f"The recipe's [{where}] has unknown keys {', '.join(unknown)}; "
            f"it knows {', '.join(sorted(known))}.",
        )
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:
        raise DataError("bad_recipe", f"The recipe's [{where}] is wrong: {error}.") from error


def load(name: str) -> Recipe:
    """Read a recipe by name (``train/recipes/NAME.toml``) or by path.

    Raises
    ------
    DataError
        ``no_recipe`` or ``bad_recipe``.
    """
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in RECIPES.glob("*.toml")))
        raise DataError("no_recipe", f"There is no recipe {name!r}; there are {there}.")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise DataError("bad_recipe", f"The recipe is not valid TOML: {error}.") from error
    values["labels"] = tuple(values.get("labels", ()))
    for key, kind in (
        ("network", Network),
        ("preprocessing", Preprocessing),
        ("training", Training),
        ("augmentation", Augmentation),
    ):
        values[key] = _table(kind, values.get(key, {}), key)
    recipe: Recipe = _table(Recipe, values, "top level")
    if len(set(recipe.labels)) < 2:
        raise DataError("bad_recipe", "A recipe needs at least two different labels.")
    return recipe
