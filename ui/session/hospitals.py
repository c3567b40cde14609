"""Where the films are from: a hospital with a profile, one that the model knows, or another."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress
from time import monotonic

import streamlit as st

from cxr.errors import BundleError, SiteError
from cxr.model.classifier import Classifier
from cxr.screening.standing import Standing, ground_of
from cxr.site import Profile
from cxr.site_profiles import store, watch
from ui.base.formatting import odds, plain
from ui.session import models
from ui.session.films import Film, Reading

AWAY_S = 30.0
_away: dict[str, tuple[float, SiteError]] = {}
"""Database that did not answer → when, and what was said."""
OTHER, KNOWN = "Another hospital", "A hospital that the model knows"


def choose(profile: Profile | None) -> None:
    """Have scores go by a profile from here on, or by none."""
    st.session_state["hospital"] = OTHER if profile is None else profile.identity


def chosen(profile: Profile) -> bool:
    """Whether scores go by it."""
    return bool(st.session_state.get("hospital") == profile.identity)


def pick() -> None:
    """The sidebar's picker; there is none without a model that works."""
    try:
        model = models.current()
        ground_of(model)
    except BundleError:
        return  # the page says it
    profiles = {each.identity: each for each in _fitting(model)}
    lines = {identity: _line(each) for identity, each in profiles.items()}
    st.sidebar.selectbox(
        "Films from",
        [OTHER, KNOWN, *profiles],
        key="hospital",
        format_func=lambda choice: lines.get(choice, choice),
        persist_state="session",
        help="What a score means hangs on the hospital that a film is from.",
    )
    if (site := profiles.get(st.session_state["hospital"])) is not None:
        with suppress(SiteError):  # what is away is said where profiles are kept
            found = watch.look(site)
            if found.alarms:
                st.sidebar.info(watch.in_words(found))


def model() -> Classifier:
    """The picked model, at the picked hospital; ends the page with a sentence where there is no
    model that works."""
    shipped = models.current()
    for profile in _fitting(shipped):
        if chosen(profile):
            return _at(shipped, shipped.identity, profile, profile.identity)
    return shipped


def as_shipped(what: str) -> None:
    """Where a profile is picked and a page does not go by it: that, and why."""
    if (site := model().site) is not None:
        st.caption(
            plain(
                f"{what} as shipped, not by the profile of {site.name}: the films of the model’s "
                "own table are of other hospitals."
            )
        )


def standing(film: Film, reading: Reading, model: Classifier) -> Standing | None:
    """Where a film stands, if anything hangs on it: by a profile, or in a hospital that the model
    does not know, as far as the person says. A sample is of a hospital that it knows."""
    return None if model.site is None and at_home(film) else reading.standing


def at_home(film: Film) -> bool:
    """Whether it is said to be of a hospital that the model knows, as a sample is."""
    return bool(film.source) or all_at_home()


def all_at_home() -> bool:
    """Whether the session's films are."""
    return st.session_state.get("hospital") == KNOWN


# Kept, since what is worked out about a film is kept by the model's identity.
@st.cache_resource(max_entries=8, show_spinner=False)
def _at(_shipped: Classifier, key: object, _profile: Profile, identity: str) -> Classifier:
    return _shipped.at(_profile)


def _fitting(shipped: Classifier) -> list[Profile]:
    """The kept profiles of this network, the newest first."""
    found = []
    for profile in kept().profiles:
        try:
            shipped.at(profile)
        except SiteError:
            continue
        found.append(profile)
    return found


def kept() -> store.StoredProfiles:
    """Every kept profile, read again when there are others; none where the database is away, which
    is not asked again for half a minute: every run of every page would wait for it."""
    where = store.setting()
    since, refusal = _away.get(where, (-AWAY_S, None))
    if refusal is None or monotonic() - since > AWAY_S:
        try:
            found = _kept(where, store.listing())
        except SiteError as said:
            _away[where] = monotonic(), said
            refusal = said
        else:
            _away.pop(where, None)
            return found
    return store.StoredProfiles(unusable={store.SETTING: refusal})


@st.cache_resource(max_entries=2, show_spinner=False)
def _kept(where: str, listing: Hashable) -> store.StoredProfiles:
    return store.kept()


def _line(profile: Profile) -> str:
    """Name, what it rests on, threshold, time, and the beginning of its identity: the picker goes
    by this text, so no two may be alike, nor one change with what others there are."""
    films = " + ".join(
        f"{n:,} {label}".strip() if label else f"{n:,} films"
        for label, n in profile.films.items()
        if n
    )
    at = f"{profile.positive} from {odds(profile.threshold)}"
    when = profile.created[:16].replace("T", " ")
    return f"{profile.name} · {films} · {at} · {when} · {profile.identity[:6]}"
