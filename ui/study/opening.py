"""Who sees a study's figures, and what is said before they open.

They open without a question to a reader who read the last film here, or who is signed in. Without
sign-in a name is a word that anybody may type.
"""

from __future__ import annotations

import streamlit as st

from cxr.study.plan import Plan
from ui.base.formatting import plain
from ui.review import reader
from ui.server import who
from ui.session import studies

OPENS = (
    "That opens the films’ labels, which calls were wrong on purpose, and every reader’s answers, "
    "as a table too. Whoever has seen them cannot read this study as one who has not."
)


def asks(plan: Plan) -> bool:
    """Whether a reader who has finished is a mere name here."""
    return not who.signed_in() and not studies.is_open(plan.study, reader.name())


def ask(plan: Plan) -> None:
    """Before the figures of a reader who finished elsewhere, or at another time."""
    name = reader.name()
    with st.container(key="study-results"):
        st.info(plain(f"{name} has read all of this study. {OPENS}"))
        with st.container(horizontal=True):
            st.button(
                plain(f"I am {name}: show the results"),
                key="study-open",
                on_click=studies.open_to,
                args=(plan.study, name),
            )
            st.button("I am somebody else", key="study-not-open", on_click=reader.forget)
