"""A fitted profile: its strip and curve, its figures, and a threshold that can be moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from math import isnan

import numpy as np
import streamlit as st

from cxr.metrics.bootstrap import Estimate
from cxr.metrics.confidence_bands import Curve, both
from cxr.metrics.operating_points import (
    WHO_SENSITIVITY,
    WHO_SPECIFICITY,
    meets_who,
    reaching,
)
from cxr.model.classifier import Classifier
from cxr.site import diagnostic_yield
from cxr.site.diagnostic_yield import Group, Yield
from cxr.site.films import people
from cxr.site_profiles.profile import Profile
from ui.base import charts
from ui.base.formatting import percent
from ui.hospital import drawings, report, saved_profiles, words
from ui.hospital.profile_films import ProfileFilm
from ui.hospital.report import FIGURES
from ui.metrics.blocks import heading, numbers, quiet, ranged, said, share, table

TUBERCULOSIS = "T"
"""The label that the WHO's least values are for."""
PREVALENCE = 5.0
"""Percent, until the user sets one."""


@st.fragment
def show(profile: Profile, model: Classifier, rows: Sequence[ProfileFilm]) -> None:
    """The threshold and all that follows from it; a moved slider draws this part only."""
    score, positive = diagnostic_yield.scored(profile)
    key = f"hospital-threshold-{profile.identity[:12]}"
    steps = diagnostic_yield.tried(profile)
    presets = {"As fitted": profile.threshold}
    for figure, least in (("sensitivity", WHO_SENSITIVITY), ("specificity", WHO_SPECIFICITY)):
        at_least = reaching(score, positive, **{figure: least})
        if at_least is not None:
            presets[f"{figure.capitalize()} {percent(least)} here"] = at_least
    steps = sorted({*steps, *presets.values()})
    if st.session_state.get(key) not in steps:
        st.session_state[key] = profile.threshold
    with st.container(key="hospital-bench"):
        left, right = st.columns([3, 2])
        with left:
            threshold = st.select_slider(
                f"Call {profile.positive} at log-odds of",
                steps,
                format_func=_written(steps).__getitem__,
                key=key,
            )
            with st.container(horizontal=True):
                for name, preset in presets.items():
                    st.button(
                        name,
                        key=f"hospital-preset-{name}",
                        on_click=st.session_state.update,
                        args=({key: preset},),
                    )
        with right:
            prevalence, cost = _asked(profile)
        there = diagnostic_yield.moved(profile, threshold)
        found = diagnostic_yield.at_threshold(profile, threshold, prevalence / 100, cost)
        st.plotly_chart(
            drawings.strip(profile, threshold),
            config=charts.CONFIG,
            alt=f"Log-odds of the films of {profile.negative} and {profile.positive}, with the "
            f"threshold at {words.log_odds(threshold)}",
        )
        both_sides = len(profile.positives) and len(profile.negatives)
        drawing, figures = st.columns([1, 1]) if both_sides else (None, st.container())
        if drawing is not None:
            with drawing:
                named = [held.person for held in rows if held.person]
                _roc(profile, threshold, found, len(set(named)) < len(named))
        with figures:
            st.html(
                _figures(profile, threshold, found) + _expected(profile, found, prevalence, cost)
            )
            saved_profiles.save(there)
        st.html(report.more(there))
        _groups(profile, model, rows, threshold, prevalence, cost)


