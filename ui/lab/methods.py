"""Methods side by side on one film, each with the evidence for and against it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cxr import overlay
from cxr.classifier import Classifier
from cxr.errors import CxrError
from cxr.explain import Faithfulness, Sanity, faithfulness, make_map, methods_of, sanity
from cxr.explain.similarity import rank_correlation
from cxr.explain.target import part_of, to_square
from cxr.explain.twin import twin_of
from cxr.radiograph import Radiograph
from ui import films, work
from ui.films import Film, Reading
from ui.lab.choice import choose_class, class_key
from ui.lab.words import plain_number
from ui.viewer import Layer, Plate, viewer
from ui.viewer.wire import shrunk
from ui.words import plain
from ui.work import Task

MOST = 4
HEIGHT = "calc(100dvh - 21rem)"
_FIRST = ("gradcam", "occlusion")

Values = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Evidence:
    tested: Faithfulness
    twins: Sanity


def show(film: Film, reading: Reading, model: Classifier) -> None:
    """The maps on linked films as they come, then the evidence about each."""
    radiograph = films.radiograph_of(film)
    assert reading.prediction is not None
    chosen, label, twins = _choose(film, reading.prediction.label, model)
    tasks = {method: map_task(film, model, label, method) for method in chosen}
    waiting = work.go_on(list(tasks.values()))
    held = {method: work.done(task.key) for method, task in tasks.items()}
    maps = {method: values for method, values in held.items() if isinstance(values, np.ndarray)}
    weighed = {m: _evidence_task(film, model, label, m, values) for m, values in maps.items()}
    waiting = waiting or work.go_on(list(weighed.values()))
    evidence = {method: work.done(task.key) for method, task in weighed.items()}
    work.show(waiting)
    plates = [_plate(radiograph, m, label, maps.get(m), evidence.get(m), twins) for m in chosen]
    viewer(
        plates or [Plate(radiograph, "Film")],
        key="lab-methods",
        height=HEIGHT,
        on_step=films.step,
    )
    for method, refusal in [*held.items(), *evidence.items()]:
        if isinstance(refusal, CxrError):
            st.info(plain(f"{overlay.KINDS[method].title}: {refusal}"))
    st.html(
        f'<div class="lab-beside">{_evidence(evidence)}{_ranks(maps, model.size)}</div>'
        '<div class="cxr-quiet"><p>Gain: mean score as the map’s places are put back, less that as '
        "they are taken away; the centre is a map of nothing but the film’s middle, noise the "
        "median of 19 maps that know nothing, beside it how often these do as well. Map and twins: "
        "whether it depends on what was learnt; SSIM and rank are its likeness to the maps of "
        "networks with shuffled weights.</p></div>"
    )


def _choose(film: Film, called: str, model: Classifier) -> tuple[list[str], str, bool]:
    """Which methods, of which class, and whether the twins' maps are shown instead."""
    offered = methods_of(model)
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = st.multiselect(
            "Methods",
            offered,
            default=[m for m in offered if m in _FIRST],
            format_func=lambda m: overlay.KINDS[m].title,
            max_selections=MOST,
            key=_methods_key(offered),
            persist_state="session",
            label_visibility="collapsed",
            placeholder="Methods",
            width=520,
        )
        label = choose_class(film, called, model)
        twins = st.toggle("Shuffled twin", key="lab-twins", persist_state="session")
    return list(chosen), label, twins


def _methods_key(offered: Sequence[str]) -> str:
    return f"lab-methods-{'-'.join(offered)}"


def kept(film: Film, model: Classifier) -> dict[str, Any]:
    """What a story keeps of the view: as :class:`cxr.story.Step` names it."""
    state = st.session_state
    return {
        "methods": tuple(state.get(_methods_key(methods_of(model))) or _FIRST),
        "label": state.get(class_key(film, model)) or "",
        "twin": bool(state.get("lab-twins")),
    }


def _key(film: Film, model: Classifier, label: str, what: str, method: str) -> tuple[str, ...]:
    return ("lab", what, film.sha256, model.bundle.digest, label, method)


