"""The reader's part of a case: a blind read where it is wanted, a verdict in one key, a note."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from cxr.model.classifier import Classifier
from cxr.review.entries import CONFIDENCES, LONGEST_NOTE, SEVERITIES, Entry, clean
from cxr.review.store import ReviewStore, new_key
from ui.base import keymap
from ui.base.formatting import meaning, plain
from ui.review import address, film_view, reader, saving
from ui.review.queue import QueuePosition
from ui.review.reader import FORMS
from ui.review.saving import VERDICTS

_NOT_OFFERED = {True: "model_wrong", False: "call_right"}
"""Where the call is the label, and where it isn't: there the label would be wrong."""


def committed(place: QueuePosition, rows: list[Entry]) -> Entry | None:
    """This reader's blind read of the case."""
    assert place.row is not None
    reads = [row for row in rows if row.kind == "blind" and row.case == place.row.case]
    own = [row for row in reads if row.reader == reader.name()]
    return own[-1] if own else None


def blind_read(place: QueuePosition, model: Classifier, store: ReviewStore) -> None:
    """The read that comes before everything else: a label by one key, and by the next how sure."""
    row = place.row
    assert row is not None
    about, bundle = _about(place, model), model.bundle
    case, draft = about.case, f"draft-{_own(about)}"
    judged = keymap.judged(film_view.named(place))
    st.html(f'<div class="cxr-heading" {judged}>Your read</div>')
    with st.container(horizontal=True, gap="small"):
        for label, shortcut in keymap.labels(bundle.labels).items():
            st.button(
                plain(label),
                key=f"read-{case}-{label}",
                shortcut=shortcut,
                type="primary" if st.session_state.get(draft) == label else "secondary",
                help=meaning(label, bundle.labels) or None,
                on_click=_pick,
                args=(draft, label),
            )
    st.html('<div class="cxr-heading">How sure: this commits it</div>')
    with st.container(horizontal=True, gap="small"):
        for confidence, shortcut in keymap.several("sure", CONFIDENCES).items():
            st.button(
                confidence.capitalize(),
                key=f"read-{case}-{confidence}",
                shortcut=shortcut,
                disabled=draft not in st.session_state,
                on_click=_commit,
                args=(about, draft, confidence, store),
            )
    st.html('<div class="cxr-quiet">Label, scores, maps and neighbours come after it.</div>')
    saving.outcome(store)


@address.held
def _pick(key: str, label: str) -> None:
    st.session_state[key] = label


@address.held
def _commit(about: Entry, draft: str, confidence: str, store: ReviewStore) -> None:
    read = st.session_state[draft]  # as it stands at the press, not as it was drawn
    saving.keep(replace(about, kind="blind", read=read, confidence=confidence), store)


def panel(
    place: QueuePosition, model: Classifier, store: ReviewStore, blind: Entry | None, mark: str
) -> None:
    """The verdicts, each one key, and what may be said beside them, a mark on the film too."""
    row = place.row
    assert row is not None
    about, bundle = _about(place, model), model.bundle
    standing = place.mine.get(about.case)
    about = replace(about, mark=mark or (standing.mark if standing else ""))
    own = _own(about)
    keys = {name: f"{name}-{own}" for name in ("note", "severity", "correction", "read")}
    buttons = st.container(key="verdicts", horizontal=True, gap="small")
    saving.outcome(
        store
    )  # before the note: whoever leaves that by Tab must not land on taking back
    others = [label for label in bundle.labels if label != about.label]
    offered = _offered(about, standing, blind)
    with st.container(horizontal=True, gap="medium"):
        correction = _choice("Right label", others, offered, keys["correction"])
        severe = standing.severity if standing else ""
        _choice("Severity", list(SEVERITIES), severe, keys["severity"])
    if blind is not None:
        before = f"Your read now (blind: {blind.read}, {blind.confidence})"
        said = standing.read if standing is not None and standing.read else blind.read
        _choice(before, list(bundle.labels), said, keys["read"])
    st.text_area(
        "Note",
        value=standing.note if standing else "",
        max_chars=LONGEST_NOTE,
        height=68,
        key=keys["note"],
        placeholder="No names of patients",
        persist_state="session",
    )
    if mark:
        st.html('<div class="cxr-quiet">The place that you marked goes with the verdict.</div>')
    usual = {"correction": offered, "read": blind.read if blind else ""}
    if standing is None and _unkept(mark, keys, usual):
        st.html('<div class="cxr-quiet">Not kept until a verdict.</div>')
    if standing is not None and _changed(standing, about.mark, keys):
        st.html('<div class="cxr-quiet">Changed since your verdict, and not kept yet.</div>')
        st.button(
            "Keep the change",
            key="keep-change",
            type="primary",
            on_click=_give,
            args=(about, standing.verdict, keys, "", store),
        )
    with buttons:
        for verdict in choices(about):
            more = f": {correction}" if verdict == "label_wrong" and correction else ""
            st.button(
                plain(VERDICTS[verdict] + more),
                key=f"verdict-{verdict}-{about.case}",
                shortcut=keymap.of(verdict),
                type="primary" if standing and standing.verdict == verdict else "secondary",
                on_click=_give,
                args=(about, verdict, keys, place.neighbour(1), store),
            )


def choices(about: Entry) -> list[str]:
    """The verdicts that make sense of a case."""
    return [name for name in VERDICTS if name != _NOT_OFFERED[about.label == about.called]]


def _changed(standing: Entry, mark: str, keys: dict[str, str]) -> bool:
    """Whether what is said beside the verdict is no longer what was kept with it."""
    names = ["note", "severity"]
    names += ["correction"] if standing.verdict == "label_wrong" else []
    names += ["read"] if standing.read else []
    return mark != standing.mark or any(
        clean(str(st.session_state.get(keys[name]) or "")) != getattr(standing, name)
        for name in names
    )


def _unkept(mark: str, keys: dict[str, str], usual: dict[str, str]) -> bool:
    """Whether something stands beside verdicts of which none is given: to step on would lose it."""
    said = {name: clean(str(st.session_state.get(key) or "")) for name, key in keys.items()}
    return bool(mark) or any(said[name] != usual.get(name, "") for name in keys)


def _own(about: Entry) -> str:
    """What is typed on a case is this reader's alone, under this model and profile."""
    return f"{about.case}-{about.bundle[:12]}-{about.profile[:12]}-{about.reader}"


def _offered(about: Entry, standing: Entry | None, blind: Entry | None) -> str:
    """What the right label most likely is; the button says it before it is given."""
    if standing is not None and standing.verdict == "label_wrong":
        return standing.correction
    for label in (about.called, blind.read if blind else ""):
        if label and label != about.label:
            return label
    return ""


def _choice(label: str, options: list[str], value: str, key: str) -> str:
    chosen = st.segmented_control(
        label,
        options,
        default=value if value in options else None,
        format_func=plain,
        key=key,
        persist_state="session",
    )
    return str(chosen or "")


def _about(place: QueuePosition, model: Classifier) -> Entry:
    """The case as a row without a verdict, with this form's key."""
    forms = st.session_state.setdefault(FORMS, {})
    about = place.entry(model, "")
    return replace(about, key=forms.setdefault(saving.form_of(about), new_key()))


@address.held
def _give(
    about: Entry, verdict: str, keys: dict[str, str], following: str, store: ReviewStore
) -> None:
    said = {name: str(st.session_state.get(key) or "") for name, key in keys.items()}
    if verdict != "label_wrong":
        said["correction"] = ""
    if not saving.keep(replace(about, verdict=verdict, **said), store):
        return
    film_view.spend()
    if following:
        address.go(following)
