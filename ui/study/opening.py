"""Who sees a study's figures, and what is said before they open.

They open without a question to a reader who read the last film here, or who is signed in: without
sign-in a name is a word that anybody may type. To an instructor who has not read all of it they
open after the same question.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from cxr.study.plan import StudyPlan
from ui.base.formatting import plain
from ui.review import reader
from ui.server import access, who
from ui.session import studies

OPENS = (
    "That opens the films’ labels, which calls were wrong on purpose, and every reader’s answers, "
    "as a table too. Whoever has seen them cannot read this study as one who has not."
)


def asks(plan: StudyPlan) -> bool:
    """Whether a reader who has finished is a mere name here."""
    return not who.signed_in() and not studies.is_open(plan.study, reader.name())


def ask(plan: StudyPlan, read: int) -> None:
    """Before the figures of a reader who finished elsewhere, or at another time; `read` of the
    films he has read both ways."""
    name, films = reader.name(), len(plan.cases)
    said = (
        f"{name} has read all of this study."
        if read == films
        else f"{name} has read {read} of the {films} films of this study; the others could not be "
        "shown here."
    )
    with st.container(key="study-results"):
        st.info(plain(f"{said} {OPENS}"))
        with st.container(horizontal=True):
            st.button(
                plain(f"I am {name}: show the results"),
                key="study-open",
                on_click=studies.open_to,
                args=(plan.study, name),
            )
            st.button("I am somebody else", key="study-not-open", on_click=reader.forget)


def offer(plan_it: Callable[[], None] | None = None) -> None:
    """An instructor's way to the figures without reading; nothing for others.

    Parameters
    ----------
    plan_it : callable, optional
        Makes the study first, where there is none yet.
    """
    if access.may("instructor"):
        st.button(
            "Results so far, as instructor",
            key="study-as-instructor",
            type="tertiary",
            on_click=plan_it or want,
        )


def want() -> None:
    """Ask before they open."""
    st.session_state[studies.WANTED] = True


def wanted() -> bool:
    return access.may("instructor") and bool(st.session_state.get(studies.WANTED))


def as_instructor(plan: StudyPlan) -> bool:
    """Whether they are open to an instructor who has not read all of it."""
    return access.may("instructor") and studies.instructed(plan.study, reader.name())


def ask_instructor(plan: StudyPlan) -> None:
    """Before the figures of a study that he has not read."""
    with st.container(key="study-results"):
        st.info(f"Results as instructor, without reading every film. {OPENS}")
        with st.container(horizontal=True):
            st.button("Show the results", key="study-instruct", on_click=_instruct, args=(plan,))
            st.button("Not now", key="study-not-instruct", on_click=_not_now)


def _instruct(plan: StudyPlan) -> None:
    _not_now()
    studies.instruct(plan.study, reader.name())


def _not_now() -> None:
    st.session_state.pop(studies.WANTED, None)