def map_task(film: Film, model: Classifier, label: str, method: str) -> Task:
    """A method's map of a class."""
    radiograph = films.radiograph_of(film)
    return Task(
        _key(film, model, label, "map", method),
        overlay.KINDS[method].title,
        lambda step: shrunk(make_map(model, radiograph, label, method, progress=step)),
        lambda values: values.nbytes,
    )


def twin_task(film: Film, model: Classifier, label: str, method: str) -> Task:
    """The same method's map of the network with shuffled weights."""
    radiograph = films.radiograph_of(film)
    return Task(
        _key(film, model, label, "twin", method),
        f"{overlay.KINDS[method].title} of shuffled weights",
        lambda step: shrunk(make_map(twin_of(model), radiograph, label, method, progress=step)),
        lambda values: values.nbytes,
    )


def _evidence_task(film: Film, model: Classifier, label: str, method: str, values: Values) -> Task:
    radiograph = films.radiograph_of(film)

    def weigh(step: Callable[[float], bool]) -> Evidence:
        first, second = part_of(step, 0, 2), part_of(step, 1, 2)
        tested = faithfulness(model, radiograph, label, values, progress=first)
        alike = sanity(model, radiograph, label, method, values, progress=second)
        return Evidence(tested, replace(alike, twin=shrunk(alike.twin)))

    return Task(
        _key(film, model, label, "evidence", method),
        f"evidence for {overlay.KINDS[method].title}",
        weigh,
        lambda evidence: evidence.twins.twin.nbytes,
    )


def _plate(
    film: Radiograph,
    method: str,
    label: str,
    values: Values | None,
    evidence: object,
    twins: bool,
) -> Plate:
    title = overlay.KINDS[method].title
    if twins:
        title = f"{title}, shuffled weights"
        values = evidence.twins.twin if isinstance(evidence, Evidence) else None
    if values is None:
        return Plate(film, f"{title}: not ready", dim=True)
    empty = "" if np.abs(values).max() > 0 else f": nothing speaks for {label}"
    return Plate(film, f"{label} · {title}{empty}", (Layer(f"{label} · {title}", values, method),))


def _evidence(evidence: dict[str, object]) -> str:
    rows = "".join(_line(method, held) for method, held in evidence.items())
    return (
        '<table class="lab-table"><thead><tr><th>Method</th><th>Map</th><th>Gain</th>'
        "<th>Centre</th><th>Noise</th><th>Noise as good</th><th>Map and twins</th><th>SSIM</th>"
        f"<th>Rank</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _line(method: str, held: object) -> str:
    name = escape(overlay.KINDS[method].title)
    if not isinstance(held, Evidence):
        return (
            f'<tr><th scope="row">{name}</th><td class="text" colspan="8">not there yet</td></tr>'
        )
    tested, twins = held.tested, held.twins
    noise = float(np.median([each.gain for each in tested.random]))
    gains = [plain_number(value) for value in (tested.own.gain, tested.centre.gain, noise)]
    return (
        f'<tr><th scope="row">{name}</th><td class="text">{tested.word}</td>'
        + "".join(f"<td>{value}</td>" for value in gains)
        + f"<td>{tested.chance:.0%}</td>"
        f'<td class="text">{twins.word}</td><td>{plain_number(twins.ssim)}</td>'
        f"<td>{plain_number(twins.rank)}</td></tr>"
    )


def _ranks(maps: dict[str, Values], size: int) -> str:
    """Spearman's correlation of each two maps; nothing for fewer than two."""
    if len(maps) < 2:
        return ""
    squares = {method: to_square(values, size) for method, values in maps.items()}
    titles = {method: escape(overlay.KINDS[method].title) for method in maps}
    head = "".join(f"<th>{titles[method]}</th>" for method in maps)
    rows = "".join(
        f'<tr><th scope="row">{titles[a]}</th>'
        + "".join(
            f"<td>{'' if a == b else plain_number(rank_correlation(squares[a], squares[b]))}</td>"
            for b in maps
        )
        + "</tr>"
        for a in maps
    )
    return (
        '<table class="lab-table"><thead><tr><th>Rank correlation</th>'
        f"{head}</tr></thead><tbody>{rows}</tbody></table>"
    )
