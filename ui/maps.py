"""The map: asked for film by film, worked out once, laid over the film at any opacity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

import cv2
import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from cxr import overlay
from cxr.bundle import Bundle
from cxr.classifier import Classifier
from cxr.explain import grad_cam, occlusion
from cxr.preprocess import reduce_film
from cxr.radiograph import Radiograph
from ui.desk import Job, desk
from ui.films import Film, Reading, png_of, radiograph_of, show_untouched
from ui.models import line
from ui.words import plain, score

STAGE = 1600
"""Longer side of the film under the colours on the page, pixels; the plain film beside it and the
picture that is downloaded have all of theirs."""

PATIENCE = 0.5
"""Seconds that a map may take before its progress is shown."""


@dataclass(frozen=True)
class Wanted:
    """A map, by what it depends on."""

    sha256: str
    digest: str
    label: str
    method: str


def asked(film: Film) -> bool:
    return film.number in st.session_state.setdefault("asked", set())


def toggle(film: Film) -> None:
    st.session_state.setdefault("asked", set()).symmetric_difference_update({film.number})


@st.fragment
def show(film: Film, reading: Reading, model: Classifier) -> None:
    """The map over the film, or how far it is, and under it what it is a map of.

    A fragment, so that class, method and opacity draw this again and nothing else of the page. It
    writes to no container from outside: Streamlit loses those when a run of the page is cut short.
    """
    stage = st.container(key="stage-map")
    wanted = _choose(film, reading, model)
    job = desk().job
    if job is not None and job.key != wanted:
        desk().leave_job()
        job = None
    values = desk().shelf.find(wanted)
    if values is not None:
        _overlay(stage, film, reading, wanted, model.bundle)
        return
    if job is None:
        job = desk().job = Job(wanted, _work(radiograph_of(film), wanted, model))
    if not job.wait(PATIENCE):
        waiting = stage.container(key="stage-waiting")
        show_untouched(waiting, png_of(film), "PNG", "The film; its map is not ready")
        _watch(film, job)
    elif job.result is None:
        said = job.refusal or "The map could not be made; the log says why. [map_failed]"
        st.info(plain(str(said)))
    else:
        desk().shelf.put(wanted, job.result, job.result.nbytes)
        desk().job = None
        _overlay(stage, film, reading, wanted, model.bundle)


def _choose(film: Film, reading: Reading, model: Classifier) -> Wanted:
    """Of which class, by which method. The class starts as the one the film was given."""
    assert reading.prediction is not None
    methods = [m for m in ("gradcam", "occlusion") if m != "gradcam" or model.bundle.gradcam_layer]
    with st.container(horizontal=True, vertical_alignment="center"):
        label = st.segmented_control(
            "Class",
            model.labels,
            default=reading.prediction.label,
            required=True,
            key=f"class-{film.number}-{model.bundle.digest[:12]}",
            persist_state="session",
            label_visibility="collapsed",
        )
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
    return Wanted(film.sha256, model.bundle.digest, str(label), str(method))


def _work(
    film: Radiograph, wanted: Wanted, model: Classifier
) -> Callable[[Callable[[float], bool]], NDArray[np.float32]]:
    def work(step: Callable[[float], bool]) -> NDArray[np.float32]:
        if wanted.method == "gradcam":
            return grad_cam(model, film, wanted.label)
        return occlusion(model, film, wanted.label, progress=step)

    return work


@st.fragment(run_every=0.25)
def _watch(film: Film, job: Job) -> None:
    if not job.running:
        st.rerun()
    st.progress(min(job.share, 1.0), "The map is being worked out")
    if st.button("Cancel", key="cancel", shortcut="escape"):
        desk().leave_job()
        toggle(film)
        st.rerun()


def _overlay(
    stage: DeltaGenerator, film: Film, reading: Reading, wanted: Wanted, bundle: Bundle
) -> None:
    values = desk().shelf.find(wanted)
    percent = st.slider("Opacity", 0, 100, 60, 5, "%d %%", key="opacity", persist_state="session")
    opacity = percent / 100
    kind = overlay.KINDS[wanted.method]
    scale = st.select_slider(
        "Full colour at",
        kind.scales,
        kind.scale,
        key=f"scale-{wanted.method}",
        persist_state="session",
        help="The same for all films until you move it.",
    )
    what = f"{kind.title} for class {wanted.label}"
    picture = _picture(film, wanted, values, opacity, scale)
    show_untouched(stage, picture, "JPEG", f"{what}, over the film")
    st.html(_colour_bar(wanted.method, opacity, scale))
    empty = "" if np.abs(values).max() > 0 else f"Nothing on this film speaks for {wanted.label}. "
    st.html(
        f'<div class="cxr-quiet">{escape(what)} · {escape(line(bundle))}<br>'
        f"{escape(empty)}What moved the network, not where disease is.</div>"
    )
    film8 = radiograph_of(film).eight_bit
    lines = _caption(reading, wanted, bundle)
    st.download_button(
        "Overlay (PNG)",
        lambda: overlay.export_png(film8, values, wanted.method, lines, opacity, scale),
        f"map-{wanted.sha256[:12]}-{wanted.label}-{wanted.method}.png",
        "image/png",
        key="download-overlay",
        on_click="ignore",
    )


def _caption(reading: Reading, wanted: Wanted, bundle: Bundle) -> list[str]:
    prediction = reading.prediction
    assert prediction is not None
    details = (
        f"score {score(prediction.probabilities[wanted.label])}; "
        f"film given {prediction.label}, margin {score(prediction.margin)}"
    )
    return overlay.caption(wanted.method, wanted.label, bundle.name, bundle.digest, details)


def _picture(
    film: Film, wanted: Wanted, values: NDArray[np.float32], opacity: float, scale: float
) -> bytes:
    shelf = desk().shelf
    small = shelf.get(
        ("small", film.sha256),
        lambda: reduce_film(radiograph_of(film).eight_bit, STAGE),
        lambda image: image.nbytes,
    )
    size = (small.shape[1], small.shape[0])
    reduced: NDArray[np.float32] = shelf.get(
        ("small", wanted),
        lambda: cv2.resize(values, size, interpolation=cv2.INTER_AREA).astype(np.float32),
        lambda image: image.nbytes,
    )
    mixed = overlay.blend(small, reduced, wanted.method, opacity, scale)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR]
    quality.append(cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
    return cv2.imencode(".jpg", mixed[..., ::-1], quality)[1].tobytes()


def _colour_bar(method: str, opacity: float, scale: float) -> str:
    """The colour bar as the page's own text and colours, over mid-grey."""
    kind = overlay.KINDS[method]
    low = -scale if kind.signed else 0.0
    levels = np.linspace(low, scale, 33, dtype=np.float32)[None]
    ramp: Any = overlay.blend(np.full((1, 33), 128, np.uint8), levels, method, opacity, scale)[0]
    stops = ",".join(f"rgb({r},{g},{b})" for r, g, b in ramp.tolist())
    marks = [f"{v:.3g}".replace("-", "−") for v in np.linspace(low, scale, 5).tolist()]
    ticks = "".join(f"<span>{mark}</span>" for mark in marks)
    return (
        '<div class="cxr-scale">'
        f'<div class="ramp" style="background:linear-gradient(90deg,{stops})"></div>'
        f'<div class="ticks">{ticks}</div><div class="unit">{kind.unit}</div></div>'
    )
