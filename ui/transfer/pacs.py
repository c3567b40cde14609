"""Films from the PACS, and results as DICOM: to keep, or to send back to it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING

import streamlit as st

from cxr.dicom_out.marks import Window
from cxr.dicom_out.results import Result, results
from cxr.dicomweb.settings import IN_VAIN, Pacs, configured
from cxr.errors import CxrError, PacsError
from cxr.model.classifier import Classifier
from cxr.screening.assess import Assessment
from ui.base.formatting import plain
from ui.panels import as_shown
from ui.session import films, hospitals, operating_points, own_calls, record
from ui.session.films import Film, Reading

if TYPE_CHECKING:
    from cxr.dicomweb.query import PacsFilm

_OPEN, _FOUND, _CAME, _SENT = "pacs_open", "pacs_found", "pacs_came", "pacs_sent"
_EITHER = "CR or DX"
_PARTS = {"Chest": "CHEST", "Any": ""}
_HELP = (
    "Chest also lists films of which the PACS names no part of the body, as is common, or the "
    "chest in another language. Any leaves out none. Or type a term as the films have it, such as "
    "RIBS: films without a part are then left out, and the page says how many."
)


def find() -> None:
    """Opens the search; nothing where no PACS is set up."""
    try:
        pacs = configured()
    except PacsError as refusal:
        st.caption(plain(str(refusal)))
        return
    if pacs is None:
        return
    if st.button("From the PACS", key="pacs"):
        st.session_state[_OPEN] = True
    if st.session_state.get(_OPEN):
        _search(pacs)


def _shut() -> None:
    st.session_state.pop(_OPEN, None)
    st.session_state.pop(_FOUND, None)
    st.session_state.pop(_CAME, None)


@st.dialog("From the PACS", width="medium", on_dismiss=_shut)
def _search(pacs: Pacs) -> None:
    with st.form("pacs-query", border=False):
        first, last = st.columns(2)
        since = first.date_input("From", None, key="pacs-since")
        until = last.date_input("Until", None, key="pacs-until")
        kind, where, number = st.columns(3)
        modality = kind.selectbox("Modality", (_EITHER, "CR", "DX"), key="pacs-modality")
        accession = number.text_input("Accession number", max_chars=16, key="pacs-accession")
        part = where.selectbox(
            "Body part", tuple(_PARTS), key="pacs-part", help=_HELP, accept_new_options=True
        )
        unread = st.checkbox("Only films without a report of CXR Lens", True, key="pacs-unread")
        asked = st.form_submit_button("Search")
    if asked:
        try:
            from cxr.dicomweb.query import Query, search

            wanted = "" if modality == _EITHER else modality
            query = Query(since, until, wanted, _term(part), accession.strip(), unread)
            with st.spinner("Asking the PACS"):
                st.session_state[_FOUND] = search(pacs, query)
        except PacsError as refusal:
            st.session_state.pop(_FOUND, None)
            st.info(plain(f"{refusal}"))
    if (found := st.session_state.get(_FOUND)) is not None:
        for note in found.notes:
            st.caption(plain(note))
        if not found.films:
            st.caption("No film that fits.")
            return
        titles = {str(each.film): each for each in found.films}
        taken = st.multiselect(
            f"Films ({len(titles)})",
            list(titles),
            format_func=lambda name: titles[name].title + " · read" * titles[name].read,
            key="pacs-taken",
        )
        if st.button("Fetch", key="pacs-fetch", type="primary", disabled=not taken):
            _fetch([titles[name] for name in taken])


def _term(part: str) -> str:
    """What is searched for of what was picked or typed."""
    return _PARTS.get(part.strip().capitalize(), part.strip())


def _fetch(taken: list[PacsFilm]) -> None:
    """Take films in; one that does not come is said, and can be fetched again."""
    from cxr.dicomweb.client import fetch

    numbers: list[int] = []
    refused: list[str] = []
    came = st.session_state.setdefault(_CAME, set())
    with st.spinner("Fetching from the PACS"):
        for each in taken:
            if each.film in came:
                continue  # the others are fetched again
            try:
                numbers.append(films.add(each.title, fetch(each.film)))
                came.add(each.film)
            except PacsError as refusal:
                refused.append(f"{each.title}: {refusal}")
                if refusal.code in {*IN_VAIN, "pacs_slow"}:
                    break  # one more minute for each film, one more wrong login for the account
    for said in refused:
        st.info(plain(said))
    if numbers:
        films.choose(numbers[0])
    if not refused:
        _shut()
        st.rerun()


def exports(film: Film, reading: Reading, model: Classifier) -> None:
    """What is said of a DICOM film as files, and back to the PACS where there is one; nothing of a
    film that has no scores, or whose scores its reader is not to see yet."""
    if reading.prediction is None or own_calls.waits(film):
        return
    if films.radiograph_of(film).format != "DICOM" or find_spec("highdicom") is None:
        return
    tell = record.exporter()

    def zipped() -> bytes:
        made = make()
        tell("DICOM", {"film": film.sha256, "instances": [each.instance for each in made]})
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
            for each in made:
                file.writestr(f"{each.kind}.dcm", each.data)
        return out.getvalue()

    st.html('<div class="cxr-heading">For the film’s study</div>')
    buttons = st.container(horizontal=True, gap="small")
    make = _maker(film, reading, model, as_shown.toggle(film))
    with buttons:
        st.download_button(
            "DICOM",
            zipped,
            f"cxr-lens-dicom-{film.sha256[:12]}.zip",
            "application/zip",
            key=f"dicom-{film.number}",
            on_click="ignore",
            help="A structured report of the scores and a picture, with the map that is shown",
        )
        _sender(film, model, make)


def _sender(film: Film, model: Classifier, make: Callable[[], list[Result]]) -> None:
    try:
        pacs = configured()
    except PacsError:
        return  # said where films are searched for
    if pacs is None:
        return
    kept = st.session_state.setdefault(_SENT, {})
    name = film.number, model.identity
    if st.button("Send to the PACS", key="pacs-send"):
        try:
            from cxr.dicomweb.client import store

            made = make()
            with st.spinner("Sending"):
                sent, _ = store(pacs, [each.data for each in made])
        except CxrError as refusal:
            kept[name] = str(refusal)
        else:
            told = {"film": film.sha256, "instances": [each.instance for each in made]}
            record.exporter()("DICOM, to the PACS", {**told, "sent": sent})
            kept[name] = f"{len(made)} files are in the PACS" + (
                "." if sent else "; they were there already."
            )
    if name in kept:
        st.html(f'<div class="cxr-quiet"><p>{escape(kept[name])}</p></div>')


def _maker(
    film: Film, reading: Reading, model: Classifier, window: Callable[[], Window | None]
) -> Callable[[], list[Result]]:
    """What makes the files, where there may be no session to ask."""
    radiograph = films.radiograph_of(film)
    found = Assessment(
        film=radiograph,
        checks=reading.passport,
        prediction=reading.prediction,
        standing=hospitals.standing(film, reading, model),
    )
    drawn = as_shown.map_shown(film, model)
    chosen = operating_points.chosen(model.bundle) if model.site is None else {}
    home = hospitals.at_home(film)
    return lambda: results(
        film.data, found, model, drawn(), window=window(), chosen=chosen, known_hospital=home
    )
