"""The operating-point bench: one threshold on one score, and all that follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from math import floor, log10

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cxr.metrics import operating_points as op
from cxr.metrics.bootstrap import draw
from cxr.metrics.evidence import affordable
from cxr.metrics.predictions import clusters
from cxr.model.bundle import Bundle
from ui.base import charts
from ui.base.formatting import exact, plain
from ui.metrics import curves
from ui.metrics.blocks import Block, Chart, beside, heading, numbers, quiet, ranged, said, share
from ui.metrics.scope import Scope, splits
from ui.session import hospitals, operating_points
from ui.session.tables import Key, part

_GRID = frozenset(map(float, op.GRID))
PREVALENCE = 5.0
"""Percent, until the user sets one."""


# Kept, since a slider moves many times over the same films.
@st.cache_resource(max_entries=2, show_spinner=False)
def _draws(key: Key, split: str, source: str) -> tuple[NDArray[np.integer], NDArray[np.uint8]]:
    rows = part(key, split, source)
    patients = clusters(rows)
    return patients, draw(patients, affordable(rows))


def label_of(scope: Scope) -> str:
    """The class that the bench is about."""
    labels = scope.bundle.labels
    return "T" if "T" in labels else labels[-1]


def whos(bundle: Bundle, label: str) -> bool:
    """Whether the WHO's profile of a triage test is about this class: it is for tuberculosis."""
    return label == bundle.called("T")


@st.fragment
def show(scope: Scope) -> None:
    """Slider and figures; a moved slider draws this part only."""
    label = label_of(scope)
    bundle = scope.bundle
    st.html(heading(scope.title))
    presets = {
        "Shipped": operating_points.shipped(bundle, label),
        "Sensitivity 90 % here": _reaching(scope, sensitivity=op.WHO_SENSITIVITY),
        "Specificity 70 % here": _reaching(scope, specificity=op.WHO_SPECIFICITY),
    }
    key = f"ev-threshold-{bundle.digest[:12]}"
    if key not in st.session_state:
        st.session_state[key] = operating_points.threshold(bundle, label) or 0.5
    at_hand = [x for x in (*presets.values(), st.session_state[key]) if x is not None]
    left, right = st.columns([3, 2])
    with left:
        written = _written({*_GRID, *at_hand})
        value = st.select_slider(
            f"Call {label} at a score of", list(written), format_func=written.__getitem__, key=key
        )
        with st.container(horizontal=True):
            for name, preset in presets.items():
                st.button(
                    name,
                    key=f"preset-{name}",
                    disabled=preset is None,
                    on_click=_set,
                    args=(key, preset),
                )
    with right:
        prevalence = st.number_input(
            f"{label} among 100 films, where it is to be used",
            0.01,
            99.0,
            PREVALENCE,
            step=0.5,
            key="ev-prevalence",
        )
        with st.container(horizontal=True):
            if st.button("Use this threshold", key="ev-use", type="primary"):
                operating_points.use(bundle, label, value)
            if operating_points.is_chosen(bundle, label) and st.button(
                "Use the shipped one", key="ev-unuse"
            ):
                operating_points.use(bundle, label, None)
        if operating_points.is_chosen(bundle, label):
            chosen = operating_points.threshold(bundle, label)
            assert chosen is not None
            where = "on all pages of this session"
            if (site := hospitals.model().site) is not None:
                where += f", but where films go by the profile of {site.name}"
            st.caption(plain(f"In use {where}: {exact(chosen)}."))
    text, chart = _findings(scope, label, value, prevalence / 100)
    drawing, figures = st.columns([1, 1])
    with drawing:
        st.plotly_chart(chart.figure, config=charts.CONFIG, alt=chart.alt)
    with figures:
        st.html("".join(text))


def in_use(scope: Scope) -> tuple[float | None, float]:
    """This session's threshold and prevalence; an export is made where there is no session."""
    value = operating_points.threshold(scope.bundle, label_of(scope))
    return value, st.session_state.get("ev-prevalence", PREVALENCE) / 100


def blocks(scope: Scope, used: tuple[float | None, float]) -> list[Block]:
    """The same at the threshold in use and the prevalence last set, for the export."""
    label, (value, prevalence) = label_of(scope), used
    if value is None:
        return []
    text, chart = _findings(scope, label, value, prevalence)
    return [heading(f"Operating point of {label}: {exact(value)}"), chart, *text]


def _written(thresholds: Iterable[float]) -> dict[float, str]:
    """Each as the slider writes it. The slider sends its text back, so that no two may share one,
    and a text must not change with what else is there: six digits of the distance to 0 or 1."""
    out: dict[float, str] = {}
    for x in sorted(thresholds):
        nearest = min(x, 1 - x)
        digits = 3 if x in _GRID else 6
        decimals = 4 if nearest <= 0 else max(4, digits - 1 - floor(log10(nearest)))
        text = share(x, decimals)
        out[x] = repr(x) if text in out.values() else text
    return out


def _findings(
    scope: Scope, label: str, threshold: float, prevalence: float
) -> tuple[list[str], Chart]:
    out = [beside(*(_side(each, label, threshold, prevalence) for each in scope.both()))]
    if whos(scope.bundle, label):
        point = op.at_threshold(*_scores(scope, label), threshold)
        out.append(said(_against_who(scope, point) + _away(scope, label, threshold)))
    return [*out, _shipped(scope, label)], _chart(scope, label, threshold)


