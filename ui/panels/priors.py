"""A patient's films on Read: which they are, and one beside the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from cxr.errors import AlignmentError
from cxr.model.classifier import Classifier
from cxr.model.side_by_side import Alignment, aligned
from ui.base.formatting import short, told_short
from ui.panels import over_time
from ui.session import films, map_tasks, patients
from ui.session.films import Film, radiograph_of
from ui.viewer import Plate

ASKED = "prior-asked"
HERE = Alignment(1.0, 0.0, 0.0)


def beside(film: Film, model: Classifier) -> Film | None:
    """The film that stands beside it: the one that its reader picked, else the one before it."""
    if not st.session_state.get(ASKED):
        return None
    group = _seen(film, model)
    if len(group) < 2:
        return None
    numbers = [each.number for each in group]
    picked, place = st.session_state.get(_picked(film)), numbers.index(film.number)
    if picked in numbers and picked != film.number:
        return group[numbers.index(picked)]
    return group[place - 1 if place else 1]


def _seen(film: Film, model: Classifier) -> list[Film]:
    """The patient's films that can be shown, the oldest first."""
    readings = [(each, films.known(each, model)) for each in patients.films_of(film)]
    return [
        each
        for each, reading in readings
        if each.number == film.number or (reading and reading.facts)
    ]


def _picked(film: Film) -> str:
    return f"prior-of-{film.number}"


def plates(shown: list[Plate], film: Film, prior: Film | None) -> tuple[list[Plate], str]:
    """The other film, if there is one, after the plates of this one, laid over them by the lungs;
    and what is to be said where that could not be."""
    if prior is None:
        return shown, ""
    here, other = shown[0].radiograph, radiograph_of(prior)
    title = f"{_when(film, prior)} · {prior.told(short(prior.name, 24))}"
    found, onto = map_tasks.lungs_of(other), map_tasks.lungs_of(here)
    try:
        laid = aligned(found, other.pixels.shape, onto, here.pixels.shape)
    except AlignmentError as refusal:
        return [*shown, Plate(other, title)], str(refusal)
    return [*(replace(plate, place=HERE) for plate in shown), Plate(other, title, place=laid)], ""


def _when(film: Film, prior: Film) -> str:
    """Whether the other film is older or newer, and by how much."""
    numbers = [each.number for each in patients.films_of(film)]
    order = "Earlier" if numbers.index(prior.number) < numbers.index(film.number) else "Later"
    dates = patients.dates_of([film, prior])
    if dates is None:
        return order
    days = abs((dates[0].date() - dates[1].date()).days)
    return f"{order} by {days:,} {'day' if days == 1 else 'days'}"


def show(film: Film, model: Classifier) -> None:
    """The patient's films with their scores, and which films are his."""
    if len(films.films()) < 2:
        return
    group = patients.films_of(film)
    if len(group) > 1:
        over_time.show(group, film, model)
        _pick(film, model)
    with st.popover("Films of one patient", type="tertiary"):
        _whose(group, film)


def toggle(film: Film, model: Classifier) -> None:
    """Whether another film stands beside it; nothing where there is none."""
    if len(_seen(film, model)) > 1:
        st.toggle("Patient’s other film", key=ASKED, persist_state="session", width="content")


def _pick(film: Film, model: Classifier) -> None:
    """Which of several."""
    others = {each.number: each for each in _seen(film, model)}
    others.pop(film.number, None)
    now = beside(film, model)
    if now is None or len(others) < 2:
        return
    st.selectbox(
        "Beside it",
        list(others),
        index=list(others).index(now.number),
        format_func=_told(others).__getitem__,
        key=_picked(film),
        persist_state="session",
    )


def _told(held: Mapping[int, Film]) -> dict[int, str]:
    """Films by name, cut so that they differ, with what was changed of them."""
    cut = told_short({number: film.name for number, film in held.items()})
    return {number: film.told(cut[number]) for number, film in held.items()}


def _whose(group: list[Film], film: Film) -> None:
    """The reader's word on whose films these are."""
    names = _told(films.films())
    now = [each.number for each in group]
    key = f"patient-of-{film.number}-{'-'.join(map(str, now))}"
    st.multiselect(
        "Films of this patient, the oldest first",
        list(names),
        default=now,
        format_func=names.__getitem__,
        key=key,
        on_change=_say,
        args=(film.number, key),
    )
    st.caption(
        "Films with dates stand by date, others as you pick them. Without a word from you, DICOM "
        "films are one patient’s where number, birth date and sex are the same."
    )


def _say(number: int, key: str) -> None:
    patients.say(number, st.session_state[key])
