"""The zoo: one file a network, each with ``build(size, classes, **options)``.

A network takes grey films, float32 (batch, size, size, 1) of 0 to 255, and scales them itself.
Its last layer is named ``logits``; the layer whose maps Grad-CAM reads, ``features``, is missing
where a network has no convolution.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

NAMES = tuple(
    sorted(p.stem for p in Path(__file__).parent.glob("*.py") if not p.stem.startswith("_"))
)


def build(name: str, size: int, classes: int, **options: Any) -> Any:
    """Build the network `name` for films of `size` pixels; a ``keras.Model`` that gives logits.

    Raises
    ------
    ValueError
        If there is no such network.
    """
    if name not in NAMES:
        raise ValueError(f"no architecture {name!r}; there are {', '.join(NAMES)}")
    return import_module(f"{__name__}.{name}").build(size, classes, **options)
