"""Which films of the session are one patient's: as their files say, or as their reader does.

Of a patient's number the session keeps a hash, under a key that is its own and goes with it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from cxr.imaging.dicom.patient import Whose
from cxr.imaging.reader import whose
from ui.session.films import Film, films
from ui.work.session_cache import workspace

KEY_BYTES = 16


def stated(film: Film) -> Whose:
    """What the film's file says of its patient and its date."""
    if "patients-key" not in st.session_state:
        st.session_state["patients-key"] = secrets.token_bytes(KEY_BYTES)
    key: bytes = st.session_state["patients-key"]
    return workspace().shelf.get(
        ("whose", film.sha256), lambda: whose(film.data, key) or Whose(), lambda _: 512
    )


def films_of(film: Film) -> list[Film]:
    """Its patient's films, the oldest first: by their dates where all have one, else as their
    reader ordered them. The film itself is among them."""
    held = films()
    said = next((each for each in _said() if film.number in each), None)
    if said is not None:
        found = [held[number] for number in said if number in held]
    else:
        patient, taken = stated(film).patient, {number for each in _said() for number in each}
        found = [
            each
            for number, each in held.items()
            if number == film.number
            or (patient and number not in taken and stated(each).patient == patient)
        ]
    dates = [(date, each) for each in found if (date := stated(each).taken) is not None]
    if len(dates) < len(found):
        return found
    return [each for _, each in sorted(dates, key=lambda dated: dated[0])]


def dates_of(group: Sequence[Film]) -> list[datetime] | None:
    """When each was taken; None unless all say so."""
    dates = [date for film in group if (date := stated(film).taken) is not None]
    return dates if len(dates) == len(group) else None


def differ(group: Sequence[Film]) -> bool:
    """Whether their files name more than one patient."""
    return len({patient for film in group if (patient := stated(film).patient)}) > 1


def by_word(film: Film) -> bool:
    """Whether it is its reader who says whose the film is."""
    return any(film.number in each for each in _said())


def say(number: int, group: Sequence[int]) -> None:
    """The reader's word: these films are one patient's, the oldest first. A film that he leaves out
    is nobody else's until he says so."""
    before = [each.number for each in films_of(films()[number])] if number in films() else []
    alone = {*before, number} - set(group)
    others = [[n for n in each if n not in group and n not in alone] for each in _said()]
    st.session_state["one-patient"] = [
        each for each in (*others, list(group), *([n] for n in alone)) if each
    ]


def _said() -> list[list[int]]:
    """Numbers of films, a list a patient."""
    return st.session_state.setdefault("one-patient", [])
