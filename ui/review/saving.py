"""Rows of a review on their way to the database: kept once, confirmed, taken back."""

from __future__ import annotations

from html import escape

import streamlit as st

from cxr.errors import CxrError, ReviewError
from cxr.review.entries import Entry, withdrawal
from cxr.review.store import ReviewStore, new_key
from ui.base import keymap
from ui.base.formatting import plain
from ui.review import address
from ui.review.reader import FORMS, GIVEN, KEPT, SAID
from ui.session import record

VERDICTS = {
    "call_right": "Call is right",
    "model_wrong": "Model wrong",
    "label_wrong": "Label wrong",
    "other_disease": "Other disease",
    "unreadable": "Unreadable",
    "subtle": "Subtle",
    "unsure": "Unsure",
}
"""Each has its key by its name."""
_FAILED = "review_failed"
_TOO_SOON = "Another key came too soon after it and was passed over."


def form_of(about: Entry) -> tuple[str, str, str]:
    """What a form's key is kept under."""
    return about.bundle, about.profile, about.case


def keep(entry: Entry, store: ReviewStore) -> bool:
    """Confirm a row once it is in the database; where it isn't, say so and leave all as it was."""
    forms = st.session_state.setdefault(FORMS, {})
    if entry.kind != "withdrawn" and forms.get(form_of(entry)) != entry.key:
        # Pressed on a form that was sent already, before what comes next was there to be seen.
        last: Entry | None = st.session_state.get(KEPT)
        if last is not None and _pressed(last) != _pressed(entry):
            _say_too_soon()
        return False
    unconfirmed = st.session_state.get(_FAILED, ("",))[0] == entry.case
    try:
        kept, too_soon = recorded(entry, store, unconfirmed)
    except CxrError as refusal:
        st.session_state[_FAILED] = address.here(), str(refusal)
        if refusal.code == "key_taken":  # it was kept before, unconfirmed, and changed since
            forms.pop(form_of(entry), None)
        return False
    forms.pop(form_of(kept), None)  # first: nothing below may be reached
    if not too_soon:
        record.verdict(kept)
    st.session_state.pop(_FAILED, None)
    st.session_state[SAID] = f"{_told_kept(kept)}{f' {_TOO_SOON}' if too_soon else ''}"
    st.session_state[KEPT] = kept
    given: list[Entry] = st.session_state.setdefault(GIVEN, [])
    if kept.kind == "verdict" and kept not in given:
        given.append(kept)
    return True


def recorded(entry: Entry, store: ReviewStore, unconfirmed: bool) -> tuple[Entry, bool]:
    """The row as it is kept, and whether that is what an earlier press on this form gave: Streamlit
    may still be at work on that one when the next arrives."""
    try:
        return store.record(entry), False
    except ReviewError as refusal:
        first = store.entries(key=entry.key) if refusal.code == "key_taken" else []
        if unconfirmed or [(one.reader, one.case) for one in first] != [(entry.reader, entry.case)]:
            raise
        return first[0], True


def _told_kept(kept: Entry) -> str:
    what = {"blind": f"read {kept.read}", "withdrawn": "taken back"}.get(kept.kind)
    what = what or VERDICTS[kept.verdict].lower()
    return f"Kept at {kept.time[11:19]} UTC: {what}, case {kept.case}."


def _say_too_soon() -> None:
    st.session_state[SAID] = f"{_told_kept(st.session_state[KEPT])} {_TOO_SOON}"


def _pressed(entry: Entry) -> tuple[str, str, str]:
    return entry.kind, entry.verdict, entry.confidence


def outcome(store: ReviewStore) -> None:
    """What became of the last thing that was given, and the way to take it back."""
    case, failed = st.session_state.get(_FAILED, ("", ""))
    if failed and case == address.here():
        st.error(plain(failed))
    elif said := st.session_state.get(SAID):
        st.html(f'<div class="cxr-quiet" role="status">{escape(said)}</div>')
    given = st.session_state.get(GIVEN, [])
    st.button(
        "Take the last one back",
        key="undo",
        shortcut=keymap.of("back"),
        type="tertiary",
        disabled=not given,
        on_click=_undo,
        args=(given[-1] if given else None, store),
    )


@address.held
def _undo(last: Entry, store: ReviewStore) -> None:
    given = st.session_state.get(GIVEN, [])
    if given[-1:] != [last]:
        if last in given:  # another was given before the button could say so
            _say_too_soon()
        return
    if keep(withdrawal(last, new_key()), store):
        given.pop()
        address.go(last.case)
