"""Who is reading: the name that stands beside each verdict."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from cxr.review.entries import LONGEST_NAME, Entry, is_reserved, open_to
from ui.review import address
from ui.server import access, who
from ui.server.who import name
from ui.session import studies

__all__ = ["FORMS", "GIVEN", "KEPT", "SAID", "ask", "forget", "name", "sees_all", "show", "sight"]

SAID, KEPT, GIVEN, FORMS = "review_said", "review_kept", "review_given", "review_forms"
"""What was confirmed last, its row, this session's verdicts, the last of which can be taken back,
and the keys of forms that wait to be sent."""


def sees_all() -> bool:
    """Whether others' words come before one's own: to whoever teaches, or where nobody signs in."""
    return not access.asks() or access.may("instructor")


def sight() -> Callable[[list[Entry]], list[Entry]]:
    """What leaves, of rows, those that this reader may be told of; it works without a session."""
    return list if sees_all() else partial(open_to, name())


def ask() -> None:
    """The question, once a session."""
    with st.form("reader-form", border=False):
        st.caption("Give your name first: nothing is kept without one.")
        st.text_input(
            "Your name, as it is to stand beside your verdicts",
            max_chars=LONGEST_NAME,
            key="reader-name",
        )
        st.form_submit_button("Begin", key="reader-begin", on_click=_begin)
    if is_reserved(st.session_state.get("reader-name") or ""):
        st.info("“consensus” is no reader’s name: what several readers agree on stands under it.")


@address.held
def _begin() -> None:
    given = who.as_kept(st.session_state["reader-name"])
    if given and not is_reserved(given):
        st.session_state[who.SAID] = given
        address.resume()


def show() -> None:
    """The name, and the way to give another."""
    if not name():
        return
    st.caption(f"Reader: {name()}")
    if not who.signed_in():
        st.button("Change reader", key="reader-change", type="tertiary", on_click=forget)


@address.held
def forget() -> None:
    """The next reader takes nothing back of this one, and finds nothing that this one typed or had
    opened."""
    for key in (who.SAID, SAID, KEPT, GIVEN, FORMS, *studies.OF_READER):
        st.session_state.pop(key, None)
