"""The map: asked for film by film, worked out once, laid over the film by the viewer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

import cv2
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cxr import overlay
from cxr.bundle import Bundle
from cxr.classifier import Classifier, Prediction
from cxr.explain import grad_cam, occlusion
from cxr.radiograph import Radiograph
from ui.desk import Job, desk
from ui.films import Film, Reading, chosen, radiograph_of, step
from ui.models import line
from ui.viewer import Layer, Look, Plate, viewer
from ui.viewer.wire import shrunk
from ui.words import plain, score

PATIENCE = 0.5
"""Seconds that a map may take before its progress is shown."""

CAVEAT = "What moved the network, not where disease is."

HEIGHT = "calc(100dvh - 17rem)"
"""Of the viewer above a map's settings; without them it has its own."""

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Wanted:
    """A map, by what it depends on."""

    sha256: str
    digest: str
    label: str
    method: str

    @property
    def name(self) -> str:
        return f"{self.label} · {overlay.KINDS[self.method].title}"


def asked(film: Film) -> bool:
    return film.number in st.session_state.setdefault("asked", set())


def toggle(film: Film) -> None:
    st.session_state.setdefault("asked", set()).symmetric_difference_update({film.number})


@st.fragment
def show(film: Film, reading: Reading, model: Classifier) -> None:
    """The film, and if asked for its map on or beside it, with what it is a map of.

    A fragment, so that method and class draw this again and nothing else of the page. It writes to
    no container from outside: Streamlit loses those when a run of the page is cut short.
    """
    if chosen().number != film.number:
        st.rerun()  # an arrow key stepped on, and only this fragment heard of it
    stage = st.container(key="stage")
    if not asked(film):
        with stage:
            viewer([Plate(radiograph_of(film), "Film")], key="read-film", on_step=step)
        return
    wanted, beside = _choose(film, reading, model)
    job = _job(film, wanted, model)
    found = _found(wanted, model)
    with stage:
        viewer(
            _plates(film, wanted, found, beside),
            key="read-film",
            height=HEIGHT,
            on_step=step,
            picture=lambda look: _picture(look, film, reading, found, model.bundle),
        )
    if wanted not in found:
        _wait(film, job)
        return
    st.html(f'<div class="cxr-quiet">{_words(wanted, model.bundle)}</div>')


def _choose(film: Film, reading: Reading, model: Classifier) -> tuple[Wanted, bool]:
    """By which method; of which class, where a method has to work for each; one film or two.

    The class starts as the one the film was given. Where all classes come at once the viewer
    itself offers them.
    """
    assert reading.prediction is not None
    methods = [m for m in ("gradcam", "occlusion") if m != "gradcam" or model.bundle.gradcam_layer]
    with st.container(horizontal=True, vertical_alignment="center"):
        method = st.segmented_control(
            "Method",
            methods,
            default=methods[0],
            format_func=lambda m: overlay.KINDS[m].title,
            required=True,
            key=f"method-{'-'.join(methods)}",
            persist_state="session",
            label_visibility="collapsed",
        )
        label = reading.prediction.label
        if method != "gradcam":
            label = st.segmented_control(
                "Class",
                model.labels,
                default=label,
                required=True,
                key=f"class-{film.number}-{model.bundle.digest[:12]}",
                persist_state="session",
                label_visibility="collapsed",
            )
        beside = st.toggle("Side by side", value=True, key="beside", persist_state="session")
    if not model.bundle.gradcam_layer:
        st.caption("This network has no convolution, so it has no Grad-CAM.")
    return Wanted(film.sha256, model.bundle.digest, str(label), str(method)), beside


def _job(film: Film, wanted: Wanted, model: Classifier) -> Job | None:
    """The work on a map that is not there yet; what it leaves goes on the shelf."""
    job = desk().job
    if job is not None and job.key != wanted:
        desk().leave_job()
        job = None
    if desk().shelf.find(wanted) is not None:
        return None
    if job is None:
        job = desk().job = Job(wanted, _work(radiograph_of(film), wanted, model))
    if job.wait(PATIENCE) and job.result is not None:
        for key, values in job.result.items():
            desk().shelf.put(key, values, values.nbytes)
        desk().job = None
    return job


