"""What the readers of a case have come to together: written down by one of them, as a row."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from cxr.errors import CxrError
from cxr.model.classifier import Classifier
from cxr.review.entries import LONGEST_NOTE, Entry, standing, withdrawal
from cxr.review.entries import consensus as agreed
from cxr.review.store import ReviewStore, new_key
from ui.base.formatting import plain
from ui.review import address, reader, saving
from ui.review.queue import QueuePosition
from ui.review.saving import VERDICTS
from ui.review.verdict import choices
from ui.session import record

_FORMS, _FAILED, _SOON = "consensus_forms", "consensus_failed", "consensus_soon"
_TOO_SOON = "It is kept. Another press came too soon after it and was passed over."


def show(place: QueuePosition, model: Classifier, store: ReviewStore, rows: list[Entry]) -> None:
    """The form; only for who has judged the case, once a second reader has."""
    assert place.row is not None
    case = str(place.row.case)
    judged = {who for at, who in standing(rows) if at == case}
    stands = agreed(rows).get(case)
    if case in place.mine and stands is not None and stands.reader == reader.name():
        _take_back(stands, store)
    if case not in place.mine or len(judged) < 2:
        return
    given = replace(place.entry(model, ""), kind="consensus")
    given = replace(given, key=_form(given))
    # Its key keeps it open while it is filled in, whatever comes and goes above it.
    with st.expander(
        "Another consensus" if stands else "Write down a consensus",
        key=f"consensus-form-{given.key}",
    ):
        _form_of(given, sorted(judged), model.labels, store)
    failed_at, failed = st.session_state.get(_FAILED, ("", ""))
    if failed and failed_at == case:
        st.error(plain(failed))
    elif st.session_state.get(_SOON) == case:
        st.html(f'<div class="cxr-quiet" role="status">{_TOO_SOON}</div>')


def _form_of(given: Entry, judged: list[str], labels: tuple[str, ...], store: ReviewStore) -> None:
    own = f"{given.case}-{given.bundle[:12]}-{given.profile[:12]}-{given.reader}"
    names = ("verdict", "correction", "took_part", "note")
    keys = {name: f"consensus-{name}-{own}" for name in names}
    verdict = st.segmented_control(
        "Together you say", choices(given), format_func=VERDICTS.__getitem__, key=keys["verdict"]
    )
    if verdict == "label_wrong":
        others = [label for label in labels if label != given.label]
        st.segmented_control("Right label", others, format_func=plain, key=keys["correction"])
    chosen = st.pills(
        "Took part",
        judged,
        selection_mode="multi",
        default=judged,
        format_func=plain,
        key=keys["took_part"],
    )
    st.text_area(
        "Note",
        key=keys["note"],
        height=68,
        max_chars=LONGEST_NOTE,
        placeholder="No names of patients",
    )
    if len(chosen) < 2:
        st.caption("A consensus is that of two readers or more.")
    st.button(
        "Keep the consensus",
        key=f"consensus-{given.case}",
        disabled=not verdict or len(chosen) < 2,
        on_click=_keep,
        args=(given, keys, store),
    )


def _form(given: Entry) -> str:
    """The key of this form: a double click is one row."""
    forms: dict[tuple[str, str, str], str] = st.session_state.setdefault(_FORMS, {})
    return forms.setdefault(_about(given), new_key())


def _about(row: Entry) -> tuple[str, str, str]:
    return row.bundle, row.profile, row.case


@address.held
def _keep(given: Entry, keys: dict[str, str], store: ReviewStore) -> None:
    said = {name: st.session_state.get(key) or "" for name, key in keys.items()}
    said["took_part"] = "\n".join(sorted(said["took_part"]))
    if said["verdict"] != "label_wrong":
        said["correction"] = ""
    _kept(replace(given, **said), store)


def _take_back(stands: Entry, store: ReviewStore) -> None:
    st.button(
        "Take your consensus back",
        key=f"consensus-back-{stands.case}",
        type="tertiary",
        on_click=_undo,
        args=(stands, new_key(), store),
    )


@address.held
def _undo(stands: Entry, key: str, store: ReviewStore) -> None:
    _kept(withdrawal(stands, key), store)


def _kept(row: Entry, store: ReviewStore) -> None:
    forms = st.session_state.setdefault(_FORMS, {})
    unconfirmed = st.session_state.get(_FAILED, ("",))[0] == row.case
    try:
        kept, too_soon = saving.recorded(row, store, unconfirmed)
    except CxrError as refusal:
        st.session_state[_FAILED] = row.case, str(refusal)
        if refusal.code == "key_taken":  # it was kept before, unconfirmed, and changed since
            forms.pop(_about(row), None)
        return
    forms.pop(_about(row), None)
    st.session_state.pop(_FAILED, None)
    st.session_state[_SOON] = row.case if too_soon else ""
    if not too_soon:
        record.verdict(kept)
