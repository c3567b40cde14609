"""Slices, the worst on top."""

from __future__ import annotations

from html import escape
from math import isnan

import streamlit as st

from cxr.evidence import OF_CLASS, OVERALL, Figure
from cxr.slices import SMALL, worst_first
from ui.evidence.blocks import Block, heading, named, quiet, ranged, table, written
from ui.evidence.scope import Scope

DIMENSIONS = {
    "source": "Source",
    "view": "View",
    "age_group": "Age group",
    "sex": "Sex",
    "flag": "Flag",
    "recommended": "Recommended for training",
}
FIRST = ("balanced_accuracy", "")


def show(scope: Scope) -> None:
    choices = [(figure, "") for figure in OVERALL]
    choices += [(figure, label) for label in scope.bundle.labels for figure in OF_CLASS]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        figure, label = st.selectbox(
            "Figure",
            choices,
            index=choices.index(FIRST),
            format_func=written,
            key="ev-figure",
            width=280,
        )
        by = st.selectbox("By", ["All", *DIMENSIONS], format_func=_by, key="ev-by", width=220)
    for block in blocks(scope, figure, label, "" if by == "All" else by):
        st.html(str(block))


def blocks(
    scope: Scope, figure: str = FIRST[0], label: str = FIRST[1], by: str = ""
) -> list[Block]:
    """One figure of every slice."""
    name = (figure, label)
    chosen = worst_first([each for each in scope.slices() if by in ("", each.by)], name)
    rows = [
        (
            DIMENSIONS[each.by],
            escape(each.name),
            f"{each.films:,}",
            f"{each.patients:,}",
            ranged(each.figures[name]),
            bar(each.figures[name]),
        )
        for each in chosen
    ]
    grey = [number for number, each in enumerate(chosen) if each.films < SMALL]
    head = ["By", "Slice", "Films", "Patients", named(name), ""]
    return [
        heading(scope.title),
        table(head, rows, grey, text=2),
        quiet(
            f"Slices under {SMALL} films are grey and stand below the rest. A film with two flags "
            "is in two slices; what the table doesn’t say is “unknown”. Balanced accuracy is the "
            "mean recall over the classes that a slice holds: of one class, its recall."
        ),
    ]


def bar(found: Figure) -> str:
    """The figure on a line from 0 to 1, its interval behind it."""
    if isnan(found.value):
        return ""
    ends = (found.value, found.value) if isnan(found.low) else (found.low, found.high)
    left, right, spot = (100 * min(max(x, 0), 1) for x in (*ends, found.value))
    line = f"left:{left:.1f}%;width:{right - left:.1f}%"
    return (
        f'<div class="ev-bar" aria-hidden="true"><i style="{line}"></i>'
        f'<b style="left:{spot:.1f}%"></b></div>'
    )


def _by(name: str) -> str:
    return DIMENSIONS.get(name, "Everything")
