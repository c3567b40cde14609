"""How far an occlusion map is the fill's doing, for the film that regions are drawn on."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cxr.errors import CxrError
from cxr.explain import FILLS
from cxr.explain_eval.fill_agreement import compare_fills
from cxr.imaging.radiograph import Radiograph
from cxr.model.classifier import Classifier
from ui.base.formatting import plain
from ui.lab.words import rank_table
from ui.work import long_work
from ui.work.session_cache import ProgressCall, workspace

NAMES = {"blur": "Blur", "mean": "Mean", "noise": "Noise", "black": "Black"}


def compare(film: Radiograph, label: str, model: Classifier) -> None:
    """If asked, the class's occlusion maps under all fills: their rank correlations."""
    if not st.toggle("Compare the fills", key="lab-fills", persist_state="session"):
        workspace().leave_job()
        return

    def rank(step: ProgressCall) -> NDArray[np.float64]:
        return compare_fills(model, film, label, progress=step).rank

    task = long_work.Task(
        ("fills", film.sha256, model.identity, label),
        f"occlusion of {label} under each fill",
        rank,
        lambda found: found.nbytes,
    )
    long_work.show(long_work.go_on([task]))
    found = long_work.done(task.key)
    if isinstance(found, CxrError):
        st.info(plain(str(found)))
    elif found is not None:
        st.html(
            f"{rank_table([NAMES[fill] for fill in FILLS], found)}"
            f'<div class="cxr-quiet"><p>Occlusion maps of {plain(label)} under each fill: 1 where '
            "they order the film’s places alike. Where they don’t, the map shows the fill as much "
            "as the film.</p></div>"
        )
