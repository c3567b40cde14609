"""Methods side by side on one film, each with the evidence for and against it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cxr.errors import CxrError
from cxr.explain import methods_of, overlay
from cxr.explain.target import to_square
from cxr.explain_eval import Faithfulness, Sanity
from cxr.explain_eval.similarity import rank_correlation
from cxr.imaging.radiograph import Radiograph
from cxr.model.classifier import Classifier
from ui.base.formatting import plain
from ui.lab.choice import choose_class, class_key
from ui.lab.words import plain_number, rank_table
from ui.panels import full_screen
from ui.session import films, map_tasks
from ui.session.films import Film, Reading
from ui.session.map_tasks import ComputedMap
from ui.viewer import MapLayer, Plate, viewer
from ui.work import long_work

MOST = 4
HEIGHT = "calc(100dvh - 21rem)"
_FIRST = ("gradcam", "occlusion")

Values = NDArray[np.float32]


def show(film: Film, reading: Reading, model: Classifier) -> None:
    """The maps on linked films as they come, then the evidence about each."""
    radiograph = films.radiograph_of(film)
    chosen, label, randomised = _choose(film, reading.called, model)
    wanted = {method: map_tasks.wanted(radiograph, model, label, method) for method in chosen}
    tasks = {m: map_tasks.map_task(radiograph, model, what) for m, what in wanted.items()}
    waiting = long_work.go_on(list(tasks.values()))
    held = {method: long_work.done(task.key) for method, task in tasks.items()}
    whole = {method: drawn for method, drawn in held.items() if isinstance(drawn, ComputedMap)}
    maps = {method: drawn.values for method, drawn in whole.items()}
    tests = {m: map_tasks.tested_task(radiograph, model, wanted[m], d) for m, d in whole.items()}
    turns = {
        m: map_tasks.randomisation_task(radiograph, model, wanted[m], d) for m, d in whole.items()
    }
    waiting = waiting or long_work.go_on([each for m in whole for each in (tests[m], turns[m])])
    tested = {method: long_work.done(task.key) for method, task in tests.items()}
    shuffled = {method: long_work.done(task.key) for method, task in turns.items()}
    coarse = long_work.so_far(waiting.key) if waiting is not None else None
    shown = maps | {m: coarse.values for m in chosen if coarse is not None and waiting is tasks[m]}
    long_work.show(waiting, coarse)
    if randomised:
        plates = [
            _randomised(radiograph, wanted[method].title, method, shuffled) for method in chosen
        ]
    else:
        plates = [_plate(radiograph, wanted[m].title, m, label, shown.get(m)) for m in chosen]
    viewer(
        plates or [Plate(radiograph, "Film")],
        key="lab-methods",
        height=HEIGHT,
        on_step=films.step,
        caption=full_screen.lines(film, reading, model),
    )
    for method, refusal in [*held.items(), *tested.items(), *shuffled.items()]:
        if isinstance(refusal, CxrError):
            st.info(plain(f"{overlay.KINDS[method].title}: {refusal}"))
    st.html(
        f'<div class="lab-beside">{_evidence(tested, shuffled)}{_ranks(maps, model.size)}</div>'
        '<div class="cxr-quiet"><p>Gain: mean score as the map’s places are put back, less that as '
        "they are taken away; the centre is a map of nothing but the film’s middle, noise the "
        "median of 19 maps that know nothing, beside it how often these do as well. Map and "
        "shuffled: whether it depends on what was learnt; SSIM and rank are its likeness to the "
        "maps of networks with shuffled weights.</p></div>"
    )


def _choose(film: Film, called: str, model: Classifier) -> tuple[list[str], str, bool]:
    """Which methods, of which class, and whether the maps of shuffled weights are shown instead."""
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
        randomised = st.toggle("Shuffled weights", key="lab-randomised", persist_state="session")
    return list(chosen), label, randomised


def _methods_key(offered: Sequence[str]) -> str:
    return f"lab-methods-{'-'.join(offered)}"


def kept(film: Film, model: Classifier) -> dict[str, Any]:
    """What a story keeps of the view: as :class:`cxr.teaching.story.StoryStep` names it."""
    state = st.session_state
    return {
        "methods": tuple(state.get(_methods_key(methods_of(model))) or _FIRST),
        "label": state.get(class_key(film, model)) or "",
        "shuffled_weights": bool(state.get("lab-randomised")),
    }


def _plate(film: Radiograph, name: str, method: str, label: str, values: Values | None) -> Plate:
    if values is None:
        return Plate(film, f"{name}: not ready", dim=True)
    empty = "" if np.abs(values).max() > 0 else f"; nothing speaks for {label}"
    return Plate(film, f"{name}{empty}", (MapLayer(name, values, method, label),))


def _randomised(film: Radiograph, name: str, method: str, shuffled: dict[str, object]) -> Plate:
    found, name = shuffled.get(method), f"{name}, shuffled weights"
    if not isinstance(found, Sanity):
        return Plate(film, f"{name}: not ready", dim=True)
    return Plate(film, name, (MapLayer(name, found.randomised, method),))


def _evidence(tested: dict[str, object], shuffled: dict[str, object]) -> str:
    rows = "".join(_line(method, tested[method], shuffled[method]) for method in tested)
    return (
        '<table class="lab-table"><thead><tr><th>Method</th><th>Map</th><th>Gain</th>'
        "<th>Centre</th><th>Noise</th><th>Noise as good</th><th>Map and shuffled</th><th>SSIM</th>"
        f"<th>Rank</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _line(method: str, tested: object, randomised: object) -> str:
    name = f'<th scope="row">{escape(overlay.KINDS[method].title)}</th>'
    return f"<tr>{name}{_test(tested)}{_likeness(randomised)}</tr>"


def _test(tested: object) -> str:
    if not isinstance(tested, Faithfulness):
        return '<td class="text" colspan="5">not there yet</td>'
    noise = float(np.median([each.gain for each in tested.random]))
    gains = [plain_number(value) for value in (tested.own.gain, tested.centre.gain, noise)]
    return (
        f'<td class="text">{tested.word}</td>'
        + "".join(f"<td>{value}</td>" for value in gains)
        + f"<td>{tested.chance:.0%}</td>"
    )


def _likeness(randomised: object) -> str:
    if not isinstance(randomised, Sanity):
        return '<td class="text" colspan="3">not there yet</td>'
    return (
        f'<td class="text">{randomised.word}</td><td>{plain_number(randomised.ssim)}</td>'
        f"<td>{plain_number(randomised.rank)}</td>"
    )


def _ranks(maps: dict[str, Values], size: int) -> str:
    """Spearman's correlation of each two maps; nothing for fewer than two."""
    if len(maps) < 2:
        return ""
    squares = [to_square(values, size) for values in maps.values()]
    return rank_table(
        [overlay.KINDS[method].title for method in maps],
        np.array([[rank_correlation(a, b) for b in squares] for a in squares]),
    )
