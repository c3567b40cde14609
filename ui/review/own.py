"""Films of one's own: those of a data folder that has none of the model's, scored where the page
opens them, by the hospital profile that is picked."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from itertools import islice

import pandas as pd
import streamlit as st

from cxr.model.classifier import Classifier
from cxr.review.folder import DataFolder
from cxr.screening.assess import Assessment
from cxr.screening.own_films import FolderFilms, OwnFilms, listed, score
from ui.base.formatting import plain
from ui.review import film_view, source
from ui.session import record, tables
from ui.work.session_cache import Job
from ui.work.shared import job_of

_LOOKED_AT = 20
_MOST_JOBS = 4


def offered(model: Classifier, table: pd.DataFrame) -> DataFolder | None:
    """The folder, where it holds films of which none is in the model's own table."""
    folder = source.folder()
    if folder is None:
        return None
    key = str(folder.root), folder.fingerprint, tables.key_of(model.bundle.folder)
    return folder if _offers(key, folder, table, model) else None


@st.cache_data(max_entries=8, ttl=60, show_spinner=False)  # as :func:`ui.review.source.wrong`
def _offers(key: Hashable, _folder: DataFolder, _table: pd.DataFrame, _model: Classifier) -> bool:
    if any(image in _folder.rows for image in _table.image):
        return False
    first = islice(_listed(_folder, _model).images, _LOOKED_AT)
    return any((_folder.root / image).is_file() for image in first)


def lists(folder: DataFolder, image: str, model: Classifier) -> bool:
    """Whether a film of the folder is among those that can be reviewed."""
    return image in _listed(folder, model).images


def _listed(folder: DataFolder, model: Classifier) -> FolderFilms:
    return _of(str(folder.root), folder.fingerprint, model.bundle.digest, folder, model)


@st.cache_resource(max_entries=4, show_spinner=False)
def _of(root: str, files: str, digest: str, _folder: DataFolder, _model: Classifier) -> FolderFilms:
    return listed(_folder, _model)


def key_of(folder: DataFolder, model: Classifier) -> Hashable:
    """What the folder's scores hang on."""
    return "own", str(folder.root), folder.fingerprint, model.identity


@st.cache_resource(max_entries=_MOST_JOBS, show_spinner=False)
def _held(key: Hashable) -> dict[str, Assessment]:
    """What was scored already: work that was stopped goes on with the rest."""
    return {}


@st.cache_resource(max_entries=1, show_spinner=False)
def _jobs() -> dict[Hashable, Job]:
    """One for all sessions; see :func:`ui.review.source.vectors`."""
    return {}


def scored(folder: DataFolder, model: Classifier, again: bool = False) -> Job:
    """The job that scores the folder's films, begun if there is none; ``Job.result`` is a
    :class:`cxr.screening.own_films.OwnFilms` once it has ended well.

    Parameters
    ----------
    again : bool
        Begin anew after it was cancelled or has failed.
    """
    key, images = key_of(folder, model), _listed(folder, model).images
    held = _held(key)

    def work(step: Callable[[float], bool]) -> OwnFilms:
        return score(folder, images, model, held, step)

    job = job_of(_jobs(), key, work, _MOST_JOBS, again)
    job.wait(0.3)  # a few films are there at once
    return job


def table(folder: DataFolder, model: Classifier) -> pd.DataFrame | None:
    """The films' rows; None while they are scored, or where none can be: the page says so."""
    job = scored(folder, model)
    if isinstance(job.result, OwnFilms) and len(job.result.table):
        return job.result.table
    if job.running and not job.cancelled:
        film_view.watch(job, "own", "Scoring the films of this folder")
    elif isinstance(job.result, OwnFilms):
        st.info("No film of this folder can be read as a frontal chest film.")
    else:
        ended = "failed; the log says why" if job.failed else "was stopped; what was scored stays"
        said = job.refusal or f"Scoring {ended}."
        st.info(plain(str(said)))
        st.button("Go on", key="own-again", on_click=_go_on, args=(folder, model))
    return None


def tell(folder: DataFolder, image: str, film: str, model: Classifier) -> None:
    """Have the audit log know what a film, by its hash, was scored, once a session."""
    found = _held(key_of(folder, model)).get(image)
    told: set[Hashable] = st.session_state.setdefault("review_told", set())
    if found is not None and (film, model.identity) not in told:
        told.add((film, model.identity))
        record.scored(film, model, found)


def _go_on(folder: DataFolder, model: Classifier) -> None:
    scored(folder, model, again=True)


def caption(model: Classifier) -> None:
    """By what calls and maps of one's own films go."""
    if (site := model.site) is not None:
        st.caption(plain(f"Calls and maps go by the profile of {site.name}."))
    else:
        st.caption("Calls and maps are as shipped: no hospital profile is picked.")


def counted(model: Classifier, table: pd.DataFrame) -> str:
    """How many films of one's own there are, and why others are left out; "" where none are."""
    folder = offered(model, table)
    if folder is None:
        return ""
    found = _listed(folder, model)
    job = _jobs().get(key_of(folder, model))
    refused = job.result.refused if job is not None and isinstance(job.result, OwnFilms) else 0
    out = {
        "may not be shown (display is not 1)": found.hidden,
        "without a label that the model has": found.unlabelled,
        "cannot be read as a frontal chest film": refused,
    }
    why = "".join(f"; {n:,} {what}" for what, n in out.items() if n)
    return (
        f"{len(found.images) - refused:,} films of your own, none of them in the model’s table"
        f"{why}."
    )
