"""Read: films in, scores and what they are worth, a map if asked."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import streamlit as st

from cxr.model.classifier import Classifier
from ui.base import frame, keymap
from ui.base.formatting import plain, short
from ui.panels import (
    change,
    findings,
    input_checks,
    maps,
    own_call,
    previous_next,
    priors,
    worklist,
)
from ui.session import films, hospitals, own_calls, record, studies
from ui.session.films import Film, Reading
from ui.transfer import intake, pacs, report
from ui.work.session_cache import workspace


def main() -> None:
    frame.require_notice()
    model = hospitals.model()
    if not films.films():
        workspace().leave_job()
        record.left()
        intake.first(model)
        own_call.toggle()
        return
    with st.sidebar:
        intake.more(model)
        tools, listed = st.container(), st.container()
        own_call.toggle()
    film = films.chosen()
    reading = films.reading(film, model)
    with listed:
        worklist.show(model)
    toolbar(film, reading, model)
    if reading.prediction is None or not maps.asked():
        workspace().leave_job()
    if not reading.facts:
        record.left()
        st.info(plain(f"This file was not read. {reading.refusal}"))
        keymap.arrows(films.step)
    else:
        film_and_scores(film, reading, model)
    with tools:
        intake.tools(model)
        if not film.change.said and not own_calls.waits(film):  # it is of the film as filed
            report.button(film, model)


def toolbar(film: Film, reading: Reading, model: Classifier) -> None:
    """From film to film, and the question for a map. Its buttons never move."""
    numbers = films.listed()
    place = numbers.index(film.number)
    shown = maps.asked()
    with st.container(key="toolbar", horizontal=True, vertical_alignment="center", gap="small"):
        previous_next.show(film)
        st.button(
            "Hide map" if shown else "Show map",
            key="map",
            shortcut=keymap.of("maps"),
            on_click=maps.toggle,
            disabled=reading.prediction is None or own_calls.waits(film),
        )
        st.button(
            "Remove", key="remove", type="tertiary", on_click=films.remove, args=(film.number,)
        )
        priors.toggle(film, model)
        changed = f" · {film.change.said}" if film.change.said else ""
        where = f"{place + 1} of {len(numbers)} · {escape(short(film.name))}{changed}"
        st.html(f'<div class="cxr-name">{where}</div>', width="content")


def film_and_scores(film: Film, reading: Reading, model: Classifier) -> None:
    """The film, its map if asked for, and the reading, or why there is none."""
    with st.container(key="film-row"):
        left, right = st.columns([3, 1])
    with right:
        if reading.prediction is None:
            change.refused(film, reading)
        elif studies.in_study(film):
            change.mark(film, reading)
            own_call.held()
        elif own_calls.waits(film):
            change.mark(film, reading)
            own_call.before(film, model)
        else:
            said(film, reading, model)
        over_time = st.container()
        told = replace(film, label="") if studies.in_study(film) else film
        findings.show_facts(told, reading, model.bundle)
        if not film.source and told is film:
            known(film, model)
        pacs.exports(film, reading, model)
    with left:
        maps.show(film, reading, model)
    with over_time:  # what noise does takes a second, and the film does not wait for it
        priors.show(film, model)


def said(film: Film, reading: Reading, model: Classifier) -> None:
    """The scores, what stands before them, and what the film is."""
    assert reading.prediction is not None
    own_calls.seen().add(film.number)
    change.mark(film, reading)
    found = reading.passport
    if found is not None:
        input_checks.before_scores(found)
    muted = found is not None and found.outside
    stands = hospitals.standing(film, reading, model)
    home = hospitals.at_home(film)
    findings.show_scores(reading.prediction, model, stands, muted, home)
    if found is not None:
        input_checks.show(found)
    change.offer(film, reading)
    own_call.after(film, model)


def known(film: Film, model: Classifier) -> None:
    """What the film is known to be, for the page Hospital."""
    st.html('<div class="cxr-heading">Known to be, for your hospital’s profile</div>')
    with st.container(key="known", horizontal=True, gap="small"):
        for label, shortcut in keymap.known(model.labels).items():
            st.button(
                label,
                key=f"known-{label}",
                type="primary" if film.label == label else "secondary",
                shortcut=shortcut,
                on_click=films.mark,
                args=(film.number, label),
            )


main()
