"""Profiles that are kept: saved, exported, imported, deleted."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import streamlit as st

from cxr.errors import CxrError
from cxr.model.classifier import Classifier
from cxr.screening.words import doubt
from cxr.site import from_bytes, to_bytes
from cxr.site_profiles import store
from cxr.site_profiles.profile import LONGEST_NAME, Profile, named, now
from ui.base import keymap
from ui.base.formatting import plain
from ui.hospital import refusals, words
from ui.metrics.blocks import heading
from ui.session import hospitals, record
from ui.transfer.intake import forget

_SAID, _ASKED, _TURN = "hospital-said", "hospital-delete-asked", "hospital-import-turn"
_SAVED, _TIMES = "hospital-saved", "hospital-version-times"


def save(profile: Profile) -> None:
    """The name, the button that keeps the profile under it, and what came of that."""
    _saved()
    with st.container(key="hospital-save", horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name of your hospital",
            "My hospital",
            max_chars=LONGEST_NAME,
            key="hospital-name",
            width=360,
        )
        refusal = None
        try:
            profile = replace(profile, name=named(name))
        except CxrError as said:
            refusal = said
        version = _version(profile)
        pressed = st.button(
            "Save",
            key="hospital-keep",
            type="primary",
            shortcut=keymap.of("keep"),
            disabled=refusal is not None,
        )
        st.download_button(
            "Export",
            lambda: to_bytes(version),
            _file(version),
            "application/json",
            key="hospital-export",
            on_click="ignore",
            disabled=refusal is not None,
        )
    if refusal is not None:
        refusals.show(refusal)
    if pressed:
        st.session_state[_SAVED] = _keep(profile)
        st.rerun()


def _saved() -> None:
    """What came of the last press, above the button: what stands below it may be out of sight."""
    kept = st.session_state.pop(_SAVED, None)
    if isinstance(kept, CxrError):
        refusals.show(kept)
    elif kept is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            said = f"Saved, and in use from now on: {kept}."
            st.html(f'<div role="status">{escape(said)}</div>', width="content")
            st.page_link("pages/read.py", label="Read films by it")


def _version(profile: Profile) -> Profile:
    """As it is saved and exported: what was moved by hand has a time of its own, the first at which
    it stood there."""
    times = st.session_state.setdefault(_TIMES, {})
    if "threshold" in profile.wanted:
        times.setdefault(profile.identity, now())
    return replace(profile, created=times.get(profile.identity, profile.created))


def _keep(profile: Profile) -> str | CxrError:
    """The name that it is kept under, or why it is not. What is saved last is the newest of its
    name; saved again, it is the same version."""
    version = _version(profile)
    named = (each for each in hospitals.kept().profiles if each.name == version.name)
    newest = next(named, version)
    if newest.identity != version.identity and newest.created >= version.created:
        st.session_state[_TIMES][profile.identity] = now()
        version = _version(profile)
    try:
        store.save(version)
    except CxrError as refusal:
        return refusal
    record.profile("saved", version)
    hospitals.choose(version)
    return version.name


def _told() -> None:
    for told in st.session_state.pop(_SAID, ()):
        if isinstance(told, CxrError):
            refusals.show(told)
        else:
            st.info(plain(told))


def _file(profile: Profile) -> str:
    safe = "".join(x if x.isalnum() else "-" for x in profile.name.casefold()).strip("-")
    return f"{safe or 'hospital'}-{profile.identity[:8]}.cxrsite.json"


def show(model: Classifier) -> None:
    """Every profile in the folder, and the way in for one from elsewhere."""
    found = hospitals.kept()
    st.html(heading("Saved profiles"))
    _told()
    for profile in found.profiles:
        _line(profile, model)
    if not found.profiles:
        st.html('<div class="cxr-quiet">None yet.</div>')
    for refusal in found.unusable.values():
        refusals.show(refusal)
    with st.expander("Import a profile"):
        turn = st.session_state.setdefault(_TURN, 0)
        given = st.file_uploader(
            "A profile’s file",
            accept_multiple_files=True,
            key=f"hospital-import-{turn}",
            label_visibility="collapsed",
        )
        if given:
            st.session_state[_SAID] = [_take(file.getvalue(), model) for file in given]
            forget(given)
            st.session_state[_TURN] = turn + 1
            st.rerun()


def _take(data: bytes, model: Classifier) -> str | CxrError:
    try:
        profile = from_bytes(data)
        model.at(profile)
        store.save(profile)
    except CxrError as refusal:
        return refusal
    record.profile("imported", profile)
    return f"Imported: {profile.name}."


def _line(profile: Profile, model: Classifier) -> None:
    identity = profile.identity[:12]
    other = ""
    try:
        model.at(profile)
    except CxrError as refusal:
        other = f"of another model [{refusal.code}]"
    facts = [words.date(profile), words.rests_on(profile), f"for {words.chosen_for(profile)}"]
    facts += ["its two piles differ by something crude"] if doubt(profile) else []
    facts += [other] if other else ["in use"] * hospitals.chosen(profile)
    with st.container(
        key=f"hospital-kept-{identity}", horizontal=True, vertical_alignment="center"
    ):
        st.html(
            f'<div class="hospital-kept"><b>{escape(profile.name)}</b>'
            f'<span class="cxr-quiet">{escape(" · ".join(facts))}</span></div>'
        )
        st.download_button(
            "Export",
            lambda: to_bytes(profile),
            _file(profile),
            "application/json",
            key=f"hospital-export-{identity}",
            on_click="ignore",
        )
        if st.session_state.get(_ASKED) == profile.identity:
            st.button(
                "Delete for good",
                key=f"hospital-delete-{identity}",
                on_click=_delete,
                args=(profile,),
            )
            st.button(
                "Keep",
                key=f"hospital-spare-{identity}",
                shortcut=keymap.of("stop"),
                on_click=st.session_state.pop,
                args=(_ASKED, None),
            )
        else:
            st.button(
                "Delete",
                key=f"hospital-ask-{identity}",
                type="tertiary",
                on_click=st.session_state.update,
                args=({_ASKED: profile.identity},),
            )


def _delete(profile: Profile) -> None:
    st.session_state.pop(_ASKED, None)
    try:
        store.delete(profile)
    except CxrError as refusal:
        st.session_state[_SAID] = [refusal]
        return
    record.profile("deleted", profile)
    if hospitals.chosen(profile):
        hospitals.choose(None)
    st.session_state[_SAID] = [f"Deleted: {profile.name}."]
