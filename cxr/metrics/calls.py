"""What a network's calls have meant, as its bundle keeps it: how it calls films of diseases that it
was never taught, and how well it orders films of hospitals that it does not know.

``calls.json`` is written by ``python -m train calls`` and holds for one network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import BundleError
from ..model import fitted_files
from ..model.bundle import Bundle
from .bootstrap import Estimate

FILE = "calls.json"


@dataclass(frozen=True)
class Ordered:
    """How a hospital's films of two labels are ordered that no film was learnt from.

    Attributes
    ----------
    source : str
    positive, negative : str
    films : mapping
        Label → films.
    abnormal, against : Estimate
        AUROC, positive against negative films: by everything that is not `negative`, and by the
        log-odds of the two.
    """

    source: str
    positive: str
    negative: str
    films: Mapping[str, int]
    abnormal: Estimate
    against: Estimate


@dataclass(frozen=True)
class Calls:
    """What the bundle keeps.

    Attributes
    ----------
    test : mapping
        Label of the films of ``test`` → label that they are called → films.
    other : mapping
        A disease that is none of the labels → label that its films are called → films.
    unseen : tuple of Ordered
    """

    test: Mapping[str, Mapping[str, int]]
    other: Mapping[str, Mapping[str, int]]
    unseen: tuple[Ordered, ...]


@fitted_files.once
def calls_of(bundle: Bundle) -> Calls | None:
    """That of a checked bundle, read once; None if it has none.

    Raises
    ------
    BundleError
        ``bad_calls``: it is another network's, or not what it should be.
    """
    path = bundle.folder / FILE
    if not path.is_file():
        return None
    try:
        text = json.loads(path.read_text(encoding="utf-8"))
        if text["network"] != bundle.digest:
            raise ValueError("it was made for another network or version")
        return Calls(
            _counts(text["test"], bundle),
            _counts(text["other"], bundle),
            tuple(_ordered(each) for each in text["unseen"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError) as error:
        raise BundleError(
            "bad_calls",
            f"The bundle's {FILE} cannot be used: {error}. Make it again with: "
            "python -m train calls --data DIR --out models/NAME",
        ) from error


def _counts(text: Mapping[str, Any], bundle: Bundle) -> dict[str, dict[str, int]]:
    return {
        str(what): {label: int(called[label]) for label in bundle.labels}
        for what, called in text.items()
    }


def _ordered(text: Mapping[str, Any]) -> Ordered:
    areas = (Estimate(*map(float, text[name])) for name in ("abnormal", "against"))
    films = {str(label): int(n) for label, n in text["films"].items()}
    return Ordered(str(text["source"]), text["positive"], text["negative"], films, *areas)
