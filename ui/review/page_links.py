"""From a case to the other rooms: its film on Read, in the Lab, or as a step of one's own story."""

from __future__ import annotations

from pathlib import PurePath

import streamlit as st

from cxr.errors import CxrError
from cxr.screening.own_films import OWN
from ui.base.formatting import plain, site
from ui.lab import stories
from ui.review.case import Case
from ui.session import films, own_calls
from ui.session.films import Film

READ, LAB = "pages/read.py", "pages/lab.py"


def show(case: Case) -> None:
    """The ways out; none where there is no film."""
    if case.film is None or case.folder is None:
        return
    st.html('<div class="cxr-heading">Take this film to</div>')
    with st.container(key="elsewhere", horizontal=True, gap="small"):
        read = st.button("Read", key="review-to-read")
        lab = st.button("Lab", key="review-to-lab")
        story = st.button("My story", key="review-to-story")
    if not (read or lab or story):
        return
    try:
        film = _taken(case)
    except (OSError, CxrError) as refusal:
        st.info(plain(f"The film could not be taken there. {refusal}"))
        return
    if story:
        _step(case, film)
        return
    films.choose(film.number)
    own_calls.seen().add(film.number)  # its scores stand here
    st.switch_page(READ if read else LAB)


def _taken(case: Case) -> Film:
    """The case's film in the session's list, put there once.

    Raises
    ------
    OSError, CxrError
    """
    assert case.film is not None
    assert case.folder is not None
    held = [film for film in films.films().values() if film.sha256 == case.film.sha256]
    if held:
        return held[0]
    path = case.folder.path(str(case.row.image))
    # Of a hospital that the model doesn't know it is an upload: a source says that it is at home.
    home = "" if case.row.split in ("external", OWN) else site(str(case.row.source))
    name = f"case-{case.row.case}{PurePath(path).suffix.lower()}"
    film = films.films()[films.add(name, path.read_bytes(), str(case.row.label), home)]
    if film.refusal is not None:
        raise film.refusal
    return film


def _step(case: Case, film: Film) -> None:
    caption = f"Labelled {case.row.label}, called {case.row.called}."
    place = stories.append(film, caption)
    said = (
        f"Step {place} of your story: it is in the Lab, under Stories."
        if place
        else "No more fits into your story."
    )
    st.html(f'<div class="cxr-quiet" role="status">{said}</div>')
