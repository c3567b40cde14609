"""What is fitted for a bundle after its network: a text and arrays beside it, of one network alone.

The input checks' limits and the reference of hospitals are kept so. Their files are among those
whose hashes ``bundle.json`` holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ..errors import BundleError
from .bundle import Bundle

T = TypeVar("T")
P = ParamSpec("P")
Checked = Callable[[Any, dict[str, NDArray[Any]]], T]


def read(bundle: Bundle, stem: str, format: int, checked: Checked[T]) -> T | None:
    """Read ``STEM.json`` and ``STEM.npz`` of a checked bundle; None if it has none.

    Parameters
    ----------
    bundle : Bundle
    stem : str
        Also the command of ``python -m train`` that makes them, and the end of the refusal's code.
    format : int
        What the text must say under "format"; under "network" it says the bundle's digest.
    checked : callable
        Makes of the text and the arrays what they stand for; raises anything if they are not that.

    Raises
    ------
    BundleError
        ``bad_STEM``: they are another network's, or not what they should be.
    """
    text_file, arrays_file = (bundle.folder / f"{stem}.{ending}" for ending in ("json", "npz"))
    if not text_file.is_file():
        return None
    try:
        text = json.loads(text_file.read_text(encoding="utf-8"))
        with np.load(arrays_file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        if text["format"] != format or text["network"] != bundle.digest:
            raise ValueError("they were made for another network or version")
        return checked(text, arrays)
    except Exception as error:  # NumPy lets through whatever zipfile and zlib meet
        raise BundleError(
            f"bad_{stem}",
            f"The bundle's {text_file.name} or {arrays_file.name} cannot be used: {error}. Make "
            f"them again with: python -m train {stem} --data DIR --out models/NAME",
        ) from error


def once(load: Callable[Concatenate[Bundle, P], T]) -> Callable[Concatenate[Bundle, P], T]:
    """`load`, called once for each bundle that is open."""
    held: WeakKeyDictionary[Bundle, T] = WeakKeyDictionary()

    @wraps(load)
    def found(bundle: Bundle, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if bundle not in held:
            held[bundle] = load(bundle, *args, **kwargs)
        return held[bundle]

    return found
