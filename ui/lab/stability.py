"""Do the score and its map hold under changes that mean nothing?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import streamlit as st

from cxr.errors import CxrError
from cxr.explain import methods_of, overlay
from cxr.explain_eval.map_stability import EMPTY, LEAST, MapStability, map_stability
from cxr.explain_eval.stability import CHANGES, LIMIT, Stability, stability
from cxr.imaging.radiograph import Radiograph
from cxr.model.classifier import Classifier
from ui.base.formatting import plain, score
from ui.lab.words import plain_number
from ui.session import films
from ui.session.films import Film
from ui.viewer import MapLayer, Plate, viewer
from ui.work import long_work

HEIGHT = "calc(100dvh - 14rem)"
_NAMES = {
    "rotated": "Rotated ±5°",
    "shifted": "Shifted ±5 %",
    "cropped": "Cropped to 5 %",
    "gamma": "Gamma .8–1.25",
    "jpeg": "JPEG 95–50",
}


def show(
    film: Film,
    called: str,
    model: Classifier,
    caption: Sequence[str],
    on_step: Callable[[int], None] = films.step,
) -> None:
    """The film under its map and under the map that is least like it; beside it both strips."""
    radiograph = films.radiograph_of(film)
    with st.container(key="film-row"):
        left, right = st.columns([3, 1])
    with right:
        method = _method(model)
        tasks = _tasks(film, radiograph, model, called, method)
        waiting = long_work.go_on(tasks)
        held = [long_work.done(task.key) for task in tasks]
        long_work.show(waiting)
        for found in held:
            if isinstance(found, CxrError):
                st.info(plain(str(found)))
            elif isinstance(found, Stability):
                st.html(strip(found))
            elif isinstance(found, MapStability):
                st.html(map_strip(found, called, method))
    with left:
        plates = _plates(radiograph, held[1], called, method)
        viewer(plates, key="lab-stability", height=HEIGHT, on_step=on_step, caption=caption)


def _method(model: Classifier) -> str:
    offered = methods_of(model)
    return str(
        st.selectbox(
            "Map",
            offered,
            format_func=lambda m: overlay.KINDS[m].title,
            key=f"lab-steady-{'-'.join(offered)}",
            persist_state="session",
        )
    )


def _tasks(
    film: Film, radiograph: Radiograph, model: Classifier, label: str, method: str
) -> tuple[long_work.Task, long_work.Task]:
    title = overlay.KINDS[method].title
    return (
        long_work.Task(
            ("stability", film.sha256, model.identity),
            "scores of the changed film",
            lambda step: stability(model, radiograph, step),
            lambda _: 4096,
        ),
        long_work.Task(
            ("map stability", film.sha256, model.identity, label, method),
            f"{title} of the changed film",
            lambda step: map_stability(model, radiograph, label, method, step),
            lambda found: 2 * found.base.nbytes,
        ),
    )


def _plates(radiograph: Radiograph, found: object, label: str, method: str) -> list[Plate]:
    if not isinstance(found, MapStability):
        return [Plate(radiograph, "Film")]
    title = overlay.title(method, label)
    kind, amount = found.least
    changed = f"{title}, {_NAMES[kind].split()[0].lower()} {plain_number(amount)} and moved back"
    return [
        Plate(radiograph, title, (MapLayer(title, found.base, method, label),)),
        Plate(radiograph, changed, (MapLayer(title, found.farthest, method, label),)),
    ]


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
    if not found.turned and found.move > LIMIT:
        return f"{label} stays the class, and moves by up to {found.move:.3f}.".replace("0.", ".")
    if not found.turned:
        return f"{label} moves by {score(found.move)} at most, and stays the class."
    kinds = dict.fromkeys(_NAMES[kind].split()[0] for kind, _ in found.turned)
    turned, total = len(found.turned), len(found.changed)
    return (
        f"{label} moves by up to {score(found.move)}. {turned} of {total} changes "
        f"give{'s' if turned == 1 else ''} another class: {', '.join(kinds)}."
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


def map_strip(found: MapStability, label: str, method: str) -> str:
    """The word, why, and for each change how alike its maps stay."""
    title = f"{escape(overlay.KINDS[method].title)} of {escape(label)}"
    if found.word == EMPTY:
        return (
            f'<div class="cxr-call"><b>{EMPTY}</b><span>{title}</span></div>'
            f'<div class="cxr-quiet"><p>Nothing on this film speaks for {escape(label)}.</p></div>'
        )
    rows = "".join(_map_row(found, kind) for kind in CHANGES)
    return (
        f'<div class="cxr-call"><b>{found.word}</b><span>{title}</span></div>'
        '<div class="lab-strip" style="grid-template-columns: max-content 1fr max-content" '
        f'role="table">{rows}</div>'
        '<div class="cxr-quiet"><p>Rank correlation of each copy’s map, moved back, with the '
        f"film’s own, over what both show; each track runs from 0 to 1. Stable: none is below "
        f"{plain_number(LEAST)}. The second film has the map that is least alike.</p></div>"
    )


def _map_row(found: MapStability, kind: str) -> str:
    ranks = found.of(kind)
    least = plain_number(min(ranks))
    marks = "".join(f'<i style="left:{100 * max(rank, 0):.1f}%"></i>' for rank in ranks)
    return (
        f'<div>{_NAMES[kind]}</div><div class="lab-track" role="img" '
        f'aria-label="{_NAMES[kind]}: {least} or more">{marks}</div>'
        f"<div>{least}</div>"
    )
