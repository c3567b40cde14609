"""The zoo: one file a network, each with ``build(size, classes, **options)``.

A network takes grey films, float32 (batch, size, size, 1) of 0 to 255, and scales them itself.
Its last layer is named ``logits``; the layer whose maps Grad-CAM reads, ``features``, is missing
where a network has no convolution. Losses, schedules and augmentation belong elsewhere: the same
network is built to be trained, resumed and exported.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

from ..recipes.checked import misfit

NAMES = tuple(
    sorted(p.stem for p in Path(__file__).parent.glob("*.py") if not p.stem.startswith("_"))
)


def options(name: str) -> dict[str, Any]:
    """What the network `name` can be given besides its size and classes: option → type.

    Raises
    ------
    ValueError
        If there is no such network.
    """
    if name not in NAMES:
        raise ValueError(f"no architecture {name!r}; there are {', '.join(NAMES)}")
    kinds = get_type_hints(import_module(f"{__name__}.{name}").build)
    return {key: kinds[key] for key in kinds if key not in ("size", "classes", "return")}


def build(name: str, size: int, classes: int, /, **given: Any) -> Any:
    """Build the network `name` for films of `size` pixels; a ``keras.Model`` that gives logits.

    Raises
    ------
    ValueError
        If there is no such network, or not with such options, size or classes.
    """
    known = options(name)
    if strange := sorted(set(given) - set(known)):
        there = ", ".join(known) or "none"
        raise ValueError(f"{name} has no option {', '.join(strange)}; it has {there}")
    if wrong := [
        f"{key} must be {must}" for key in given if (must := misfit(given[key], known[key]))
    ]:
        raise ValueError("; ".join(wrong))
    return import_module(f"{__name__}.{name}").build(size, classes, **given)
