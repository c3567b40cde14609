"""What the pages tell the audit log. Nothing here waits for a disk but a verdict, which its reader
is told was kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from secrets import token_hex
from time import monotonic
from typing import Any

import streamlit as st

from cxr.audit import events
from cxr.audit.events import Event
from cxr.audit.log import Log, setting
from cxr.audit.writer import Writer
from cxr.model.classifier import Classifier
from cxr.review.entries import Entry
from cxr.screening.assess import Assessment
from cxr.site_profiles.profile import Profile
from ui.server import who
from ui.session.operating_points import is_chosen, threshold

VERDICT_S = 2.0
"""Seconds that a verdict waits for its row here at most; it stands with the verdicts already."""


@dataclass
class RecordedSession:
    """What is being shown to one session."""

    name: str = field(default_factory=lambda: token_hex(8))
    who: str = ""
    shown: Hashable = None
    about: dict[str, Any] = field(default_factory=dict)
    since: float = 0.0
    began: bool = False

    def end(self) -> None:
        """The tab was closed, or the session given up."""
        if self.began:
            _leave(self)
            _put(self, "ended", {})


@st.cache_resource(scope="session", on_release=RecordedSession.end, show_spinner=False)
def _session() -> RecordedSession:
    return RecordedSession()


@cache
def _writer(place: str) -> Writer:
    """One for the whole server."""
    return Writer(lambda: Log(place))


def _here() -> RecordedSession:
    """This session, by whoever is at it now."""
    here = _session()
    here.who = who.name()
    if not here.began:
        here.began = True
        _put(here, "began", {})
    return here


def _put(session: RecordedSession, kind: str, about: Mapping[str, Any]) -> None:
    _writer(setting()).put(Event(kind, session.name, session.who, about))


def scored(film: str, model: Classifier, found: Assessment, changed: str = "") -> None:
    """A film, by its hash, was read, checked and scored, or refused; as its reader changed it."""
    about = events.scored(film, model, found)
    _put(_here(), "scored", {**about, "changed": changed} if changed else about)


def shown(
    film: str,
    model: Classifier,
    label: str = "",
    method: str = "",
    beside: tuple[str, ...] = (),
    what: str = "film",
) -> None:
    """A film, by its hash, or a case is on the screen, perhaps under a map and with something
    beside it; told again and again while it is."""
    here = _here()
    chosen = {
        each: threshold(model.bundle, each)
        for each in model.labels
        if is_chosen(model.bundle, each)
    }
    now = film, model.identity, label, method, beside, tuple(chosen.items())
    if here.shown == now:
        return
    _leave(here)
    here.shown, here.since = now, monotonic()
    here.about = {what: film, **events.by(model)}
    if label:
        here.about["map"] = {"class": label, "method": method}
    if beside:
        here.about["beside"] = list(beside)
    if chosen:
        here.about["session_thresholds"] = chosen
    _put(here, "shown", here.about)


def left() -> None:
    """Nothing of a film is on the screen any more."""
    _leave(_session())


def _leave(here: RecordedSession) -> None:
    if here.shown is not None:
        seconds = round(monotonic() - here.since, 1)
        _put(here, "left", {**here.about, "seconds": seconds})
        here.shown = None


def verdict(kept: Entry) -> None:
    """A row was kept with the verdicts."""
    _put(_here(), "verdict", events.verdict(kept))
    _writer(setting()).written(VERDICT_S)


def taken_in(data: bytes, rows: int, new: int) -> None:
    """A file of verdicts was taken in: its rows stand under the names that it gives."""
    about = {"sha256": sha256(data).hexdigest(), "rows": rows, "new": new}
    _put(_here(), "taken in", about)
    _writer(setting()).written(VERDICT_S)


def profile(what: str, of: Profile) -> None:
    """A hospital profile was saved, imported or deleted: thresholds of everybody hang on it."""
    about = {"hospital": of.identity, "network": of.network, "hospital_threshold": of.threshold}
    _put(_here(), "profile", {"what": what, **about})


def exporter() -> Callable[[str, Mapping[str, Any]], None]:
    """What tells of a file that leaves: it is made where there is no session to ask."""
    here = _here()
    return lambda what, about: _put(here, "exported", {"what": what, **about})


def head() -> str:
    """Of the log, for an export; "" before anything was written to it."""
    last = _writer(setting()).head
    return str(last) if last.seq else ""


def warn() -> None:
    """Say so where the log cannot be written."""
    failure = _writer(setting()).failure
    if failure is not None:
        st.sidebar.warning(f"The audit log is not being written. {failure.message}")
