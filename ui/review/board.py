"""The films of a case: the case itself large, beside it those that the network finds most alike."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cxr.model.classifier import Classifier
from ui.desk import Job, desk
from ui.review import maps, near, stage
from ui.review.case import Case
from ui.review.queue import Place
from ui.viewer import Plate
from ui.words import plain


def show_blind(place: Place, case: Case) -> None:
    """The film and nothing else: its name, lesions, maps and neighbours would tell."""
    with st.container(key="review-stage"):
        if case.film is None:
            st.info(plain(case.why))
        else:
            stage.show(place, [Plate(case.film, "The film")])


def show(place: Place, case: Case, table: pd.DataFrame, model: Classifier) -> None:
    """The film beside its neighbours, linked between them, or under both classes' maps."""
    staged = stage.staged()
    if staged != "maps" or case.film is None:
        desk().leave_job()
    with st.container(key="review-stage"):
        if case.film is None:
            st.info(plain(case.why))
            return
        film = Plate(case.film, "The film", boxes=case.boxes)
        if staged == "maps":
            maps.show(place, case, case.film, model)
        elif staged == "near":
            found = near.found(case, table, model)
            if isinstance(found, Job):
                stage.show(place, [film])
                near.progress(found, case, table, model)
            else:
                stage.show(place, [film, *near.plates(case, found, table)])
        else:
            left, right = st.columns([3, 1])
            with left:
                stage.show(place, [film])
            with right:
                near.beside(case, table, model)
