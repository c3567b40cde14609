"""Figures of each class, and the confusion matrix."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd
import streamlit as st

from cxr.metrics.confusion import confusion
from cxr.metrics.evidence import MACRO, MOST_FILMS, OF_CLASS, OVERALL, Figure, Name
from cxr.metrics.subgroups import SMALL
from ui.metrics.blocks import (
    NAMES,
    Block,
    beside,
    films,
    heading,
    numbers,
    quiet,
    ranged,
    said,
    show,
    table,
)
from ui.metrics.scope import Scope

SEEDS = (
    ("N", 0.972, 0.980, 0.976),
    ("P", 0.978, 0.985, 0.982),
    ("T", 0.943, 0.887, 0.914),
)
"""Label, precision, recall and F1 as the project's seed publishes them: the README of
VladMarianCimpeanu/applied_AI_in_biomedicine."""


def blocks(scope: Scope) -> list[Block]:
    """The tables."""
    tables = []
    for each in scope.both():
        found = each.figures()
        tables.append(heading(each.title) + _classes(each, found) + _overall(found))
    if set(scope.bundle.labels) == {label for label, *_ in SEEDS}:
        tables.append(_seeds())
    notes = (
        "Each class against the others. Macro: the mean over the classes that have the figure. "
        "Called is the class with the highest score, whatever the operating point."
    )
    out: list[Block] = [beside(*tables), quiet(notes)]
    if len(scope.films) > MOST_FILMS:
        out.append(
            said(f"Intervals are worked out for up to {MOST_FILMS:,} films: choose a source.")
        )
    if len(scope.films) < SMALL:
        out.append(said(f"Fewer than {SMALL} films: these figures say little."))
    return out


def _classes(scope: Scope, found: dict[Name, Figure]) -> str:
    rows, grey = [], []
    for number, label in enumerate((*scope.bundle.labels, MACRO)):
        figures = [found[figure, label] for figure in OF_CLASS]
        name = "Macro" if label == MACRO else escape(label)
        least = _least(found) if label == MACRO else figures[0].films
        few = f"<br><small>smallest class {least:,}</small>" if least < figures[0].films else ""
        rows.append((name, f"{figures[0].films:,}{few}", *map(ranged, figures)))
        if least < SMALL:
            grey.append(number)
    return table(["Class", "Films", *(NAMES[figure] for figure in OF_CLASS)], rows, grey)


def _overall(found: dict[Name, Figure]) -> str:
    cells = {figure: ranged(found[figure, ""]) for figure in OVERALL}
    least = _least(found)
    if least < SMALL:
        cells["balanced_accuracy"] = f'<span class="ev-dim">{cells["balanced_accuracy"]}</span>'
    few = f"<br>smallest class: {films(least)}" if least < SMALL else ""
    return numbers(
        {NAMES[x] + (few if x == "balanced_accuracy" else ""): cells[x] for x in OVERALL}
    )


def _least(found: dict[Name, Figure]) -> int:
    """Films of the smallest class that is there: macro figures and balanced accuracy rest on it."""
    each = [
        figure.films for (name, of), figure in found.items() if name == "recall" and of != MACRO
    ]
    return min((n for n in each if n), default=0)


def _seeds() -> str:
    rows = [(label, *(f"{x:.3f}"[1:] for x in figures)) for label, *figures in SEEDS]
    return (
        heading("Published by the project’s seed: another test set")
        + table(["Class", "Precision", "Recall", "F1"], rows)
        + quiet(
            "On its own split of 15,470 films that are not public, without intervals:<br>"
            "a reference, not the same test, and no ranking."
        )
    )


def matrix(scope: Scope) -> pd.DataFrame:
    """Films of each label (rows) that were called each class (columns)."""
    labels = scope.bundle.labels
    truth = scope.films.label.cat.codes.to_numpy()
    called = scope.films.called.cat.codes.to_numpy()
    counts = confusion(truth, called, len(labels), np.ones(len(truth))).astype(int)
    return pd.DataFrame(counts, index=list(labels), columns=list(labels))


def percent(counts: pd.DataFrame) -> pd.DataFrame:
    """Shares of each row, in percent; NaN in rows without a film."""
    return 100 * counts.div(counts.sum(axis=1).replace(0, np.nan), axis=0)


def matrix_blocks(scope: Scope) -> list[Block]:
    """The matrix in counts and row percent, to be read alone."""
    counts, labels = matrix(scope), scope.bundle.labels
    shares = percent(counts)
    rows = [
        (
            f"labelled {escape(truth)}",
            *(
                f"{n:,}" + ("" if np.isnan(p) else f" <small>({p:.1f} %)</small>")
                for n, p in zip(counts.loc[truth], shares.loc[truth], strict=True)
            ),
        )
        for truth in labels
    ]
    return [
        heading(f"Confusion, {scope.short}"),
        table(["", *(f"called {escape(x)}" for x in labels)], rows),
    ]


def show_matrix(scope: Scope) -> tuple[str, str]:
    """The matrix as a table whose cells can be chosen; returns the chosen label and call."""
    counts = matrix(scope)
    labels = list(scope.bundle.labels)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        as_percent = st.segmented_control(
            "Confusion", ["Counts", "Row percent"], default="Counts", required=True, key="ev-cells"
        )
        truth = _chosen("Labelled", labels, "ev-truth", "T")
        called = _chosen("Called", labels, "ev-called", "N")
    shares = percent(counts)
    shown = counts if as_percent == "Counts" else shares
    shown = shown.rename(index=lambda x: f"labelled {x}", columns=lambda x: f"called {x}")
    form = "{:,}" if as_percent == "Counts" else "{:.1f} %"
    shade = shown.copy().astype(object)
    shade[:] = [[_shade(p) for p in row] for row in shares.to_numpy()]
    st.dataframe(
        shown.style.format(form, na_rep="–").apply(lambda _: shade, axis=None),
        key="ev-confusion",
        on_select=lambda: _choose(labels),
        selection_mode="single-cell",
        width=150 * (len(labels) + 1),
        alt="Confusion matrix; rows are labels, columns are calls",
    )
    st.caption("Shade: share of its row. Click a cell, or choose above, to see its films.")
    for each in scope.both():
        if each.split != scope.split:
            show(matrix_blocks(each))
    return truth, called


def _shade(percent: float) -> str:
    return "" if np.isnan(percent) else f"background-color: rgba(65, 128, 165, {percent / 160:.3f})"


def _chosen(name: str, labels: list[str], key: str, usual: str) -> str:
    """A box that the address holds, so that the way back from Review leads to the same cell."""
    place = name.lower()
    if st.session_state.get(key) not in labels:
        asked = st.query_params.get(place, usual)
        st.session_state[key] = asked if asked in labels else labels[0]
    value = st.selectbox(name, labels, key=key, width=120)
    if st.query_params.get(place) != value:
        st.query_params[place] = value
    return value


def _choose(labels: list[str]) -> None:
    """Carry a click on a cell over to the two boxes above."""
    cells = st.session_state["ev-confusion"].selection.cells
    if cells:
        row, column = cells[0]
        st.session_state["ev-truth"] = labels[row]
        st.session_state["ev-called"] = str(column).removeprefix("called ")
