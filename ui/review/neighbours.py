"""The films that the network finds most like a case, among those that it called right."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from cxr.errors import CxrError
from cxr.features import neighbours
from cxr.features.neighbours import Neighbour, Vectors
from cxr.imaging.preprocessing import reduce_film
from cxr.imaging.radiograph import Radiograph
from cxr.model.classifier import Classifier
from ui.base.formatting import plain, score, site
from ui.review import film_view, source
from ui.review.case import Case, film_of
from ui.session import studies
from ui.viewer import Plate
from ui.work.session_cache import Job, workspace

_BESIDE = 512
"""Longer side of a neighbour beside the film, pixels; linked with it, it has all of its own."""


def found(case: Case, table: pd.DataFrame, model: Classifier) -> dict[str, Neighbour] | Job:
    """The neighbours by label, or the job that is to find them; none of a film that the network
    learnt from, which is not among those that are compared, and no film that waits for a reader
    study: what it is like would tell what it is."""
    assert case.folder is not None
    if case.row.split == "train":
        return {}
    job = source.vectors(model, case.folder, table)
    if not isinstance(job.result, Vectors):
        return job
    vectors = job.result
    at = int(np.flatnonzero((table.case == case.row.case).to_numpy())[0])
    nearest: dict[str, Neighbour] = workspace().shelf.get(
        ("neighbours", str(job.key), model.identity, str(case.row.case), case.classes),
        lambda: neighbours.references(vectors, table, at, case.classes),
        lambda _: 1000,
    )
    held = studies.cases()
    return {label: each for label, each in nearest.items() if table.case.iloc[each.row] not in held}


def plates(case: Case, nearest: dict[str, Neighbour], table: pd.DataFrame) -> list[Plate]:
    """The neighbours' films, under what they are."""
    assert case.folder is not None
    made = []
    for label, neighbour in nearest.items():
        row = table.iloc[neighbour.row]
        try:
            film = film_of(case.folder, str(row.image))
        except CxrError:
            continue  # it was there when its vector was worked out
        where, likeness = site(str(row.source)), score(neighbour.likeness)
        title = f"Nearest {label} called right · {where} · cosine {likeness}"
        made.append(Plate(film, title, boxes=case.folder.rows[str(row.image)].boxes))
    return made


def beside(case: Case, table: pd.DataFrame, model: Classifier) -> None:
    """The neighbours as pictures, one above the other."""
    nearest = found(case, table, model)
    if isinstance(nearest, Job):
        progress(nearest, case, table, model)
        return
    for plate in plates(case, nearest, table):
        st.image(_small(plate.radiograph), caption=plain(plate.title), width="stretch")
    if case.row.split == "train":
        st.caption("Of a film that it learnt from no alike ones are shown.")
    elif missing := [label for label in case.classes if label not in nearest]:
        st.caption(plain(f"There is no film of {' or '.join(missing)} called right to compare."))


def _small(film: Radiograph) -> NDArray[np.uint8]:
    return workspace().shelf.get(
        ("beside", film.sha256),
        lambda: reduce_film(film.eight_bit, _BESIDE),
        lambda small: small.nbytes,
    )


def progress(job: Job, case: Case, table: pd.DataFrame, model: Classifier) -> None:
    """How far the search is, or why there is none."""
    if job.running and not job.cancelled:
        film_view.watch(job, "neighbours", "Looking for like films")
        return
    if job.cancelled:
        st.caption("The search for like films was stopped.")
    else:
        said = job.refusal or "The search failed; the log says why. [search_failed]"
        st.caption(plain(str(said)))
    if job.refusal is None or job.refusal.code != "no_convolution":
        again = (model, case.folder, table)
        st.button("Go on", key="neighbours-again", on_click=source.go_on, args=again)
