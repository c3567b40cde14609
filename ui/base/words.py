"""Numbers and names as they are written on the pages."""

from __future__ import annotations

import re

from cxr.written import exact, figure, meaning, odds, of_hundred, percent, score, site

__all__ = [
    "WAY_OUT",
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
