"""Does the score hold under changes that mean nothing?"""

from __future__ import annotations

from html import escape

import streamlit as st

from cxr.classifier import Classifier
from cxr.errors import CxrError
from cxr.stability import CHANGES, LIMIT, Stability, stability
from ui import films
from ui.films import Film
from ui.lab import work
from ui.viewer import Plate, viewer
from ui.words import plain, score

HEIGHT = "calc(100dvh - 14rem)"
_NAMES = {
    "rotated": "Rotated ±5°",
    "shifted": "Shifted ±5 %",
    "cropped": "Cropped to 5 %",
    "gamma": "Gamma .8–1.25",
    "jpeg": "JPEG 95–50",
}


def show(film: Film, model: Classifier) -> None:
    """The film, and beside it the strip and its word."""
    radiograph = films.radiograph_of(film)
    task = work.Task(
        ("stability", film.sha256, model.bundle.digest),
        "scores of the changed film",
        lambda step: stability(model, radiograph, step),
        lambda _: 4096,
    )
    waiting = work.go_on([task])
    with st.container(key="board"):
        left, right = st.columns([3, 1])
    with left:
        viewer([Plate(radiograph, "Film")], key="lab-stability", height=HEIGHT, on_step=films.step)
    with right:
        work.show(waiting)
        if waiting is not None:
            return
        found = work.done(task.key)
        if isinstance(found, CxrError):
            st.info(plain(str(found)))
        else:
            st.html(strip(found))


def strip(found: Stability) -> str:
    """The word, why, and for each change and class where its probabilities lie."""
    rows = "".join(_row(found, kind) for kind in CHANGES)
    heads = "".join(f"<div>{escape(label)}</div>" for label in found.base)
    columns = f"grid-template-columns: max-content repeat({len(found.base)}, minmax(2.5rem, 1fr))"
    return (
        f'<div class="cxr-call"><b>{found.word}</b><span>{escape(found.label)} '
        f"{score(found.base[found.label])}</span></div>"
        f'<div class="cxr-quiet"><p>{_why(found)}</p></div>'
        f'<div class="lab-strip" style="{columns}" role="table"><div></div>{heads}{rows}</div>'
        '<div class="cxr-quiet"><p>Each track runs from 0 to 1. The tall mark is the film as it '
        f"is, the short ones are its changed copies.</p><p>Stable: no change gives it another "
        f"class or moves the score of its class by more than {score(LIMIT)}.</p></div>"
    )


def _why(found: Stability) -> str:
    label = escape(found.label)
    if not found.turned:
        return f"{label} moves by {score(found.move)} at most, and stays the class."
    kinds = dict.fromkeys(_NAMES[kind].split()[0] for kind, _ in found.turned)
    total = len(found.changed)
    return (
        f"{label} moves by up to {score(found.move)}. {len(found.turned)} of {total} changes give "
        f"another class: {', '.join(kinds)}."
    )


def _row(found: Stability, kind: str) -> str:
    tracks = []
    for label, base in found.base.items():
        values = found.of(kind, label)
        name = f"{escape(label)} {score(min(values))} to {score(max(values))}"
        marks = "".join(f'<i style="left:{100 * p:.2f}%"></i>' for p in values)
        tracks.append(
            f'<div class="lab-track" role="img" aria-label="{_NAMES[kind]}: {name}" '
            f'title="{name}">{marks}<b style="left:{100 * base:.2f}%"></b></div>'
        )
    return f"<div>{_NAMES[kind]}</div>{''.join(tracks)}"
