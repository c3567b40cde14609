"""What is wanted of a profile, and the fit."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import streamlit as st

from cxr.errors import CxrError
from cxr.metrics.operating_points import WHO_SENSITIVITY, WHO_SPECIFICITY
from cxr.model.classifier import Classifier
from cxr.model.reference import reference_of
from cxr.site import fit, thresholds
from cxr.site.alignment import LEAST
from cxr.site_profiles.profile import Profile
from ui.hospital import refusals
from ui.hospital.profile_films import ProfileFilm, ProfileFilms, profile_films

AT_ONCE = 150
"""Films up to which a fit takes less than a second; more are fitted on a press."""
SHARE = 20.0
"""Percent of films without labels that are of the positive label, until the user says."""
_WANTED = {"specificity": WHO_SPECIFICITY, "sensitivity": WHO_SENSITIVITY}
_FOUND, _SAID, _PAIR = "hospital-fit", "hospital-wanted", "hospital-pair"


def pair(model: Classifier) -> tuple[str, str]:
    """The negative and the positive label."""
    labels = model.labels
    known = reference_of(model)
    default = (known.negative, known.positive) if known else (labels[0], labels[-1])
    if len(labels) == 2:
        return default
    chosen: tuple[str, str] | None = st.session_state.get(_PAIR)
    return chosen if chosen and set(chosen) <= set(labels) else default


def ask_pair(model: Classifier) -> None:
    """Which two labels are told apart; nothing where there are only two."""
    if len(model.labels) == 2:
        return
    negative, positive = pair(model)
    pairs = [(n, p) for p in model.labels for n in model.labels if n != p]
    with st.popover(f"{positive} against {negative}", help="The two labels to tell apart"):
        chosen = st.radio(
            "Tell apart",
            pairs,
            index=pairs.index((negative, positive)),
            format_func=lambda each: f"{each[1]} against {each[0]}",
            key="hospital-pairs",
        )
    if chosen != (negative, positive):
        st.session_state[_PAIR] = chosen
        st.rerun()


@dataclass(frozen=True)
class FitRequest:
    """What the person asks for.

    Attributes
    ----------
    figure : {"specificity", "sensitivity"}
    value : float
    share : float or None
        Of the positive label among films without one.
    without_outside : bool
    """

    figure: str = "specificity"
    value: float = WHO_SPECIFICITY
    share: float | None = None
    without_outside: bool = False


def ask(here: ProfileFilms, negative: str, positive: str) -> FitRequest:
    """The controls of a fit."""
    numbers = here.numbers()
    outside = sum(held.film.outside for held in here.usable())
    figure, value, share, without = "specificity", WHO_SPECIFICITY, None, False
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        if numbers[negative] >= thresholds.LEAST:
            figure, value = _figure(numbers[positive] >= thresholds.LEAST)
        elif not numbers[negative] + numbers[positive] and numbers[""] >= LEAST:
            said = f"{positive} among 100 of these films, as you know it"
            share = st.number_input(
                said, 0.5, 99.0, SHARE, step=1.0, key="hospital-share", width=300
            )
        if outside:
            said = f"Leave out {outside} outside what the model knows"
            without = st.checkbox(said, key="hospital-outside")
    return FitRequest(figure, value, None if share is None else share / 100, without)


def _figure(both: bool) -> tuple[str, float]:
    figure = "specificity"
    if both:
        figure = st.segmented_control(
            "Choose the threshold for a",
            list(_WANTED),
            default=figure,
            required=True,
            format_func=str.capitalize,
            key="hospital-figure",
        )
    value = st.number_input(
        f"Wanted {figure}, %",
        50,
        99,
        round(100 * _WANTED[figure]),
        key=f"hospital-{figure}",
        width=170,
    )
    return figure, value / 100


def fitted(model: Classifier, negative: str, positive: str, said: FitRequest) -> Profile | None:
    """The profile of the films that are there; None where there is none, and why.

    It is worked out once for the same films and the same wishes.
    """
    here = profile_films(model)
    rows = here.usable()
    if not rows:
        return None
    key = (model.identity, negative, positive, said, _key(rows))
    if (st.session_state.get(_FOUND) or (None,))[0] != key:
        many = len(rows) > AT_ONCE
        if many and not st.button(f"Fit {len(rows)} films", key="hospital-go", type="primary"):
            return None
        with st.spinner("Fitting", show_time=False):
            st.session_state[_FOUND] = key, _fit(model, rows, negative, positive, said)
    found = st.session_state[_FOUND][1]
    if isinstance(found, CxrError):
        refusals.show(found)
        return None
    return found


def _fit(
    model: Classifier, rows: Sequence[ProfileFilm], negative: str, positive: str, said: FitRequest
) -> Profile | CxrError:
    try:
        return fit(
            model,
            [held.film for held in rows],
            [str(held.label) for held in rows],
            positive=positive,
            negative=negative,
            patients=[held.patient for held in rows],
            wanted={said.figure: said.value},
            share=said.share,
            without_outside=said.without_outside,
        )
    except CxrError as refusal:
        return refusal


def _key(rows: Sequence[ProfileFilm]) -> Hashable:
    return tuple((held.film.identity, held.label, held.patient) for held in rows)
