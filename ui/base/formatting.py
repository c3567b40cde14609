"""Numbers and names as they are written on the pages."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cxr.formatting import (
    called_means,
    exact,
    figure,
    meaning,
    odds,
    of_hundred,
    percent,
    score,
    site,
    told_apart,
)

__all__ = [
    "WAY_OUT",
    "called_means",
    "exact",
    "figure",
    "flag",
    "flags",
    "meaning",
    "odds",
    "of_hundred",
    "percent",
    "plain",
    "score",
    "short",
    "site",
    "told_apart",
]

WAY_OUT = (
    "If it may be: column “display” of the data folder’s manifest.csv is 1 for films that may be "
    "shown (python -m train prepare … --display yes writes it), and the model’s table takes it "
    "from there when it is exported or adopted anew."
)
"""After every sentence that a film may not be shown."""


def flag(code: str) -> str:
    """A flag of the input passport as it is written in lists: ``burnt in text``."""
    return code.replace("_", " ")


def flags(codes: str) -> str:
    """Several of them, as a table holds them: ``inverted, known film``."""
    return ", ".join(map(flag, codes.split(";")))


def plain(text: str) -> str:
    """Text that Streamlit's Markdown shows as it is: a file name may hold anything."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


def short(name: str, most: int = 32) -> str:
    """A name cut in its middle to `most` characters."""
    if len(name) <= most:
        return name
    tail = most // 2 - 1
    return f"{name[: most - tail - 1]}…{name[-tail:]}"


def told_short(names: Mapping[int, str], most: int = 24) -> dict[int, str]:
    """Names cut in the middle, and so that those that differ still do: those that a cut made alike
    are cut again, each time a little later, from where they first differ."""
    cut = {key: short(name, most) for key, name in names.items()}
    while alike := _alike(cut, names):
        for key, text in cut.items():
            if others := alike.get(text):
                letters = enumerate(zip(*others, strict=False))
                begin = next((i for i, at in letters if len(set(at)) > 1), min(map(len, others)))
                cut[key] = f"{names[key][:4]}…{short(names[key][max(begin - 2, 4) :], most - 5)}"
        most += 2
    return cut


def _alike(cut: Mapping[int, str], names: Mapping[int, str]) -> dict[str, set[str]]:
    """Cut name → the names behind it, where these are several."""
    behind: dict[str, set[str]] = {}
    for key, text in cut.items():
        behind.setdefault(text, set()).add(names[key])
    return {text: whole for text, whole in behind.items() if len(whole) > 1}
