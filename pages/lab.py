"""Lab: a network taken apart on one film, in front of a class."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from ui.base import frame
from ui.base.formatting import plain, short
from ui.lab import layers, methods, player, preprocessing, regions, stability, stories
from ui.panels import full_screen, input_checks, own_call, previous_next, worklist
from ui.session import films, hospitals, own_calls, studies
from ui.session.films import Film
from ui.transfer import intake
from ui.work.session_cache import workspace

STYLE = Path(__file__).parents[1] / "ui" / "lab" / "style.css"
VIEWS = ("Regions", "Methods", "Layers", "Input", "Stability")


def main() -> None:
    frame.require_notice()
    st.html(STYLE)
    model = hospitals.model()
    if (story := player.playing()) is not None:
        player.show(story, model, stories.edit)
        return
    if not films.films():
        workspace().leave_job()
        intake.first(model)
        with st.container(key="stories"):
            st.html('<div class="cxr-heading">Or play a story</div>')
            stories.shelf()
            stories.own()
        return
    with st.sidebar:
        intake.more(model)
        listed = st.container()
        story_room = st.expander("Stories")
    film = films.chosen()
    reading = films.reading(film, model)
    with listed:
        worklist.show(model)
    toolbar(film)
    if reading.prediction is None:
        workspace().leave_job()
        st.info(plain(f"This file was not read. {reading.refusal}"))
        return
    if studies.in_study(film):  # every view shows scores
        workspace().leave_job()
        own_call.held()
        return
    own_calls.seen().add(film.number)
    view = str(st.session_state.get("lab-view") or VIEWS[0])
    with story_room:
        stories.keep(film, model, view)
        stories.own()
        stories.shelf()
    if reading.passport is not None:
        input_checks.before_scores(reading.passport)
    if view == "Methods":
        methods.show(film, reading, model)
    elif view == "Layers":
        layers.show(film, reading.called, model, full_screen.lines(film, reading, model))
    elif view == "Stability":
        caption = full_screen.lines(film, reading, model)
        stability.show(film, reading.called, model, caption)
    elif view == "Input":
        workspace().leave_job()
        preprocessing.show(film, reading, model)
    else:
        regions.show(film, reading, model)


def toolbar(film: Film) -> None:
    """From film to film, and what is done with it."""
    numbers = films.listed()
    place = numbers.index(film.number)
    with st.container(key="toolbar", horizontal=True, vertical_alignment="center", gap="small"):
        previous_next.show(film)
        st.segmented_control(
            "View",
            VIEWS,
            default=VIEWS[0],
            required=True,
            key="lab-view",
            persist_state="session",
            label_visibility="collapsed",
        )
        changed = f" · {film.change.said}" if film.change.said else ""
        where = f"{place + 1} of {len(numbers)} · {escape(short(film.name))}{changed}"
        st.html(f'<div class="cxr-name">{where}</div>', width="content")


main()
