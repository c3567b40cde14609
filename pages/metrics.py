"""Metrics: what the model is worth, from the bundle's own predictions."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cxr.errors import CxrError
from cxr.model.bundle import Bundle
from ui.base import frame
from ui.base.formatting import plain, site
from ui.metrics import (
    blocks,
    calibration,
    card,
    cases,
    classes,
    curves,
    export,
    hospitals,
    model_comparison,
    operating_bench,
    overview,
    worst_subgroups,
)
from ui.metrics.export import STYLE
from ui.metrics.scope import ALL, Scope, scope, sources, splits
from ui.session import models
from ui.session.hospitals import as_shipped
from ui.session.tables import key_of

PARTS = (
    "Overview",
    "Classes",
    "Curves",
    "Calibration",
    "Threshold",
    "Subgroups",
    "Hospitals",
    "Models",
    "Card",
    "Export",
)


def main() -> None:
    frame.require_notice()
    st.html(STYLE)
    model = models.current()
    try:
        key = key_of(model.bundle.folder)
        there = splits(key)
    except CxrError as refusal:
        st.info(plain(str(refusal)))
        return
    as_shipped("All figures are of the model")
    with st.container(horizontal=True, vertical_alignment="center"):
        part = st.segmented_control(
            "Part",
            PARTS,
            default=_asked("at", PARTS),
            required=True,
            key="part",
            bind="query-params",
            label_visibility="collapsed",
        )
        whole = part in ("Overview", "Hospitals", "Card")
        films = None if whole else choose(model.bundle, key, there)
    if part == "Card":
        card.show(key)
    elif part == "Hospitals":
        blocks.show(hospitals.blocks(model.bundle), columns=2)
    elif films is None:
        blocks.show(overview.blocks(key))
    else:
        show(str(part), films)


def choose(bundle: Bundle, key: tuple[str, str], there: list[str]) -> Scope:
    """Which films: a split, and one of its sources or all."""
    split = st.segmented_control(
        "Films",
        there,
        default=_asked("split", there),
        required=True,
        label_visibility="collapsed",
        key="set",
        bind="query-params",
        format_func=lambda name: blocks.SPLITS[name],
    )
    of_split = sources(key, split)
    asked = st.query_params.get("source", "")
    source = st.selectbox(
        "Source",
        [ALL, *of_split],
        index=of_split.index(asked) + 1 if asked in of_split else 0,
        label_visibility="collapsed",
        key=f"ev-source-{split}",
        format_func=site,
        width=200,
    )
    return scope(bundle, split, "" if source == ALL else source)


def _asked(name: str, known: Sequence[str]) -> str:
    """What an address that leads back from Review asks for, else the first; see
    :func:`ui.metrics.cases.review_link`."""
    asked = st.query_params.get(name, "")
    return asked if asked in known else known[0]


def show(part: str, films: Scope) -> None:
    if part == "Classes":
        blocks.show(classes.blocks(films))
        truth, called = classes.show_matrix(films)
        cases.show(films, truth, called)
    elif part == "Curves":
        blocks.show(curves.blocks(films), columns=2)
    elif part == "Calibration":
        blocks.show(calibration.blocks(films), columns=2)
    elif part == "Threshold":
        operating_bench.show(films)
    elif part == "Subgroups":
        worst_subgroups.show(films)
    elif part == "Models":
        model_comparison.show_all(films)
    else:
        export.show(films)


main()
