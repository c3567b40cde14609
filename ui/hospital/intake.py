"""Where a hospital's films come in: one zone a label, a folder, a table."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import streamlit as st

from cxr.errors import CxrError, DataError, SiteError
from cxr.manifest import case_of
from cxr.model.classifier import Classifier
from cxr.screening.assess import assess
from cxr.site.films import film_of, patient_of
from cxr.site.reviewed import Reviewed, verdicts
from cxr.site.table import read_table
from ui.base import keymap
from ui.base.formatting import meaning, plain, short
from ui.hospital import refusals
from ui.hospital.profile_films import LEFT_OUT, ProfileFilm, ProfileFilms, profile_films
from ui.review import source as review
from ui.session import films as read_list
from ui.session import studies
from ui.transfer.intake import forget

TABLES = (".csv", ".tsv", ".txt")
RULE = (
    "PNG, JPEG or DICOM. Files are read, scored and let go; no film is kept. A CSV (file, label; "
    "if known patient, age, hiv) may be dropped with them, and a folder may hold one folder for "
    "each label."
)

_FOLDER = "Choose it with the button: a folder that is dragged here loses its folders’ names."


def zones(model: Classifier, negative: str, positive: str) -> None:
    """The drop zones. What is dropped waits until :func:`read` has read it."""
    here = profile_films(model)
    named = {
        label: " · ".join(filter(None, (f"{label} films", meaning(label, model.labels))))
        for label in (negative, positive)
    }
    asked = (
        (named[negative], negative, "negative"),
        (named[positive], positive, "positive"),
        ("Films without a label", "", "none"),
        ("A folder", "", "folder"),
    )
    with st.container(key="hospital-zones"):
        for column, zone in zip(st.columns(4), asked, strict=True):
            with column:
                _drop(here, *zone)
    st.caption(RULE)
    listed = _of_read()
    if listed and not here.held and not here.waiting:
        st.button(
            f"Take the {len(listed)} of Read",
            key="hospital-from-read",
            on_click=_take_list,
            args=(here,),
        )
    if not here.held and not here.waiting:
        _verdicts(here)


def _verdicts(here: ProfileFilms) -> None:
    """Films of the data folder as they were judged on Review; one hospital's at a time."""
    folder = review.folder()
    if folder is None:
        return
    found = verdicts(folder, review.kept(review.store()))
    if not found.films:
        return
    names = found.hospitals
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = names[0]
        if len(names) > 1:
            name = st.selectbox("Judged on Review, of", names, key="hospital-review", width=240)
        held = studies.cases()  # these would tell their label by the zone, see :func:`_of_read`
        films = [film for film in found.of(name) if case_of(film.image) not in held]
        left = f"{found.undecided} judged films have no agreed label and stay out."
        st.button(
            f"Take the {len(films)} judged on Review",
            key="hospital-from-review",
            help=left if found.undecided else None,
            on_click=_take_judged,
            args=(here, films, found.refused),
        )


def _take_judged(
    here: ProfileFilms, films: list[Reviewed], refused: Iterable[tuple[str, CxrError]]
) -> None:
    here.refused += refused
    for film in films:
        try:
            data = film.path.read_bytes()
        except OSError:
            gone = DataError("film_missing", "The data folder does not hold this film.")
            here.refused.append((film.image, gone))
            continue
        here.wait(film.image, data, film.label, film.patient)


def _drop(here: ProfileFilms, said: str, label: str, name: str) -> None:
    folder = name == "folder"
    given = st.file_uploader(
        said,
        accept_multiple_files="directory" if folder else True,
        key=f"hospital-{name}-{here.turns[name]}",
        help=_FOLDER if folder else None,
    )
    if given:
        for file in given:
            data = file.getvalue()
            if file.name.casefold().endswith(TABLES):
                _table(here, file.name, data)
            else:
                here.wait(file.name, data, label)
        if folder:
            here.name_strange(file.name for file in given)
        forget(given)
        here.turns[name] += 1
        st.rerun()


def _table(here: ProfileFilms, name: str, data: bytes) -> None:
    try:
        here.tell(read_table(data))
    except CxrError as refusal:
        here.refused.append((name, refusal))


def _take_list(here: ProfileFilms) -> None:
    for film in _of_read():
        here.wait(film.name, film.data, film.label)


def _of_read() -> list[read_list.Film]:
    """Read's films of this hospital: a sample, which names its source, is another's, and one of a
    reader study under way would tell its label by the zone that it lies in."""
    return [
        film
        for film in read_list.films().values()
        if film.data and not film.source and not studies.in_study(film)
    ]


