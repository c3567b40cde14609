"""What moved the network on a case: the maps of the two classes that it lies between."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cxr import overlay
from cxr.classifier import Classifier
from cxr.explain import grad_cam, occlusion
from cxr.radiograph import Radiograph
from ui.desk import Job, desk
from ui.review import stage
from ui.review.case import Case
from ui.review.queue import Place
from ui.viewer import Layer, Plate
from ui.words import plain

PATIENCE = 0.5
"""Seconds that a map may take before its progress is shown."""
_HEIGHT = "calc(100dvh - 16rem)"
"""What the choice of the method and the line below it leave of the stage."""
_WAITING = "calc(100dvh - 18rem)"


def show(place: Place, case: Case, film: Radiograph, model: Classifier) -> None:
    """The film twice, under one map a class, linked."""
    method = _method(model)
    found = _found(case, film, method, model)
    if isinstance(found, Job):
        if found.running:
            stage.watch(found, "map", "Working out both maps", lambda: stage.toggle("maps"))
        else:
            said = found.refusal or "The map could not be made; the log says why. [map_failed]"
            st.info(plain(str(said)))
        stage.show(place, [Plate(film, "The film", boxes=case.boxes, dim=found.running)], _WAITING)
        return
    st.html('<div class="cxr-quiet">What moved the network, not where disease is.</div>')
    plates = []
    kind = overlay.KINDS[method].title
    for label, values in found.items():
        empty = "" if np.abs(values).max() > 0 else ": nothing on this film speaks for it"
        layer = Layer(kind, values, method)
        plates.append(Plate(film, f"{label} · {kind}{empty}", (layer,), case.boxes))
    stage.show(place, plates, _HEIGHT)


def _method(model: Classifier) -> str:
    methods = [m for m in ("gradcam", "occlusion") if m != "gradcam" or model.bundle.gradcam_layer]
    chosen = st.segmented_control(
        "Method",
        methods,
        default=methods[0],
        format_func=lambda m: overlay.KINDS[m].title,
        required=True,
        key=f"review-method-{len(methods)}",
        label_visibility="collapsed",
        persist_state="session",
    )
    return str(chosen)


def _found(
    case: Case, film: Radiograph, method: str, model: Classifier
) -> dict[str, NDArray[np.float32]] | Job:
    """Both classes' maps, or the job that works them out."""
    wanted = ("maps", film.sha256, model.bundle.digest, method, case.classes)
    held: dict[str, NDArray[np.float32]] | None = desk().shelf.find(wanted)
    if held is not None:
        return held

    def work(step: Callable[[float], bool]) -> dict[str, NDArray[np.float32]]:
        if method == "gradcam":
            return {label: grad_cam(model, film, label) for label in case.classes}
        first, second = case.classes
        return {
            first: occlusion(model, film, first, progress=lambda share: step(share / 2)),
            second: occlusion(model, film, second, progress=lambda share: step(0.5 + share / 2)),
        }

    job = desk().job
    if job is None or job.key != wanted:
        desk().leave_job()
        job = desk().job = Job(wanted, work)
    if not job.wait(PATIENCE) or job.result is None:
        return job
    desk().job = None
    return desk().shelf.put(wanted, job.result, sum(v.nbytes for v in job.result.values()))
