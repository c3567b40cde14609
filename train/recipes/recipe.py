"""A recipe: one small TOML file that holds everything a training run can be asked to do.

Runs that are to be compared are variants of one recipe: ``[variants.NAME]`` holds what differs,
key by key within its four tables (their ``options`` as a whole), and ``recipe:NAME`` loads it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from cxr.errors import DataError
from cxr.imaging.corruptions import CORRUPTIONS
from cxr.imaging.preprocessing import Preprocessing
from cxr.metrics.model_card import WORDS

from .checked import table

RECIPES = Path(__file__).parent


@dataclass(frozen=True)
class Network:
    """Which file of ``train/networks``, what it is given and what it starts from.

    Attributes
    ----------
    weights : str
        Empty: as the architecture starts by itself. ``imagenet`` or the path of a file: see
        :mod:`train.fit.pretrained`.
    """

    architecture: str
    options: dict[str, Any] = field(default_factory=dict)
    weights: str = ""


@dataclass(frozen=True)
class Training:
    """How long, how fast, in what steps; each within :data:`train.recipes.checked.RANGES`.

    Attributes
    ----------
    epochs, patience : int
        At most this many epochs; stop after so many without a better validation score.
    best_after : int
        The first epochs, whose weights are never kept and against which no patience is counted.
    films_per_epoch : int
        Films drawn an epoch; 0 = as many as there are to draw from.
    draw : {"balanced", "all", "downsample"}
        With replacement, labels equally often; every film once; every film once of as many of each
        label as the rarest has, the same throughout the run.
    balance : float
        In a balanced draw, a (source, label) cell of n films is drawn in proportion to
        ``n ** balance`` within its label. 1 = as they come, 0 = every cell alike.
    loss_balance : float
        A film's loss counts in proportion to ``n ** -loss_balance``, n films of its label being
        learnt from. 0 = every film alike, 1 = every label alike.
    loss : {"cross_entropy", "hinge", "sigmoid_hinge"}
        See :mod:`train.fit.losses`.
    within : tuple of str
        Labels that are told from each other only by films of sources that hold all of them: what a
        source with one of them teaches about them is mostly the source. Empty = by all films.
    source_smoothing : float
        Share of a film's target that is spread over the labels where its source holds no other
        label; less in proportion to the films of others there, so that a hospital with one label
        teaches it with less certainty.
    averaged : float
        The weights that are judged and kept are a running mean over the steps, of which each step
        keeps this share (Morales-Brotons et al. 2024); 0 = the weights of the last step.
    refit : float
        Share in the last layer of one that is fitted afterwards, blind to what tells hospitals
        apart, see :mod:`train.fit.head_refit`; 0 = as it was trained. Training doesn't see it.
    refit_copies : tuple of str
        Kinds of :data:`cxr.imaging.corruptions.CORRUPTIONS` that this layer is to be blind to as
        well.
    optimizer : {"adamw", "adam", "rmsprop", "sgd"}
    learning_rate, weight_decay : float
    schedule : {"cosine", "constant", "plateau"}
        What the rate does: warms up over `warmup` steps, then falls as a cosine; stays; halves
        whenever three epochs brought no lower validation loss.
    clip : float
        Longest gradient of one weight array; 0 = as they come.
    frozen_epochs : int
        So many epochs only what comes after the layer ``features`` learns; all of them: nothing
        else ever does.
    unfreeze_from : str
        The layer from which on everything learns afterwards; empty = all.
    unfrozen_rate : float
        The learning rate afterwards; 0 = the same.
    """

    epochs: int
    batch: int
    learning_rate: float
    films_per_epoch: int = 0
    draw: str = "balanced"
    balance: float = 0.5
    loss_balance: float = 0.0
    loss: str = "cross_entropy"
    label_smoothing: float = 0.0
    within: tuple[str, ...] = ()
    source_smoothing: float = 0.0
    averaged: float = 0.0
    refit: float = 0.0
    refit_copies: tuple[str, ...] = ()
    optimizer: str = "adamw"
    weight_decay: float = 0.0
    schedule: str = "cosine"
    warmup: int = 0
    clip: float = 5.0
    frozen_epochs: int = 0
    unfreeze_from: str = ""
    unfrozen_rate: float = 0.0
    best_after: int = 0
    patience: int = 5
    seed: int = 0
    mixed_precision: bool = False

    def __post_init__(self) -> None:
        if self.best_after >= self.epochs or self.frozen_epochs > self.epochs:
            raise ValueError("best_after must be less than epochs, frozen_epochs not more")
        if self.warmup and self.schedule != "cosine":
            raise ValueError("only a cosine warms up")
        if self.label_smoothing and self.loss != "cross_entropy":
            raise ValueError("only cross_entropy takes label_smoothing")
        if self.within and self.loss != "cross_entropy":
            raise ValueError("only cross_entropy takes within")
        if self.source_smoothing and (self.within or self.loss != "cross_entropy"):
            raise ValueError("only cross_entropy without within takes source_smoothing")
        if self.refit_copies and not self.refit:
            raise ValueError("refit_copies needs a refit")
        if unknown := sorted(set(self.refit_copies) - (set(CORRUPTIONS) - {"cropped"})):
            raise ValueError(f"no copy of the same size is {', '.join(unknown)}")


@dataclass(frozen=True)
class Augmentation:
    """Strength of each disturbance of :mod:`train.data.augmentation` and, the last four, of
    :mod:`train.data.mixing`; the probabilities are per film."""

    flip: float = 0.0
    zoom: float = 0.0
    shift: float = 0.0
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
    edges: float = 0.0
    speckle: float = 0.0
    grain: float = 0.0
    surround: float = 0.0
    lung_window: float = 0.0
    tone_mix: float = 0.0
    fourier: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a run produces, besides the films.

    Attributes
    ----------
    labels : tuple of str
        What is told apart; films of other labels are left out. Empty = what the data folder's films
        are called: :func:`train.data.recipe_films.completed` fills it in.
    sources : tuple of str
        Where the films come from; empty = everywhere.
    relabel : dict of str to str
        ``original_label`` → the label that takes the place of the manifest's.
    operating : dict of str to float
        Label → least sensitivity on `val` of its operating point; empty =
        :data:`train.export.fit_on_val.SENSITIVITY`.
    search : dict
        What :mod:`train.experiments.search` may change, and within what: tables and keys as in the
        recipe.
    card : dict of str to str
        What no figure can say, for the model card: Markdown by
        :data:`cxr.metrics.model_card.WORDS`.
    """

    labels: tuple[str, ...]
    network: Network
    preprocessing: Preprocessing
    training: Training
    augmentation: Augmentation
    sources: tuple[str, ...] = ()
    relabel: dict[str, str] = field(default_factory=dict)
    operating: dict[str, float] = field(default_factory=dict)
    search: dict[str, Any] = field(default_factory=dict)
    card: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.labels and len(set(self.labels)) < max(2, len(self.labels)):
            raise ValueError("labels must be at least two different names, or [] for the folder's")
        if unknown := sorted(set(self.card) - set(WORDS)):
            raise ValueError(f"the card has no part {', '.join(unknown)}")
        for key, names in (("operating", self.operating), ("within", self.training.within)):
            if self.labels and (unknown := sorted(set(names) - set(self.labels))):
                raise ValueError(f"{key} names no label of it: {', '.join(unknown)}")
        if not all(0 < share <= 1 for share in self.operating.values()):
            raise ValueError("operating gives sensitivities, above 0 and at most 1")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def learns_from(self) -> Preprocessing:
        """How a class network is shown films in training, the choice of its best epoch included:
        whole. Its crop is cut off when it scores."""
        return replace(self.preprocessing, crop=0)