def read(model: Classifier) -> None:
    """Read what waits, one film after the other, unless that was stopped.

    A press on the page while films are read starts it anew and loses nothing.
    """
    here = profile_films(model)
    if not here.waiting:
        return
    if here.stopped:
        with st.container(horizontal=True, vertical_alignment="center"):
            left = len(here.waiting)
            st.html(f'<div class="cxr-quiet">Stopped: {left} not read.</div>', width="content")
            st.button(
                "Go on", key="hospital-go-on", on_click=setattr, args=(here, "stopped", False)
            )
            st.button("Leave them", key="hospital-leave", on_click=here.waiting.clear)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0)
        st.button(
            "Stop",
            key="hospital-stop",
            shortcut=keymap.of("stop"),
            on_click=setattr,
            args=(here, "stopped", True),
        )
    done, all_of_them = 0, len(here.waiting)
    while here.waiting:
        bar.progress(min(done / all_of_them, 1.0), f"Reading {done + 1} of {all_of_them}")
        read_one(here, model)
        done += 1
    st.rerun()


def read_one(here: ProfileFilms, model: Classifier) -> None:
    """Read the first film that waits, if one does."""
    with here.reading:
        if not here.waiting:
            return
        waiting = here.waiting[0]
        try:
            found = assess(waiting.data, model)
            here.take(waiting, film_of(found, model, patient_of(waiting.data)))
        except CxrError as refusal:
            here.refused.append((waiting.name, refusal))
        if here.waiting and here.waiting[0] is waiting:  # else it was left meanwhile
            here.waiting.popleft()


def state(model: Classifier) -> None:
    """What has come in, what was refused, and what only the person can decide."""
    here = profile_films(model)
    numbers = here.numbers()
    said = [f"{numbers[label]} {label}" for label in model.labels if numbers[label]]
    said += [f"{numbers['']} without a label"] if numbers[""] else []
    people = {held.person for held in here.held.values()} - {""}
    said += [f"{len(people)} known patient{'s' * (len(people) > 1)}"] if people else []
    refused = len(here.refused) - here.again
    said += [f"{refused} refused"] if refused else []
    said += [f"{here.again} there already"] if here.again else []
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(f'<div class="cxr-name">{escape(" · ".join(said))}</div>', width="content")
        st.button("Remove all films", key="hospital-clear", type="tertiary", on_click=_clear)
    if here.table is not None:
        named = sum(any(map(here.table.find, held.names)) for held in here.held.values())
        st.caption(f"The table names {len(here.table.rows)} films; {named} are here.")
    if here.unknown:
        refusals.show(
            SiteError(
                "unknown_label",
                f"The model does not have the labels {', '.join(sorted(here.unknown))}. "
                f"It has {', '.join(model.labels)}. Those films count as without a label.",
            )
        )
    if here.contrary:
        _contrary(here)
    if here.refused:
        with st.expander(f"{len(here.refused)} not taken"):
            refusals.of_files(here.refused)


def _clear() -> None:
    for name in ("profile-films", "fit", "scores", "curve"):
        st.session_state.pop(f"hospital-{name}", None)


def _contrary(here: ProfileFilms) -> None:
    """Films that were given under two labels: taken once it is said which holds."""
    found = here.contrary
    open_ones = [name for name, held in found.items() if held.undecided]
    labels = sorted({label for held in found.values() for label in held.labels})
    if open_ones:
        many = f"{len(open_ones)} films are" if len(open_ones) > 1 else "1 film is"
        refusals.show(
            SiteError(
                "two_labels", f"{many} given under two labels, and not used until one is chosen."
            )
        )
        with st.container(horizontal=True):
            for label in (*labels, LEFT_OUT):
                st.button(
                    f"All are {label}" if label != LEFT_OUT else "Leave all out",
                    key=f"hospital-all-{label}",
                    on_click=_all,
                    args=(here, open_ones, label),
                )
    with st.expander("Films with two labels, one by one", expanded=0 < len(open_ones) <= 5):
        for identity, held in found.items():
            _one(here, identity, held)


def _all(here: ProfileFilms, identities: list[str], label: str) -> None:
    for identity in identities:
        if label == LEFT_OUT or label in here.held[identity].labels:
            here.decide(identity, label)


def _one(here: ProfileFilms, identity: str, held: ProfileFilm) -> None:
    key = f"hospital-two-{identity[:12]}-{held.chosen}"
    options = [*held.labels, LEFT_OUT]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(escape(short(held.names[-1], 40)), width=320)
        chosen = st.segmented_control(
            plain(short(held.names[-1])),
            options,
            default=held.chosen or None,
            key=key,
            label_visibility="collapsed",
        )
    if chosen and chosen != held.chosen:
        here.decide(identity, chosen)
        st.rerun()
