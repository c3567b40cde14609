"""The report of a film, and of all films of the session: what goes into it, and its files."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Any

import streamlit as st

from cxr import report
from cxr.errors import CxrError, ReportError
from cxr.model.classifier import Classifier
from cxr.report.record import Report, Verdict
from cxr.report.together import to_zip
from cxr.review.entries import LONGEST_NAME, LONGEST_NOTE, utc
from ui.base.formatting import plain, short
from ui.panels import maps
from ui.server import who
from ui.session import films, hospitals, operating_points, own_calls, record
from ui.session.films import Film

_OPEN = "report_open"
_Forms = dict[str, tuple[str, str, Callable[[Sequence[Report]], bytes]]]

_FORMS: _Forms = {
    "PDF": ("pdf", "application/pdf", report.to_pdf),
    "HTML": ("html", "text/html", report.to_html),
    "JSON": ("json", "application/json", lambda made: report.to_json(made[0])),
}
_ALL: _Forms = {
    "PDF of all": ("pdf", "application/pdf", report.to_pdf),
    "Zip of all": ("zip", "application/zip", to_zip),
}


def button(film: Film, model: Classifier) -> None:
    """Opens the report of the film that is shown, which stays when a map that is being worked out
    has the page drawn anew."""
    read = films.reading(film, model)
    if st.button(
        "Report",
        key="report",
        help="One page of this film to print, or of all films",
        disabled=read.refusal is not None and read.refusal.code != "not_chest",
    ):
        st.session_state[_OPEN] = film.number
    if st.session_state.get(_OPEN) == film.number:
        _form(film, model)


def _shut() -> None:
    st.session_state.pop(_OPEN, None)


@st.dialog("Report", width="medium", on_dismiss=_shut)
def _form(film: Film, model: Classifier) -> None:
    own = f"report-{film.number}"  # what is typed is of this film alone
    st.caption(plain(short(film.name)))
    said = st.segmented_control(
        "Your reading",
        [*model.labels, "unsure"],
        key=f"{own}-said",
        format_func=plain,
    )
    note = st.text_area(
        "Note",
        max_chars=LONGEST_NOTE,
        height=80,
        key=f"{own}-note",
        placeholder="No names",
    )
    reader, patient = st.columns(2)
    name = reader.text_input(
        "Reader",
        value=who.name(),
        max_chars=LONGEST_NAME,
        disabled=bool(who.signed_in()),
        key=f"{own}-reader",
    )
    whose = patient.text_input(
        "Patient, if the name is to stand on it",
        max_chars=LONGEST_NAME,
        key=f"{own}-patient",
        autocomplete="off",  # a browser keeps on its disk what is typed into other fields
    )
    with_film = st.checkbox(
        "JSON holds the film",
        key=f"{own}-film",
        help="As the network was given it, without the file’s header: the report can then be "
        "verified without the film’s file.",
    )
    verdict = None
    if said or note:
        verdict = Verdict(name, str(said or ""), note, utc())

    asked = _asked(film, model)
    key = film.number, model.identity, repr(asked), said, note, name, whose, with_film
    head = record.head()
    held: dict[Hashable, Report] = st.session_state.setdefault("report-made", {})

    def this() -> list[Report]:
        """The same for every form, so that all carry one hash."""
        if key not in held:
            made = report.make(
                film.data,
                model,
                **asked,
                verdict=verdict,
                patient=whose,
                with_film=with_film,
                log_head=head,
            )
            held.clear()
            held[key] = made
        return [held[key]]

    _downloads(_FORMS, this, film.sha256[:12])
    st.caption(
        "With the map that was chosen on the page, else that of its class. Text burnt into the "
        "film stays in it."
    )
    if len(films.films()) > 1:
        st.html('<div class="cxr-heading">All films of this session</div>')
        every = [
            (each.data, {**_asked(each, model), "log_head": head})
            for each in films.films().values()
            if not each.change.said and not own_calls.waits(each)
        ]
        _downloads(_ALL, lambda: _reports(every, model), "films")
        st.caption(
            "A page a film, without names, readings and notes; refused files have none, nor "
            "have films that were turned, exchanged or let in, or wait for your own call."
        )


def _downloads(forms: _Forms, make: Callable[[], Sequence[Report]], name: str) -> None:
    """A button a form; the report is worked out once one is pressed."""
    tell = record.exporter()
    busy = st.session_state.setdefault("report-busy", Lock())

    def written(title: str, write: Callable[[Sequence[Report]], bytes]) -> Callable[[], bytes]:
        def now() -> bytes:
            # The server has a handful of threads for downloads: a session gets one of them.
            if not busy.acquire(blocking=False):
                raise ReportError("busy", "A report is being made. Wait until it is there.")
            try:
                made = make()
                reports = [
                    {"film": each.content["film"]["sha256"], "report": each.sha256} for each in made
                ]
                tell(f"report, {title}", {"reports": reports})
                return write(made)
            finally:
                busy.release()

        return now

    with st.container(horizontal=True):
        for title, (ending, kind, write) in forms.items():
            st.download_button(
                title,
                written(title, write),
                f"cxr-lens-report-{name}.{ending}",
                kind,
                key=f"report-{name}-{title}",
                on_click="ignore",
            )


def _asked(film: Film, model: Classifier) -> dict[str, Any]:
    """What a film's report goes by: the map as it was chosen on the page, and the thresholds of the
    session. A download is worked out where there is no session to ask."""
    label, method = maps.chosen_map(film, model)
    return {
        "label": label,
        "method": method,
        "known_hospital": hospitals.at_home(film),
        "thresholds": operating_points.chosen(model.bundle),
    }


def _reports(every: Sequence[tuple[bytes, dict[str, Any]]], model: Classifier) -> list[Report]:
    made = []
    for data, asked in every:
        try:
            made.append(report.make(data, model, **asked, tested=False))
        except CxrError:
            continue
    return made
