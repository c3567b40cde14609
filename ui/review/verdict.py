"""The reader's part of a case: a blind read where it is wanted, a verdict in one key, a note."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import streamlit as st

from cxr.errors import CxrError, ReviewError
from cxr.model.classifier import Classifier
from cxr.review.entries import CONFIDENCES, LONGEST_NOTE, SEVERITIES, Entry, clean
from cxr.review.store import Store, new_key
from ui.base import keymap
from ui.base.words import meaning, plain
from ui.review import address, film_view, reader
from ui.review.queue import Place
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
_NOT_OFFERED = {True: "model_wrong", False: "call_right"}
"""Where the call is the label, and where it isn't: there the label would be wrong."""
_FAILED = "review_failed"
_TOO_SOON = "Another key came too soon after it and was passed over."


def committed(place: Place, rows: list[Entry]) -> Entry | None:
    """This reader's blind read of the case."""
    assert place.row is not None
    reads = [row for row in rows if row.kind == "blind" and row.case == place.row.case]
    own = [row for row in reads if row.reader == reader.name()]
    return own[-1] if own else None


def blind_read(place: Place, model: Classifier, store: Store) -> None:
    """The read that comes before everything else: a label by one key, and by the next how sure."""
    row = place.row
    assert row is not None
    about, bundle = _about(place, model), model.bundle
    case, draft = about.case, f"draft-{_own(about)}"
    st.html('<div class="cxr-heading">Your read</div>')
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
    _outcome(store)


@address.held
def _pick(key: str, label: str) -> None:
    st.session_state[key] = label


@address.held
def _commit(about: Entry, draft: str, confidence: str, store: Store) -> None:
    read = st.session_state[draft]  # as it stands at the press, not as it was drawn
    _keep(replace(about, kind="blind", read=read, confidence=confidence), store)


def panel(place: Place, model: Classifier, store: Store, blind: Entry | None, mark: str) -> None:
    """The verdicts, each one key, and what may be said beside them, a mark on the film too."""
    row = place.row
    assert row is not None
    about, bundle = _about(place, model), model.bundle
    standing = place.mine.get(about.case)
    about = replace(about, mark=mark or (standing.mark if standing else ""))
    own = _own(about)
    keys = {name: f"{name}-{own}" for name in ("note", "severity", "correction", "read")}
    buttons = st.container(key="verdicts", horizontal=True, gap="small")
    _outcome(store)  # before the note: whoever leaves that by Tab must not land on taking back
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


def _own(about: Entry) -> str:
    """What is typed on a case is this reader's alone, under this model and profile."""
    return f"{about.case}-{about.bundle[:12]}-{about.profile[:12]}-{about.reader}"


def _form(about: Entry) -> tuple[str, str, str]:
    """What a form's key is kept under."""
    return about.bundle, about.profile, about.case


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


def _about(place: Place, model: Classifier) -> Entry:
    """The case as a row without a verdict, with this form's key."""
    forms = st.session_state.setdefault(FORMS, {})
    about = place.entry(model, "")
    return replace(about, key=forms.setdefault(_form(about), new_key()))


@address.held
def _give(about: Entry, verdict: str, keys: dict[str, str], following: str, store: Store) -> None:
    said = {name: str(st.session_state.get(key) or "") for name, key in keys.items()}
    if verdict != "label_wrong":
        said["correction"] = ""
    if not _keep(replace(about, verdict=verdict, **said), store):
        return
    film_view.spend()
    if following:
        address.go(following)


def _keep(entry: Entry, store: Store) -> bool:
    """Confirm a row once it is in the database; where it isn't, say so and leave all as it was."""
    forms = st.session_state.setdefault(FORMS, {})
    if entry.kind != "withdrawn" and forms.get(_form(entry)) != entry.key:
        # Pressed on a form that was sent already, before what comes next was there to be seen.
        last: Entry | None = st.session_state.get(KEPT)
        if last is not None and _pressed(last) != _pressed(entry):
            _say_too_soon()
        return False
    unconfirmed = st.session_state.get(_FAILED, ("",))[0] == entry.case
    try:
        kept, too_soon = _recorded(entry, store, unconfirmed)
    except CxrError as refusal:
        st.session_state[_FAILED] = address.here(), str(refusal)
        if refusal.code == "key_taken":  # it was kept before, unconfirmed, and changed since
            forms.pop(_form(entry), None)
        return False
    forms.pop(_form(kept), None)  # first: nothing below may be reached
    if not too_soon:
        record.verdict(kept)
    st.session_state.pop(_FAILED, None)
    st.session_state[SAID] = f"{_told_kept(kept)}{f' {_TOO_SOON}' if too_soon else ''}"
    st.session_state[KEPT] = kept
    given: list[Entry] = st.session_state.setdefault(GIVEN, [])
    if kept.kind == "verdict" and kept not in given:
        given.append(kept)
    return True


def _recorded(entry: Entry, store: Store, unconfirmed: bool) -> tuple[Entry, bool]:
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


def _outcome(store: Store) -> None:
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
def _undo(last: Entry, store: Store) -> None:
    given = st.session_state.get(GIVEN, [])
    if given[-1:] != [last]:
        if last in given:  # another was given before the button could say so
            _say_too_soon()
        return
    row = Entry(
        new_key(),
        "withdrawn",
        last.reader,
        last.case,
        last.image,
        last.bundle,
        label=last.label,
        called=last.called,
        withdraws=last.key,
        hospital=last.hospital,
        profile=last.profile,
    )
    if _keep(row, store):
        given.pop()
        address.go(last.case)
