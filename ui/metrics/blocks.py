"""What the page and its export are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from math import isnan
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from cxr.metrics.bootstrap import Estimate
from ui.base.charts import CONFIG

NAMES = {
    "precision": "Precision",
    "recall": "Sensitivity (recall)",
    "specificity": "Specificity",
    "f1": "F1",
    "auroc": "AUROC",
    "average_precision": "AUPRC",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "kappa": "Cohen’s kappa",
}
SPLITS = {"test": "Test", "external": "External", "val": "Val"}
MEANT = {
    "test": "hospitals it knows",
    "external": "hospitals it doesn’t know",
    "val": "films it was tuned on",
}


@dataclass(frozen=True)
class Chart:
    """A figure and what it shows, for those who can't see it."""

    figure: go.Figure
    alt: str


Block = str | Chart
"""HTML that is safe as it is, or a chart."""


def show(blocks: Iterable[Block], columns: int = 1) -> None:
    """Show blocks; charts that follow each other stand side by side."""
    for is_chart, run in groupby(blocks, lambda block: isinstance(block, Chart)):
        if is_chart:
            _charts([block for block in run if isinstance(block, Chart)], columns)
        else:
            st.html("".join(map(str, run)))


def _charts(charts: list[Chart], columns: int) -> None:
    for start in range(0, len(charts), columns):
        places = st.columns(columns)
        for place, chart in zip(places, charts[start : start + columns], strict=False):
            place.plotly_chart(chart.figure, config=CONFIG, alt=chart.alt)


def share(value: float, decimals: int = 3) -> str:
    """``.943``, ``<.001``, ``>.999``, ``−.120``; ``–`` for what is not defined."""
    if isnan(value):
        return "–"
    if value < 0:
        return "−" + share(-value, decimals)
    least = 10**-decimals
    if 0 < value < least / 2:
        return f"<{least:.{decimals}f}".replace("0.", ".")
    if 1 - least / 2 <= value < 1:
        return f">{1 - least:.{decimals}f}".replace("0.", ".")
    return "1" if value == 1 else "0" if value == 0 else f"{value:.{decimals}f}".replace("0.", ".")


def ranged(found: Estimate) -> str:
    """A figure with its interval, ``.943 (.934–.952)``; alone where it has none."""
    if isnan(found.value) or isnan(found.low):
        return share(found.value)
    joint = " to " if found.low < 0 else "–"
    return f"{share(found.value)} <small>({share(found.low)}{joint}{share(found.high)})</small>"


def written(name: tuple[str, str]) -> str:
    """A figure's name and what it is of."""
    figure, label = name
    return f"{NAMES[figure]}{f', {label}' if label else ''}"


def named(name: tuple[str, str]) -> str:
    """The same, safe in HTML."""
    return escape(written(name))


def films(n: int) -> str:
    return f"{n:,} film{'' if n == 1 else 's'}"


def patients(n: int) -> str:
    return f"{n:,} patient{'' if n == 1 else 's'}"


def beside(*parts: str) -> str:
    """Parts side by side where there is room."""
    return f'<div class="ev-beside">{"".join(f"<div>{part}</div>" for part in parts)}</div>'


def heading(text: str) -> str:
    return f'<h3 class="ev-heading">{escape(text)}</h3>'


def quiet(text: str) -> str:
    return f'<p class="ev-quiet">{text}</p>'


def said(text: str) -> str:
    return f'<p class="ev-said">{text}</p>'


def numbers(cells: dict[str, str]) -> str:
    """A few figures side by side, what they are below them."""
    inner = "".join(
        f"<div><b>{found}</b><span>{name}</span></div>" for name, found in cells.items()
    )
    return f'<div class="ev-numbers">{inner}</div>'


def table(
    head: Sequence[str], rows: Iterable[Sequence[Any]], grey: Iterable[int] = (), text: int = 1
) -> str:
    """A table that scrolls sideways where it must.

    Parameters
    ----------
    head, rows : sequences of safe HTML
    grey : numbers of rows that are to stand back
    text : int
        How many of the first columns hold words, not numbers.
    """
    dim = set(grey)
    names = "".join(f'<th scope="col"{_side(i, text)}>{name}</th>' for i, name in enumerate(head))
    lines = "".join(
        f"<tr{' class=ev-grey' if number in dim else ''}>"
        + "".join(f"<td{_side(i, text)}>{cell}</td>" for i, cell in enumerate(row))
        + "</tr>"
        for number, row in enumerate(rows)
    )
    return (
        '<div class="ev-scroll" tabindex="0"><table class="ev-table">'
        f"<thead><tr>{names}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _side(place: int, text: int) -> str:
    return " class=ev-text" if place < text else ""
