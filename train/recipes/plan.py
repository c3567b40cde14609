"""What of a recipe decides which network comes of it, and how a run folder writes that down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cxr.errors import DataError

from .recipe import Recipe, stored

PLAN = "plan.json"
"""In a run folder: what decides, and the hash of the films under ``films``."""
_AFTERWARDS = ("card", "operating", "search")
"""Parts of a recipe that training doesn't see."""


def decisive(recipe: Recipe) -> dict[str, Any]:
    """All that training sees, as JSON would have it."""
    values = {k: v for k, v in recipe.to_dict().items() if k not in _AFTERWARDS}
    plain: dict[str, Any] = json.loads(json.dumps(values))
    return plain


def written(path: Path) -> dict[str, Any]:
    """A run's plan; what recipes could not say yet is as if left out.

    Raises
    ------
    OSError, ValueError, LookupError, TypeError
        It cannot be read, or is none.
    """
    values = json.loads(path.read_text(encoding="utf-8"))
    films = values.pop("films")
    plan = {**decisive(stored(values)), "films": films}
    if hidden := values["preprocessing"].get("rim"):
        plan["preprocessing"]["rim"] = hidden
    return plan


def of_run(run: Path) -> dict[str, Any]:
    """What decided of a run folder's network.

    Raises
    ------
    DataError
        ``no_run``, also for a folder that doesn't say.
    """
    try:
        there = written(run / PLAN)
    except (OSError, ValueError, LookupError, TypeError):
        raise DataError(
            "no_run",
            f"The folder {run.name!r} holds no run that says what it is of. Name a run of python "
            "-m train sites; one from before runs had a plan gets it by the same command again.",
        ) from None
    return {key: value for key, value in there.items() if key != "films"}


def differences(one: dict[str, Any], other: dict[str, Any], where: str = "") -> list[str]:
    """Paths such as ``training.seed`` at which two plans differ."""
    found = []
    for key in sorted(one.keys() | other.keys()):
        a, b = one.get(key), other.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            found += differences(a, b, f"{where}{key}.")
        elif a != b:
            found.append(f"{where}{key}")
    return found
