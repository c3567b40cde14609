"""The films of a case: the case itself large, beside it those that the network finds most alike."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cxr.model.classifier import Classifier
from ui.base.formatting import plain
from ui.review import film_view, maps, neighbours
from ui.review.case import Case
from ui.review.queue import QueuePosition
from ui.viewer import Plate
from ui.work.session_cache import Job, workspace


def show_blind(place: QueuePosition, case: Case) -> None:
    """The film and nothing else: its name, lesions, maps and neighbours would tell."""
    with st.container(key="review-films"):
        if case.film is None:
            st.info(plain(case.why))
        else:
            film_view.show(place, [Plate(case.film, "The film")])


def show(place: QueuePosition, case: Case, table: pd.DataFrame, model: Classifier) -> str:
    """The film beside its neighbours, linked between them, or under both classes' maps; gives the
    mark that was drawn on it."""
    shown = film_view.shown()
    if shown != "maps" or case.film is None:
        workspace().leave_job()
    with st.container(key="review-films"):
        if case.film is None:
            st.info(plain(case.why))
            return ""
        film = Plate(case.film, "The film", boxes=case.outlined)
        if shown == "maps":
            return maps.show(place, case, case.film, model)
        if shown == "neighbours":
            found = neighbours.found(case, table, model)
            nearest = [] if isinstance(found, Job) else neighbours.plates(case, found, table)
            mark = film_view.show(place, [film, *nearest], case.told, film=case.film)
            if isinstance(found, Job):
                neighbours.progress(found, case, table, model)
            return mark
        left, right = st.columns([3, 1])
        with left:
            mark = film_view.show(place, [film], case.told, film=case.film)
        with right:
            neighbours.beside(case, table, model)
        return mark