def _scores(scope: Scope, label: str) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    return scope.films[f"p_{label}"].to_numpy(), (scope.films.label == label).to_numpy()


def _side(scope: Scope, label: str, threshold: float, prevalence: float) -> str:
    """What the threshold does on some films."""
    score, positive = _scores(scope, label)
    point = op.at_threshold(score, positive, threshold)
    patients, counts = _draws(scope.key, scope.split, scope.source)
    sensitivity, specificity = op.rates(score, positive, threshold, patients, counts)
    name = escape(label)
    cells = {
        "Sensitivity": ranged(sensitivity),
        "Specificity": ranged(specificity),
        f"{name} films found": f"{point.found:,} of {point.found + point.missed:,}",
        "False alarms": f"{point.alarms:,} of {point.alarms + point.passed:,}",
    }
    return "".join([heading(scope.short), numbers(cells), *_expected(point, name, prevalence)])


def _expected(point: op.Point, name: str, prevalence: float) -> list[str]:
    if np.isnan(point.sensitivity) or np.isnan(point.specificity):
        return [said(f"Predictive values need films of {name} and others.")]
    of_thousand = op.per_thousand(point.sensitivity, point.specificity, prevalence)
    calls = {
        "Films called, to be read": f"{of_thousand.called:.0f}",
        f"{name} missed": f"{of_thousand.missed:.1f}",
        "False alarms": f"{of_thousand.alarms:.0f}",
    }
    return [
        heading(f"Of 1,000 films at a prevalence of {100 * prevalence:g} %"),
        numbers(calls),
        numbers({"PPV": share(of_thousand.ppv), "NPV": share(of_thousand.npv)}),
        quiet(
            "If sensitivity and specificity hold there, which another hospital does not promise."
        ),
    ]


def _against_who(scope: Scope, point: op.Point) -> str:
    if np.isnan(point.sensitivity) or np.isnan(point.specificity):
        return ""
    verdict = "reaches" if op.meets_who(point.sensitivity, point.specificity) else "does not reach"
    return (
        f"On these films ({scope.short}) this {verdict} the least that the WHO’s 2014 target "
        "product profile asks of a triage test: sensitivity 90 %, specificity 70 %. It asks that "
        "of a test in use, not of a set of files."
    )


def _away(scope: Scope, label: str, threshold: float) -> str:
    """Beside what holds on test, what the same threshold does in hospitals it doesn't know."""
    if scope.split != "test" or "external" not in splits(scope.key):
        return ""
    rows = part(scope.key, "external")
    point = op.at_threshold(
        rows[f"p_{label}"].to_numpy(), (rows.label == label).to_numpy(), threshold
    )
    if np.isnan(point.sensitivity) or np.isnan(point.specificity):
        return ""
    reached = op.meets_who(point.sensitivity, point.specificity)
    return (
        f" In hospitals it doesn’t know (External) the same threshold "
        f"{'reaches' if reached else 'does not reach'} it: sensitivity {share(point.sensitivity)}, "
        f"specificity {share(point.specificity)}."
    )


def _shipped(scope: Scope, label: str) -> str:
    point = scope.bundle.operating_points.get(label)
    if point is None:
        return quiet(f"The bundle has no operating point for {escape(label)}.")
    return quiet(
        f"The shipped operating point, {exact(point['threshold'])}, was chosen on "
        f"{escape(str(point['split']))} as the highest score that still finds "
        f"{100 * point['wanted_sensitivity']:.0f} % of the {escape(label)} films there "
        f"(sensitivity {share(point['sensitivity'])}, specificity {share(point['specificity'])}), "
        "and is stored in the bundle."
    )


def _chart(scope: Scope, label: str, threshold: float) -> Chart:
    triage = whos(scope.bundle, label)
    sides = scope.both()
    roc = {x.short: curves.of_class(x.key, x.split, x.source)[label][0] for x in sides}
    shipped = operating_points.shipped(scope.bundle, label)
    marks, told = [], []
    for side in sides:
        here = op.at_threshold(*_scores(side, label), threshold)
        marks.append((f"score {exact(threshold)}, {side.short}", "circle", here))
        if shipped is not None:
            there = op.at_threshold(*_scores(side, label), shipped)
            marks.append((f"shipped, {exact(shipped)}, {side.short}", "diamond-open", there))
        told.append(
            f"{side.short}: sensitivity {share(here.sensitivity)}, "
            f"specificity {share(here.specificity)}"
        )
    points = [(name, symbol, 1 - p.specificity, p.sensitivity) for name, symbol, p in marks]
    (first, curve), *others = roc.items()
    return Chart(
        charts.operating(curve, first, points, who=triage, beside=dict(others)),
        f"ROC curves of {label} against the others{' with the WHO’s least values' * triage}. "
        + "; ".join(told),
    )


def _set(key: str, value: float) -> None:
    st.session_state[key] = value


def _reaching(
    scope: Scope, sensitivity: float | None = None, specificity: float | None = None
) -> float | None:
    score, positive = _scores(scope, label_of(scope))
    return op.reaching(score, positive, sensitivity=sensitivity, specificity=specificity)
