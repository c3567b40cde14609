"""Models side by side, on the films that all of them were measured on."""

from __future__ import annotations

from contextlib import suppress
from html import escape
from pathlib import Path

import pandas as pd
import streamlit as st

from cxr.errors import BundleError, CxrError
from cxr.metrics import comparison
from cxr.metrics.evidence import MACRO, Name, affordable
from cxr.shipped import folder
from ui.base import charts
from ui.base.formatting import plain, site
from ui.metrics.blocks import Block, Chart, heading, named, quiet, ranged, said, share, show, table
from ui.metrics.cases import review_link
from ui.metrics.scope import Scope
from ui.session import models
from ui.session.tables import Key, all_films, bundle, key_of, part

WHO = {"first": "{0} only", "second": "{1} only", "neither": "neither"}
TABLE_ROWS = 5_000


def show_all(scope: Scope) -> None:
    """The page's part: choose the others, see figures, curves and disagreements."""
    others = _others(scope)
    if not others:
        st.html(said("There is one model only: nothing to compare it with."))
        return
    fit = [name for name, key in others.items() if _refusal(scope, key) is None]
    real = [name for name in fit if not models.mark(Path(others[name][0]))]
    chosen = st.multiselect(
        f"{scope.bundle.folder.name} against",
        list(others),
        default=real[:1],
        key="ev-rivals",
        format_func=lambda name: models.marked(folder() / name),
        placeholder="Choose a model",
    )
    if not chosen and not fit:
        st.html(said("No other model was measured on these films under these labels."))
    for name in chosen:
        if refusal := _refusal(scope, others[name]):
            st.info(plain(f"{name}: {refusal}"))
            continue
        for side in scope.both():
            if _refusal(side, others[name]) is None:
                show(against(side, others[name]))
        _disagreements(scope, others[name])
    show(learning(scope, [others[name] for name in chosen]), columns=2)


def blocks(scope: Scope) -> list[Block]:
    """Against every other model but demonstrations, for the export."""
    out: list[Block] = []
    others = {name: key for name, key in _others(scope).items() if not models.mark(Path(key[0]))}
    for name, key in others.items():
        for side in scope.both():
            if refusal := _refusal(side, key):
                out.append(said(escape(f"{side.short}, {name}: {refusal}")))
            else:
                out += against(side, key)
    return [*out, *learning(scope, list(others.values()))] if out else []


def _refusal(scope: Scope, other: Key) -> CxrError | None:
    """Why two models cannot be compared on these films; None if they can."""
    try:
        _paired(scope.key, other, scope.split, scope.source)
    except CxrError as refusal:
        return refusal
    return None


def _others(scope: Scope) -> dict[str, Key]:
    """Folder's name → key of every other model."""
    here, found = scope.bundle.folder.resolve(), {}
    for path in models.bundles():
        if path.resolve() != here:
            with suppress(BundleError):  # gone since it was listed
                found[path.name] = key_of(path)
    return found


@st.cache_data(max_entries=32, show_spinner="Resampling patients, both models alike")
def _compared(
    first: Key, second: Key, split: str, source: str
) -> tuple[dict[Name, comparison.PairedDifference], comparison.McNemar, int]:
    one, two = _paired(first, second, split, source)
    labels = bundle(first).labels
    found = comparison.differences(one, two, labels, affordable(one))
    test = comparison.mcnemar(
        (one.label == one.called).to_numpy(), (two.label == two.called).to_numpy()
    )
    return found, test, len(one)


def _paired(first: Key, second: Key, split: str, source: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    return comparison.paired(
        bundle(first).labels,
        part(first, split, source),
        bundle(second).labels,
        all_films(second),
    )


def against(scope: Scope, other: Key) -> list[Block]:
    """Figures of two models, their difference, McNemar's test."""
    compared, test, n = _compared(scope.key, other, scope.split, scope.source)
    mine, theirs = (escape(Path(key[0]).name) for key in (scope.key, other))
    rows = [
        (named(name), share(found.first), share(found.second), ranged(found))
        for of in ("", MACRO, *scope.bundle.labels)
        for name, found in compared.items()
        if name[1] == of
    ]
    p = "< .001" if test.p < 0.001 else f"= {share(test.p)}"
    return [
        heading(
            f"{scope.short}: {models.marked(Path(scope.key[0]))} and "
            f"{models.marked(Path(other[0]))}, {n:,} films"
        ),
        table(["", mine, theirs, "Difference"], rows),
        quiet(
            f"{mine} alone is right on {test.only_first:,} films, {theirs} alone on "
            f"{test.only_second:,}: McNemar’s exact test, p {p}, counting films and not patients. "
            "Differences: 95 %, the same patients drawn for both."
        ),
    ]


def _disagreements(scope: Scope, other: Key) -> None:
    one, two = _paired(scope.key, other, scope.split, scope.source)
    found = comparison.disagreements(one, two)
    names = [Path(key[0]).name for key in (scope.key, other)]
    shown = found.head(TABLE_ROWS).drop(columns=["image", "display", "split"])
    shown["source"] = [site(name) for name in shown["source"]]
    shown["who"] = [WHO[who].format(*names) for who in shown["who"]]
    shown = shown.rename(
        columns={"first": f"{names[0]} calls", "second": f"{names[1]} calls", "who": "right"}
    )
    st.markdown(f"**{len(found):,} films that they call differently**, the farthest apart first")
    event = st.dataframe(
        shown,
        hide_index=True,
        key=f"ev-differ-{names[1]}",
        on_select="rerun",
        selection_mode="single-row",
        height=min(380, 38 + 35 * max(1, len(shown))),
        column_config={"distance": st.column_config.NumberColumn(format="%.3f")},
        alt="Films that the two models call differently",
    )
    if len(found) > TABLE_ROWS:
        st.caption(f"The first {TABLE_ROWS:,} are listed.")
    chosen = event.selection.rows  # it outlives the films that it was chosen from
    if chosen and chosen[0] < len(shown):
        row = found.iloc[chosen[0]]
        cell = {"label": row["label"], "called": row["first"], "case": row["case"]}
        review_link(scope, "Open in review room", cell, {"at": "Models"})


def learning(scope: Scope, others: list[Key]) -> list[Block]:
    """Loss and recall on val by epoch, from each bundle's history."""
    histories = {models.marked(Path(key[0])): _history(key) for key in (scope.key, *others)}
    out: list[Block] = [heading("Learning curves")]
    for column, title in (("val_loss", "Loss, val"), ("val_source_recall", "Source recall, val")):
        drawn = {
            n: h for n, h in histories.items() if {"epoch", column} <= set(h.columns) and len(h)
        }
        if drawn:
            out.append(Chart(charts.learning(drawn, column, title), f"{title}, by epoch"))
    return out if len(out) > 1 else []


@st.cache_data(max_entries=16, show_spinner=False)
def _history(key: Key) -> pd.DataFrame:
    try:
        return pd.read_csv(Path(key[0]) / "history.csv")
    except (ValueError, OSError):
        return pd.DataFrame()