def _asked(profile: Profile) -> tuple[float, float]:
    """Prevalence in percent, and the cost of a test."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        prevalence = st.number_input(
            f"{profile.positive} among 100 films there",
            0.01,
            99.0,
            PREVALENCE,
            step=0.5,
            key="hospital-prevalence",
            help="Where the threshold is to be used.",
        )
        if not len(profile.positives):
            return prevalence, 0.0
        cost = st.number_input(
            "Cost of one confirmatory test",
            0.0,
            1e6,
            0.0,
            step=1.0,
            key="hospital-cost",
            help="In your money. 0: not counted.",
        )
    return prevalence, cost


def _written(steps: Sequence[float]) -> dict[float, str]:
    """Each threshold as the slider writes it. It sends its text back: no two may be alike."""
    texts = Counter(words.log_odds(step) for step in steps)
    alone = {step: words.log_odds(step) for step in steps}
    return {step: text if texts[text] == 1 else repr(step) for step, text in alone.items()}


def _figures(profile: Profile, threshold: float, found: Yield) -> str:
    sides = {"sensitivity": found.sensitivity, "specificity": found.specificity}
    cells = {FIGURES[name]: ranged(side) for name, side in sides.items() if not isnan(side.value)}
    fitted = threshold == profile.threshold
    how = (
        f"Chosen for {words.chosen_for(profile)}. Out of fold: each film was judged by scores and "
        "a threshold that its patient’s films had no part in."
        if fitted
        else "Moved by hand: counted on the same films that it was chosen by, so a little too good."
    )
    told = ""
    known = not isnan(found.sensitivity.value) and not isnan(found.specificity.value)
    if known and profile.positive == TUBERCULOSIS:
        met = meets_who(found.sensitivity.value, found.specificity.value)
        told = said(
            f"On these films this {'reaches' if met else 'does not reach'} the least that the WHO "
            f"asks of a triage test: sensitivity {percent(WHO_SENSITIVITY)}, specificity "
            f"{percent(WHO_SPECIFICITY)}."
        )
    return numbers(cells) + told + quiet(how)


def _expected(profile: Profile, found: Yield, prevalence: float, cost: float) -> str:
    name = escape(profile.positive)
    expected, worst, best = found.of_thousand, found.worst, found.best
    alarms = _spanned(expected.alarms, best.alarms, worst.alarms)
    title = heading(f"Of 1,000 films at a prevalence of {prevalence:g} %")
    if isnan(found.sensitivity.value):
        cells = {"False alarms": alarms}
        return (
            title
            + numbers(cells)
            + quiet(f"How many of {name} are found or missed needs films of {name}.")
        )
    cells = {
        "Called: confirmatory tests": _spanned(
            expected.called, worst.found + best.alarms, best.found + worst.alarms
        ),
        f"{name} found": _spanned(expected.found, worst.found, best.found, 1),
        f"{name} missed": _spanned(expected.missed, best.missed, worst.missed, 1),
        "False alarms": alarms,
        "PPV": ranged(Estimate(expected.ppv, worst.ppv, best.ppv)),
        "NPV": ranged(Estimate(expected.npv, worst.npv, best.npv)),
    }
    if cost:
        cells["Cost of the tests"] = f"{found.cost:,.0f}"
        cells[f"Cost per {name} found"] = (
            "–" if isnan(found.cost_per_found) else f"{found.cost_per_found:,.0f}"
        )
    return (
        title
        + numbers(cells)
        + quiet(
            "If sensitivity and specificity hold there; in brackets with both at the ends of their "
            "intervals."
        )
    )


def _spanned(value: float, low: float, high: float, digits: int = 0) -> str:
    """A number of films with its span; alone where nothing is known of that."""
    if isnan(low):
        return f"{value:.{digits}f}"
    return f"{value:.{digits}f} <small>({low:.{digits}f}–{high:.{digits}f})</small>"


def _roc(profile: Profile, threshold: float, found: Yield, by_patient: bool) -> None:
    name = f"{profile.positive} against {profile.negative}, out of fold"
    # The profile does not say whose film is whose: no band where several are one patient's.
    curve = _curve(profile, 0 if by_patient else 500)
    points = [
        (
            f"threshold {words.log_odds(threshold)}",
            "circle",
            1 - found.specificity.value,
            found.sensitivity.value,
        )
    ]
    st.plotly_chart(
        charts.operating(curve, name, points, profile.positive == TUBERCULOSIS),
        config=charts.CONFIG,
        alt="ROC curve with the threshold; sensitivity "
        f"{share(found.sensitivity.value)}, specificity {share(found.specificity.value)}",
    )


def _curve(profile: Profile, resamples: int) -> Curve:
    held = st.session_state.get("hospital-curve")
    key = (profile.identity, resamples)
    if held is None or held[0] != key:
        score, positive = diagnostic_yield.scored(profile)
        curve = both(score, positive, np.arange(len(score)), resamples)[0]
        held = st.session_state["hospital-curve"] = (key, curve)
    curve_there: Curve = held[1]
    return curve_there


def _groups(
    profile: Profile,
    model: Classifier,
    rows: Sequence[ProfileFilm],
    threshold: float,
    prevalence: float,
    cost: float,
) -> None:
    """The threshold by subgroup, for the columns of the table that part the films into a few."""
    names = sorted({name for held in rows for name in held.columns})
    if not names:
        return
    score = _scores(profile, model, rows)
    used = np.isfinite(score)
    films = [held for held, there in zip(rows, used, strict=True) if there]
    columns = {name: [held.columns.get(name, "") for held in films] for name in names}
    positive = np.array([held.label == profile.positive for held in films])
    patients = people(
        [held.film for held in rows], [held.patient for held in rows], list(np.flatnonzero(used))
    )
    found = diagnostic_yield.groups(score[used], positive, patients, columns, threshold)
    if not found:
        return
    lines = [
        (
            escape(each.column),
            escape(each.value),
            f"{each.negatives}",
            f"{each.positives}",
            ranged(each.sensitivity),
            ranged(each.specificity),
            *_yielded(each, prevalence, cost),
        )
        for each in found
    ]
    grey = [i for i, each in enumerate(found) if min(each.negatives, each.positives) < 10]
    name = profile.positive
    of_thousand = ["Called", f"{name} found", f"{name} missed"]
    of_thousand += [f"Cost per {name} found"] * bool(cost)
    head = ("Group", "", profile.negative, name, *FIGURES.values(), *of_thousand)
    st.html(
        heading("By group")
        + table(head, lines, grey, text=2)
        + quiet(
            "Counted on the films that the threshold was chosen by; called, found and missed of "
            f"1,000 films of the group, were its prevalence {prevalence:g} % too. Grey: fewer than "
            "ten films of a label."
        )
    )


def _yielded(group: Group, prevalence: float, cost: float) -> list[str]:
    """What the threshold gives in a group of 1,000 films; nothing where it has one label alone."""
    found = diagnostic_yield.expected_of(
        group.sensitivity, group.specificity, prevalence / 100, cost
    )
    expected = found.of_thousand
    values = ((expected.called, 0), (expected.found, 1), (expected.missed, 1))
    told = ["–" if isnan(value) else f"{value:.{digits}f}" for value, digits in values]
    per_found = "–" if isnan(found.cost_per_found) else f"{found.cost_per_found:,.0f}"
    return [*told, *[per_found] * bool(cost)]


def _scores(profile: Profile, model: Classifier, rows: Sequence[ProfileFilm]) -> np.ndarray:
    held = st.session_state.get("hospital-scores")
    if held is None or held[0] != profile.identity:
        films = [each.film for each in rows]
        labels = [str(each.label) for each in rows]
        patients = [each.patient for each in rows]
        found = diagnostic_yield.film_scores(model, profile, films, labels, patients)
        held = st.session_state["hospital-scores"] = (profile.identity, found)
    scores: np.ndarray = held[1]
    return scores
