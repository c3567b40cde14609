"""What a recipe's tables may hold: the types that their dataclasses declare, within ranges."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

from cxr.errors import DataError


class AllowedRange(NamedTuple):
    """Whether a value is in it, and what the value must be in words."""

    holds: Callable[[Any], bool]
    words: str


def _one_of(*names: str) -> AllowedRange:
    return AllowedRange(lambda value: value in names, f"one of {', '.join(names)}")


def _between(low: int, high: int) -> AllowedRange:
    return AllowedRange(lambda value: low <= value <= high, f"from {low} to {high}")


ABOVE_0 = AllowedRange(lambda value: value > 0, "above 0")
FROM_0 = AllowedRange(lambda value: value >= 0, "0 or more")
FROM_1 = AllowedRange(lambda value: value >= 1, "1 or more")
PART = AllowedRange(lambda value: 0 <= value < 1, "0 or more and below 1")
SHARE = _between(0, 1)
RANGES: Mapping[str, Mapping[str, AllowedRange]] = {
    "training": {
        "epochs": FROM_1,
        "batch": FROM_1,
        "learning_rate": ABOVE_0,
        "films_per_epoch": FROM_0,
        "draw": _one_of("balanced", "all", "downsample"),
        "balance": SHARE,
        "loss_balance": SHARE,
        "loss": _one_of("cross_entropy", "hinge", "sigmoid_hinge"),
        "label_smoothing": PART,
        "source_smoothing": PART,
        "averaged": PART,
        "refit": SHARE,
        "optimizer": _one_of("adamw", "adam", "rmsprop", "sgd"),
        "weight_decay": FROM_0,
        "schedule": _one_of("cosine", "constant", "plateau"),
        "warmup": FROM_0,
        "clip": FROM_0,
        "frozen_epochs": FROM_0,
        "unfrozen_rate": FROM_0,
        "best_after": FROM_0,
        "patience": FROM_1,
        "seed": _between(0, 2**31 - 1),
    },
    "augmentation": {
        **dict.fromkeys(("flip", "shift", "contrast", "equalise", "invert", "blur"), SHARE),
        **dict.fromkeys(("sharpen", "noise", "markers", "boxes", "borders", "edges"), SHARE),
        **dict.fromkeys(("speckle", "grain", "surround", "lung_window"), SHARE),
        **dict.fromkeys(("tone_mix", "fourier"), SHARE),
        "zoom": PART,
        "aspect": FROM_0,
        "rotate": _between(0, 180),
        "gamma": FROM_0,
    },
}

_ONE = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
_SEVERAL = {int: "whole numbers", float: "numbers", str: "texts"}


def misfit(value: Any, kind: Any) -> str:
    """What `value` must be to be of a declared type, in words; empty if it is.

    Parameters
    ----------
    value
        As TOML or JSON gives it.
    kind : type
        bool, int, float, str, ``tuple[X, ...]``, ``dict[str, X]`` or a class. A whole number is a
        number, what is not finite is none, true and false are neither.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is float:
        fits = number and abs(value) <= sys.float_info.max
    elif kind is int:
        fits = number and isinstance(value, int)
    elif get_origin(kind) is tuple:
        of = get_args(kind)[0]
        fits = isinstance(value, list | tuple) and not any(misfit(each, of) for each in value)
        return "" if fits else f"a list of {_SEVERAL[of]}"
    elif get_origin(kind) is dict:
        of = get_args(kind)[1]
        fits = isinstance(value, dict)
        if of is not Any:
            fits = fits and not any(misfit(each, of) for each in value.values())
            return "" if fits else f"a table of {_SEVERAL[of]}"
    else:
        fits = isinstance(value, kind)
    return "" if fits else _ONE.get(kind, "a table")


def table(kind: Any, values: Any, where: str = "") -> Any:
    """The dataclass `kind` of a recipe's values.

    Parameters
    ----------
    kind : type
    values : dict
        Lists where the class has tuples.
    where : str
        The table's name, by which :data:`RANGES` know it; empty = the recipe's top level.

    Raises
    ------
    DataError
        ``bad_recipe``; it names every key that is wrong.
    """
    name = f"The recipe's [{where}]" if where else "The recipe"
    if not isinstance(values, Mapping):
        raise DataError("bad_recipe", f"{name} must be a table: a heading, then key = value lines.")
    kinds = get_type_hints(kind)
    if unknown := sorted(set(values) - set(kinds)):
        raise DataError(
            "bad_recipe",
            f"{name} has unknown keys {', '.join(unknown)}; it knows {', '.join(sorted(kinds))}.",
        )
    if wrong := _wrong(kind, kinds, values, RANGES.get(where, {})):
        raise DataError("bad_recipe", f"{name} is wrong: {'; '.join(wrong)}.")
    lists = {key: tuple(values[key]) for key in values if get_origin(kinds[key]) is tuple}
    try:
        return kind(**{**values, **lists})
    except ValueError as error:  # of values that do not go together
        raise DataError("bad_recipe", f"{name} is wrong: {error}.") from error


def _wrong(
    kind: Any,
    kinds: Mapping[str, Any],
    values: Mapping[str, Any],
    ranges: Mapping[str, AllowedRange],
) -> list[str]:
    wrong = [
        f"{field.name} is missing"
        for field in fields(kind)
        if field.name not in values and field.default is field.default_factory is MISSING
    ]
    for key, value in values.items():
        if must := misfit(value, kinds[key]):
            wrong.append(f"{key} must be {must}")
        elif key in ranges and not ranges[key].holds(value):
            wrong.append(f"{key} must be {ranges[key].words}")
    return wrong
