"""From film to film of the session's list."""

from __future__ import annotations

import streamlit as st

from ui.base import keymap
from ui.session import films
from ui.session.films import Film


def show(film: Film) -> None:
    """The buttons to the film before and to the next one."""
    numbers = films.listed()
    place = numbers.index(film.number)
    for act, by, end in (("previous", -1, 0), ("next", 1, len(numbers) - 1)):
        st.button(
            act.capitalize(),
            shortcut=keymap.of(act),
            on_click=films.step,
            args=(by,),
            disabled=place == end,
        )
