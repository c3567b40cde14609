"""Where the page's matter comes from: the database of verdicts, the folder of films, neighbours.

All three belong to the server, not to a session: their caches hold nothing that anyone typed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pandas as pd
import streamlit as st

from cxr.errors import CxrError, DataError
from cxr.features import neighbours
from cxr.features.neighbours import Vectors
from cxr.model.classifier import Classifier
from cxr.review.entries import Entry
from cxr.review.folder import DataFolder, open_folder
from cxr.review.store import ReviewStore, setting
from ui.base.formatting import plain
from ui.session import tables
from ui.work.session_cache import Job
from ui.work.shared import job_of

_FOLDER = "review_folder"
_MOST_JOBS = 3
_LOOKED_AT = 20
"""Films that are looked for before a folder is said to hold none."""


def store() -> ReviewStore:
    """The database; ends the page with a sentence where it cannot be used."""
    try:
        return _open(setting())
    except CxrError as refusal:
        st.info(plain(str(refusal)))
        st.stop()


def kept(store: ReviewStore, **wanted: str) -> list[Entry]:
    """Rows of the database; ends the page with a sentence where they cannot be read."""
    try:
        return store.entries(**wanted)
    except CxrError as refusal:
        st.info(plain(str(refusal)))
        st.stop()


@st.cache_resource(max_entries=2, show_spinner=False, on_release=ReviewStore.close)
def _open(place: str) -> ReviewStore:
    return ReviewStore(place)


def folder_named() -> str:
    """The folder that this session or the server names; "" for none."""
    return st.session_state.get(_FOLDER) or os.environ.get("CXR_DATA", "")


def name_folder(path: str) -> None:
    """Use another folder in this session; "" goes back to the server's.

    Raises
    ------
    DataError
    """
    if path:
        open_folder(path)
    st.session_state[_FOLDER] = path


def folder() -> DataFolder | None:
    """The folder of films, or None where none is named or what is named is none."""
    named = folder_named()
    if not named:
        return None
    try:
        stat = (Path(named).expanduser() / "manifest.csv").stat()
        return _folder(named, stat.st_mtime_ns, stat.st_size)
    except (DataError, OSError, RuntimeError, ValueError):
        return None


@st.cache_resource(max_entries=4, show_spinner="Reading the data folder")
def _folder(named: str, changed_ns: int, size: int) -> DataFolder:
    return open_folder(named)


def wrong(films: DataFolder, key: tables.Key) -> str:
    """Why no film of a model's table is found in a folder, said once for all of them; "" where
    some are."""
    return _wrong(str(films.root), films.fingerprint, key, films)


@st.cache_data(max_entries=8, ttl=60, show_spinner=False)  # a disk may be mounted meanwhile
def _wrong(root: str, fingerprint: str, key: tables.Key, _films: DataFolder) -> str:
    images = tables.all_films(key).image
    listed = list(islice((image for image in images if _films.may_show(image)), _LOOKED_AT))
    if len(images) and not any(image in _films.rows for image in images):
        return (
            "The data folder is not that of this model’s films: it lists none of them. Name theirs "
            "under Another folder in the sidebar of Review, or start the app with CXR_DATA set to "
            "it."
        )
    if listed and not any((_films.root / image).is_file() for image in listed):
        return (
            "The data folder lists this model’s films, and the films are not in it: were they "
            "moved, or is a disk not there?"
        )
    return ""


@st.cache_resource(max_entries=4, show_spinner=False)
def _jobs() -> dict[Path, Job]:
    """Vectors worked out, under way or given up, by the shelf they lie on: one for all sessions."""
    return {}


def vectors(model: Classifier, films: DataFolder, table: pd.DataFrame, again: bool = False) -> Job:
    """The job that gives all films' vectors, begun if there is none; ``Job.result`` is a
    :class:`cxr.features.neighbours.Vectors` once it has ended well.

    Parameters
    ----------
    again : bool
        Begin anew after it was cancelled or has failed: finished shards stay.
    """
    of = (*tables.key_of(model.bundle.folder), len(table))
    images, shelf = _shelf(of, films.fingerprint, model, table)

    def work(step: Callable[[float], bool]) -> Vectors:
        return neighbours.work_out(model, images, films.film, shelf, step)

    return job_of(_jobs(), shelf, work, _MOST_JOBS, again)


@st.cache_resource(max_entries=4, show_spinner=False)
def _shelf(
    key: tuple[str, str, int], fingerprint: str, _model: Classifier, _table: pd.DataFrame
) -> tuple[tuple[str, ...], Path]:
    """The films of a bundle's table and where their vectors lie."""
    images = neighbours.films_of(_table)
    return images, neighbours.shelf(_model.bundle, fingerprint, images)


def go_on(model: Classifier, films: DataFolder, table: pd.DataFrame) -> None:
    """Begin the search again after it was cancelled or has failed: what was done stays."""
    with suppress(CxrError):  # the page itself says what is gone
        vectors(model, films, table, again=True)