PARTS = {
    "network": Network,
    "preprocessing": Preprocessing,
    "training": Training,
    "augmentation": Augmentation,
}


def _read(name: str) -> dict[str, Any]:
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in RECIPES.glob("*.toml")))
        raise DataError("no_recipe", f"There is no recipe {name!r}; there are {there}.")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise DataError("bad_recipe", "The recipe is not UTF-8 text; save it as UTF-8.") from error
    except ValueError as error:
        raise DataError("bad_recipe", f"The recipe is not valid TOML: {error}.") from error
    others = values.setdefault("variants", {})
    if not isinstance(others, dict) or not all(isinstance(v, dict) for v in others.values()):
        raise DataError(
            "bad_recipe",
            "The recipe's [variants] must be a table of tables: [variants.NAME], and what differs.",
        )
    return values


def variants(name: str) -> tuple[str, ...]:
    """The names that :func:`load` takes for one recipe: itself, then its variants."""
    return name, *(f"{name}:{variant}" for variant in _read(name)["variants"])


def load(name: str) -> Recipe:
    """Read a recipe by name (``train/recipes/NAME.toml``) or by path, or a variant of it
    (``NAME:VARIANT``).

    Raises
    ------
    DataError
        ``no_recipe`` or ``bad_recipe``.
    """
    split = re.fullmatch(r"(.+):(\w+)", name)
    name, variant = split.groups() if split else (name, None)
    values = _read(name)
    others = values.pop("variants")
    if variant is not None:
        if variant not in others:
            there = ", ".join(others) or "none"
            raise DataError(
                "no_recipe", f"The recipe {name!r} has no variant {variant!r}; there are {there}."
            )
        for key, value in others[variant].items():
            plain = values.get(key, {})
            both = key in PARTS and isinstance(plain, dict) and isinstance(value, dict)
            values[key] = {**plain, **value} if both else value
    return made(values)


def made(values: Mapping[str, Any]) -> Recipe:
    """A recipe of its values, as its file or :meth:`Recipe.to_dict` has them.

    Raises
    ------
    DataError
        ``bad_recipe``.
    """
    parts = {key: table(kind, values.get(key, {}), key) for key, kind in PARTS.items()}
    recipe: Recipe = table(Recipe, {**values, **parts})
    return recipe


def stored(values: Mapping[str, Any]) -> Recipe:
    """A recipe as a bundle or a run holds it. Those of before there was a crop say how much of the
    film's rim is hidden in scoring, which training never saw.

    Raises
    ------
    DataError
        ``bad_recipe``.
    """
    kept = {key: value for key, value in values["preprocessing"].items() if key != "rim"}
    return made({**values, "preprocessing": kept})
