"""Where a study's films come from, and where its answers go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import file_digest, sha256
from pathlib import Path

import pandas as pd
import streamlit as st

from cxr.errors import CxrError
from cxr.imaging.radiograph import Radiograph
from cxr.model.classifier import Classifier
from cxr.review.folder import DataFolder
from cxr.screening.standing import call_of
from cxr.study.answers import Answer, Answers, setting
from cxr.study.plan import Candidate, StudyPlan
from cxr.teaching import samples
from ui.base.formatting import plain
from ui.review import own
from ui.review import source as review
from ui.review.case import film_of
from ui.session import films, hospitals, tables
from ui.session.films import Film

SESSION, TABLE = "Films of this session", "Test films of the model"
FOLDER = "Films of your folder"


@dataclass(frozen=True, eq=False)
class Pool:
    """Films to choose from.

    Attributes
    ----------
    candidates : list of Candidate
    opened : dict of film to callable
        Reads a candidate's film; raises CxrError.
    hospital : str
        Whose profile the calls go by; "" where they are as shipped.
    sendable : str
        What a link calls them, as whoever opens it finds the same: see :data:`SENDABLE`.
    waits : bool
        Whether they are still being scored, which the page says.
    uncalled : frozenset of film
        Those of which Read calls nothing, as nothing says what a call is worth there: of a
        hospital that the model does not know and that has no profile. Their call is the class
        with the highest score.
    file : dict of film to callable
        Where a candidate's file lies, if its `film` is not the hash of that; raises CxrError.
    """

    candidates: list[Candidate]
    opened: dict[str, Callable[[], Radiograph]]
    hospital: str = ""
    sendable: str = ""
    waits: bool = False
    uncalled: frozenset[str] = frozenset()
    file: dict[str, Callable[[], Path]] = field(default_factory=dict)


def hashes(pool: Pool, plan: StudyPlan) -> list[str]:
    """By what other pages know a study's films: SHA-256 of their files, as far as they are there,
    and of the paths of those that a table or a folder lists. A folder has thousands of films and a
    study some: only these are looked at."""
    found = [case.film for case in plan.cases]
    for case in plan.cases:
        if case.film not in pool.file:
            continue
        try:
            with pool.file[case.film]().open("rb") as file:
                found.append(file_digest(file, "sha256").hexdigest())
        except (CxrError, OSError):
            continue  # it cannot be shown either
    return found


def answers() -> Answers:
    """The file of answers; ends the page with a sentence where it cannot be used."""
    try:
        return _open(setting())
    except CxrError as refusal:
        st.info(plain(str(refusal)))
        st.stop()


def kept(study: str) -> list[Answer]:
    """All readers' answers; ends the page with a sentence where they cannot be read."""
    try:
        return answers().of(study)
    except CxrError as refusal:
        st.info(plain(str(refusal)))
        st.stop()


@st.cache_resource(max_entries=2, show_spinner=False)
def _open(place: str) -> Answers:
    return Answers(place)


def add_samples() -> None:
    """Put the films that may be passed on in the session's list, once."""
    held = {film.name for film in films.films().values() if film.source}
    for sample in samples.shipped():
        if sample.name not in held:
            films.add_sample(sample)


def of_session(model: Classifier) -> Pool:
    """The films of the list whose label is known and that the model reads."""
    return _known(model, list(films.films().values()))


def of_samples(model: Classifier) -> Pool:
    """The samples alone, put in the list if they aren't there."""
    add_samples()
    held = films.films().values()
    return _known(model, [film for film in held if film.name in _samples() and film.source])


def _samples() -> set[str]:
    return {sample.name for sample in samples.shipped()}


def _known(model: Classifier, listed: list[Film]) -> Pool:
    candidates: list[Candidate] = []
    opened: dict[str, Callable[[], Radiograph]] = {}
    uncalled: set[str] = set()
    for film in listed:
        label = model.bundle.called(film.label)
        found = films.reading(film, model) if label in model.labels else None
        if found is None or found.prediction is None or film.sha256 in opened:
            continue
        candidates.append(
            Candidate(
                film.sha256,
                label,
                call_of(found.prediction, hospitals.standing(film, found, model)),
            )
        )
        opened[film.sha256] = partial(films.radiograph_of, film)
        if model.site is None and not hospitals.at_home(film):
            uncalled.add(film.sha256)
    every = {film.name for film in listed if film.source} == _samples()
    alone = len(listed) == len(_samples())
    hospital = model.site.name if model.site else ""
    sendable = "samples" if every and alone else ""
    return Pool(candidates, opened, hospital, sendable, uncalled=frozenset(uncalled))


def of_table(model: Classifier) -> Pool:
    """The test films of the model's table that may be shown and that the data folder holds."""
    folder = review.folder()
    if folder is None or review.wrong(folder, tables.key_of(model.bundle.folder)):
        return Pool([], {})
    try:
        table = tables.all_films(tables.key_of(model.bundle.folder))
    except CxrError:
        return Pool([], {})
    found = _of_rows(table[(table.split == "test") & table.display], folder)
    return replace(found, sendable="table")


def folder_of_own(model: Classifier) -> DataFolder | None:
    """The data folder, where its films are none of the model's."""
    try:
        return own.offered(model, tables.reviewed(tables.key_of(model.bundle.folder)))
    except CxrError:
        return None


def of_folder(model: Classifier) -> Pool:
    """Its films, called by the picked profile; none while they are scored: then the page says how
    far that is."""
    folder = folder_of_own(model)
    rows = None if folder is None else own.table(folder, model)
    if folder is None or rows is None:
        return Pool([], {}, waits=True)
    found = _of_rows(rows, folder)
    if model.site is not None:
        return replace(found, hospital=model.site.name)
    uncalled = () if hospitals.all_at_home() else found.opened
    return replace(found, uncalled=frozenset(uncalled))


def _of_rows(rows: pd.DataFrame, folder: DataFolder) -> Pool:
    candidates: list[Candidate] = []
    opened: dict[str, Callable[[], Radiograph]] = {}
    file: dict[str, Callable[[], Path]] = {}
    for image, label, called in zip(rows.image, rows.label, rows.called, strict=True):
        if folder.may_show(str(image)):
            film = sha256(str(image).encode()).hexdigest()
            candidates.append(Candidate(film, str(label), str(called)))
            opened[film] = partial(film_of, folder, str(image))
            file[film] = partial(folder.path, str(image))
    return Pool(candidates, opened, file=file)


POOLS = {SESSION: of_session, TABLE: of_table}
SENDABLE = {"samples": of_samples, "table": of_table}
"""Films that a link may name: they are wherever the program and its data folder are."""