def _work(
    film: Radiograph, wanted: Wanted, model: Classifier
) -> Callable[[Callable[[float], bool]], dict[Wanted, Values]]:
    """Maps are kept as coarse as they are shown: no method's grid is finer."""

    def work(step: Callable[[float], bool]) -> dict[Wanted, Values]:
        if wanted.method != "gradcam":
            return {wanted: shrunk(occlusion(model, film, wanted.label, progress=step))}
        known = model.predict([film])[0]
        keys = [_of(wanted, label) for label in model.labels]
        return {key: shrunk(grad_cam(model, film, key.label, known)) for key in keys}

    return work


def _of(wanted: Wanted, label: str) -> Wanted:
    return Wanted(wanted.sha256, wanted.digest, label, wanted.method)


def _found(wanted: Wanted, model: Classifier) -> dict[Wanted, Values]:
    """The maps of this method that are there, the one wanted first."""
    labels = [wanted.label, *(label for label in model.labels if label != wanted.label)]
    held = {key: desk().shelf.find(key) for key in (_of(wanted, label) for label in labels)}
    return {key: values for key, values in held.items() if values is not None}


def _plates(film: Film, wanted: Wanted, found: dict[Wanted, Values], beside: bool) -> list[Plate]:
    radiograph = radiograph_of(film)
    if wanted in found:
        layers = tuple(
            Layer(key.name, values, key.method, key.label) for key, values in found.items()
        )
        mapped = Plate(radiograph, "Map", layers)
    else:
        mapped = Plate(radiograph, "The map is not ready", dim=True)
    return [Plate(radiograph, "Film"), mapped] if beside else [mapped]


def _wait(film: Film, job: Job | None) -> None:
    if job is not None and job.running:
        _watch(film, job)
        return
    refusal = job.refusal if job is not None else None
    st.info(plain(str(refusal or "The map could not be made; the log says why. [map_failed]")))


@st.fragment(run_every=0.25)
def _watch(film: Film, job: Job) -> None:
    if not job.running:
        st.rerun()
    st.progress(min(job.share, 1.0), "The map is being worked out")
    if st.button("Cancel", key="cancel", shortcut="escape"):
        desk().leave_job()
        toggle(film)
        st.rerun()


def _words(wanted: Wanted, bundle: Bundle) -> str:
    """What the map is of; the viewer's chooser says which class is looked at."""
    title = overlay.KINDS[wanted.method].title
    return f"{escape(title)} · {escape(line(bundle))}<br>{CAVEAT}"


def _picture(
    look: Look, film: Film, reading: Reading, found: dict[Wanted, Values], bundle: Bundle
) -> tuple[str, bytes]:
    """The whole film under its map with caption and notice, and a name for the file."""
    prediction = reading.prediction
    assert prediction is not None
    key, values = next((k, v) for k, v in found.items() if k.name == look.layer)
    film8 = radiograph_of(film).eight_bit
    size = (film8.shape[1], film8.shape[0])
    whole: Any = cv2.resize(values, size, interpolation=cv2.INTER_LINEAR)
    lines = _caption(prediction, key, bundle)
    picture = overlay.export_png(film8, whole, key.method, lines, look.opacity, look.scale)
    return f"map-{key.sha256[:12]}-{key.label}-{key.method}.png", picture


def _caption(prediction: Prediction, wanted: Wanted, bundle: Bundle) -> list[str]:
    details = (
        f"score {score(prediction.probabilities[wanted.label])}; "
        f"film given {prediction.label}, margin {score(prediction.margin)}"
    )
    lines = overlay.caption(wanted.method, wanted.label, bundle.name, bundle.digest, details)
    return [*lines, CAVEAT]
