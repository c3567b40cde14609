"""The map on Read: asked for film by film, laid over the film by the viewer, with the evidence for
and against it below."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import Any

import cv2
import streamlit as st

from cxr.errors import CxrError
from cxr.explain import overlay, worth_a_map
from cxr.explain.target import CUT_OFF
from cxr.explain_eval import Faithfulness, Sanity, words
from cxr.imaging.radiograph import Radiograph
from cxr.model import lungs
from cxr.model.classifier import Classifier
from cxr.model.lungs import Probability
from ui.base.words import plain, score
from ui.session import long_work, map_tasks, record
from ui.session.films import Film, Reading, chosen, radiograph_of, step
from ui.session.fragments import pressed
from ui.session.map_tasks import Drawn, Wanted
from ui.viewer import Layer, Look, Plate, viewer
from ui.viewer.wire import LAYER_SIDE

HEIGHT = "calc(100dvh - 23rem)"
"""Of the viewer above a map's settings and its evidence; without them it has its own."""


@dataclass(frozen=True)
class Choice:
    """Which map, and what beside it."""

    wanted: Wanted
    beside: bool
    lungs: bool
    twin: bool


@dataclass(frozen=True, eq=False)
class Found:
    """What is there of a map and of what is known about it."""

    drawn: Drawn | None = None
    lungs: Probability | None = None
    tested: Faithfulness | None = None
    twins: Sanity | None = None
    refusal: CxrError | None = None

    @property
    def coarse(self) -> Drawn | None:
        """The map, while a finer one is on its way."""
        drawn = self.drawn
        return drawn if drawn is not None and drawn.passes < drawn.full else None


def asked(film: Film) -> bool:
    return film.number in st.session_state.setdefault("asked", set())


@pressed
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
    radiograph = radiograph_of(film)
    if not asked(film):
        record.shown(film.sha256, model)
        with stage:
            viewer([Plate(radiograph, "Film")], key="read-film", on_step=step)
        return
    choice = _choose(film, radiograph, reading, model)
    unlikely = _unlikely(choice.wanted, reading)
    waiting, found = (None, Found()) if unlikely else _work_out(radiograph, choice, model)

    def picture(look: Look) -> tuple[str, bytes]:
        return _picture(look, radiograph, reading, choice.wanted, found, model)

    with stage:
        viewer(
            [Plate(radiograph, "Film")] if unlikely else _plates(radiograph, choice, found),
            key="read-film",
            height=HEIGHT,
            on_step=step,
            picture=picture if found.drawn is not None else None,
        )
    if found.drawn is not None:
        beside = [name for name in ("lungs", "twin") if getattr(choice, name)]
        record.shown(film.sha256, model, choice.wanted.label, choice.wanted.method, tuple(beside))
    if unlikely:
        _offer(choice.wanted, reading)
    if found.drawn is not None:
        _say(choice.wanted, found)
    if found.refusal is not None:
        st.info(plain(str(found.refusal)))
    long_work.show(waiting, found.coarse)


def _choose(film: Film, radiograph: Radiograph, reading: Reading, model: Classifier) -> Choice:
    """By which method and of which class, at first the one that the film was given; what beside."""
    assert reading.prediction is not None
    with st.container(horizontal=True, vertical_alignment="center"):
        method = map_tasks.choose_method(model, "method")
        label = st.segmented_control(
            "Class",
            model.labels,
            default=reading.prediction.label,
            required=True,
            key=f"class-{film.number}-{model.bundle.digest[:12]}",
            persist_state="session",
            label_visibility="collapsed",
        )
        beside = st.toggle("Side by side", value=True, key="beside", persist_state="session")
        outlined = map_tasks.lungs_of(radiograph) is not None and st.toggle(
            "Lungs", key="lungs", persist_state="session"
        )
        twin = st.toggle(
            "Shuffled twin",
            key="twin",
            persist_state="session",
            help="The same map of the same network with its weights shuffled. A map that stays "
            "draws the film, not the network.",
        )
    if not model.bundle.gradcam_layer:
        st.caption(
            "This network has no convolution, or no maps that all of its answer goes through, so "
            "it has no Grad-CAM."
        )
    wanted = map_tasks.wanted(radiograph, model, str(label), method)
    return Choice(wanted, beside, outlined, twin)


def _unlikely(wanted: Wanted, reading: Reading) -> bool:
    """Whether no map of this class is drawn, since nobody insisted."""
    assert reading.prediction is not None
    probability = reading.prediction.probabilities[wanted.label]
    return not worth_a_map(probability) and replace(wanted, method="") not in _insisted()


def _insisted() -> set[Wanted]:
    """Films and classes whose maps were asked for all the same, by whatever method."""
    return st.session_state.setdefault("insisted", set())


def _offer(wanted: Wanted, reading: Reading) -> None:
    """Why there is no map, and the way to have it all the same."""
    assert reading.prediction is not None
    shown = score(reading.prediction.probabilities[wanted.label])
    st.html(
        f'<div class="cxr-quiet"><p>{escape(wanted.label)} scores {shown}. A map of a class below '
        f"{score(CUT_OFF)} is mostly false alarm, so none is drawn unasked.</p></div>"
    )
    args = (replace(wanted, method=""),)
    st.button("Draw it all the same", key="insist", on_click=_insisted().add, args=args)


