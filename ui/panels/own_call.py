"""The reader's own call of a film, and how sure he is: before the scores if he wishes, or after."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import streamlit as st

from cxr.model.classifier import Classifier
from ui.base import keymap
from ui.base.formatting import plain
from ui.session import own_calls, studies
from ui.session.films import Film
from ui.session.own_calls import SURE, Call


def toggle() -> None:
    """Whether scores wait for the reader's call."""
    st.toggle(
        "My call first",
        key="call-first",
        persist_state="session",
        help="Scores, maps and the order by score wait until you have called the film. Films whose "
        "scores you have looked at are not asked for.",
    )


def held() -> None:
    """In place of the scores of a film whose reader study is not finished."""
    st.info(studies.HELD_BACK)
    st.page_link("pages/study.py", label="Study")


def before(film: Film, model: Classifier) -> None:
    """The question, in place of the scores."""
    call = _asked(film, model, "before")
    st.button(
        "Show the scores",
        key="own-show",
        type="primary",
        shortcut=keymap.of("keep"),
        disabled=call is None,
        on_click=_keep_before,
        args=(film.number, call),
    )


def _keep_before(number: int, call: Call | None) -> None:
    if call is not None:
        own_calls.calls()[number, "before"] = call
        own_calls.seen().add(number)


def after(film: Film, model: Classifier) -> None:
    """What was said before, and the question whether that is still so."""
    said = own_calls.of(film)
    if "before" in said:
        st.html(f'<div class="cxr-quiet">Before the scores: {escape(said["before"].said)}</div>')
    _asked(film, model, "after", _keep_after)


def _keep_after(number: int) -> None:
    """What is chosen now; nothing once it is taken back."""
    key = f"after-{number}"
    label, sure = (st.session_state.get(f"own-{what}-{key}") for what in ("label", "sure"))
    if label is None or sure is None:
        own_calls.calls().pop((number, "after"), None)
    else:
        own_calls.calls()[number, "after"] = Call(str(label), int(sure))


def _asked(
    film: Film, model: Classifier, stage: str, keep: Callable[[int], None] | None = None
) -> Call | None:
    st.html(
        '<div class="cxr-heading">Your call'
        f"{', before the scores' if stage == 'before' else ', with the scores'}</div>"
    )
    key = f"{stage}-{film.number}"
    if (call := own_calls.of(film).get(stage)) is not None:  # after a reload, too
        st.session_state.setdefault(f"own-label-{key}", call.label)
        st.session_state.setdefault(f"own-sure-{key}", call.sure)
    label = st.segmented_control(
        "Your call",
        own_calls.labels(model),
        format_func=plain,
        key=f"own-label-{key}",
        on_change=keep,
        args=(film.number,),
        persist_state="session",
        label_visibility="collapsed",
    )
    sure = st.segmented_control(
        "How sure",
        list(SURE),
        format_func=SURE.__getitem__,
        key=f"own-sure-{key}",
        on_change=keep,
        args=(film.number,),
        persist_state="session",
        label_visibility="collapsed",
    )
    return None if label is None or sure is None else Call(str(label), int(sure))
