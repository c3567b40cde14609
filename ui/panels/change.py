"""What the reader may say of a film against its file: turned, exchanged, let in. It is scored anew,
and marked wherever it is named."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from cxr.errors import NotARadiograph
from ui.base.formatting import flag
from ui.session import films
from ui.session.films import Film, Reading


def refused(film: Film, reading: Reading) -> None:
    """Why a film that can be seen has no score, and the ways to have one."""
    assert reading.refusal is not None
    _note(f"Refused: {flag(reading.refusal.code)}", reading.refusal.message)
    _buttons(film, reading)


def mark(film: Film, reading: Reading) -> None:
    """What was changed, before any score; nothing where nothing was."""
    if film.change.said:
        said = film.change.said
        _note(said[0].upper() + said[1:], " ".join(each.message for each in reading.doubts))


def offer(film: Film, reading: Reading) -> None:
    """The same ways of a film that was scored."""
    with st.popover("Turn, exchange, score again", type="tertiary"):
        _buttons(film, reading)


def _buttons(film: Film, reading: Reading) -> None:
    ways: list[tuple[str, str, dict[str, Any]]] = [
        ("Turn left", "turn-left", {"turn": -1}),
        ("Turn right", "turn-right", {"turn": 1}),
        ("Exchange black and white", "exchange", {"exchange": True}),
    ]
    if isinstance(reading.refusal, NotARadiograph):
        ways.append(("Let it in on my word", "let-in", {"let_in": True}))
    with st.container(horizontal=True, gap="xsmall"):
        for said, key, how in ways:
            st.button(said, key=key, on_click=films.alter, args=(film.number,), kwargs=how)
        if film.change.said:
            st.button("As filed", key="as-filed", on_click=films.as_filed, args=(film.number,))


def _note(title: str, text: str) -> None:
    st.html(
        f'<div class="cxr-outside" role="note"><b>{escape(title)}</b><p>{escape(text)}</p></div>'
    )