def _work_out(
    film: Radiograph, choice: Choice, model: Classifier
) -> tuple[long_work.Task | None, Found]:
    """Begin or go on with the map, and once it is there with the evidence about it."""
    what = choice.wanted
    task = map_tasks.map_task(film, model, what)
    waiting = long_work.go_on([task])
    drawn = long_work.done(task.key)
    if isinstance(drawn, CxrError):
        return waiting, Found(refusal=drawn)
    if drawn is None:
        return waiting, Found(long_work.so_far(task.key), map_tasks.lungs_of(film))
    tested = map_tasks.tested_task(film, model, what, drawn)
    twins = map_tasks.twins_task(film, model, what, drawn)
    tasks = [twins, tested] if choice.twin else [tested]
    waiting = long_work.go_on(tasks, patience=0)  # the map does not wait for what is said about it
    held = {task.key: long_work.done(task.key) for task in tasks}
    refusals = [found for found in held.values() if isinstance(found, CxrError)]
    kept = {key: found for key, found in held.items() if found not in refusals}
    return waiting, Found(
        drawn,
        map_tasks.lungs_of(film),
        kept.get(tested.key),
        kept.get(twins.key),
        refusals[0] if refusals else None,
    )


def _plates(film: Radiograph, choice: Choice, found: Found) -> list[Plate]:
    """The map, beside it what was asked for: three at most, so that films stay large. The film with
    its lungs stands for the bare film; it comes last, since the first map names the colours."""
    what = choice.wanted
    plates = [Plate(film, "Film")] if choice.beside and not choice.lungs else []
    if found.drawn is None:
        return [*plates, Plate(film, "The map is not ready", dim=True)]
    layer = Layer(what.name, found.drawn.values, what.method, what.label)
    plates.append(Plate(film, "Map, still coarse" if found.coarse else "Map", (layer,)))
    if choice.twin and found.twins is not None:
        twin = Layer(what.name, found.twins.twin, what.method, what.label)
        plates.append(Plate(film, "Map of shuffled weights", (twin,)))
    elif choice.twin:
        plates.append(Plate(film, "Shuffled weights: not ready", dim=True))
    if choice.lungs and found.lungs is not None:
        plates.append(Plate(film, "Lungs", (_outline(film, found.lungs),)))
    return plates


def _outline(film: Radiograph, found: Probability) -> Layer:
    """The border of the lungs as a layer: the viewer has lines for a layer's own contour alone."""
    share = LAYER_SIDE / max(film.pixels.shape)
    height, width = (max(1, round(side * share)) for side in film.pixels.shape)
    border = lungs.outline(lungs.mask(found, height, width))
    return Layer("Lungs", overlay.lines(border, height, width), "lungs")


def _say(what: Wanted, found: Found) -> None:
    """What the map is, and what speaks for and against it."""
    assert found.drawn is not None
    lines = [f"{words.CAVEAT} {map_tasks.passes(found.drawn)}", *_evidence(what, found)]
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in lines)
    st.html(f'<div class="cxr-quiet">{paragraphs}</div>')


def _evidence(what: Wanted, found: Found) -> list[str]:
    """Each piece of evidence that is there, a sentence or two; plain text."""
    assert found.drawn is not None
    said = []
    if found.lungs is not None:
        said.append(words.lung_share(found.drawn.values, found.lungs))
    if found.tested is not None:
        said.append(words.faithful(found.tested, what.label))
    if found.twins is not None:
        said.append(words.twins(found.twins))
    return [text for text in said if text]


def _picture(
    look: Look,
    film: Radiograph,
    reading: Reading,
    what: Wanted,
    found: Found,
    model: Classifier,
) -> tuple[str, bytes]:
    """The whole film under its map with caption and notice, and a name for the file."""
    assert found.drawn is not None
    film8 = film.eight_bit
    size = (film8.shape[1], film8.shape[0])
    whole: Any = cv2.resize(found.drawn.values, size, interpolation=cv2.INTER_LINEAR)
    lines = _caption(reading, what, found, model)
    scale = look.scale if look.layer == what.name else None
    picture = overlay.export_png(film8, whole, what.method, lines, look.opacity, scale)
    return f"map-{what.sha256[:12]}-{what.label}-{what.method}.png", picture


def _caption(reading: Reading, what: Wanted, found: Found, model: Classifier) -> list[str]:
    prediction, bundle = reading.prediction, model.bundle
    assert prediction is not None
    details = (
        f"score {score(prediction.probabilities[what.label])}; "
        f"film given {prediction.label}, margin {score(prediction.margin)}"
    )
    if model.site is not None:
        details += f"; by the hospital profile {model.site.name} ({model.site.identity[:12]})"
    lines = overlay.caption(what.method, what.label, bundle.name, bundle.digest, details)
    first = reading.passport.before_scores if reading.passport else ()
    return [*first, *lines, *_evidence(what, found), words.CAVEAT]
