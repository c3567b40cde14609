"""The map on Read: asked for once for all films, laid over each by the viewer, with the evidence
for and against it below."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape

import streamlit as st

from cxr.errors import CxrError
from cxr.explain import methods_of, overlay, worth_a_map
from cxr.explain.target import CUT_OFF
from cxr.imaging.radiograph import Radiograph
from cxr.model import lungs
from cxr.model.classifier import Classifier
from cxr.model.lungs import Probability
from cxr.screening.standing import calls
from ui.base.formatting import plain, score
from ui.panels import as_shown, full_screen, map_text, priors
from ui.panels.map_text import MapEvidence
from ui.session import map_tasks, own_calls, record
from ui.session.films import Film, Reading, chosen, radiograph_of, step
from ui.session.map_tasks import MapRequest
from ui.viewer import MapDisplay, MapLayer, Plate, viewer
from ui.viewer.encoding import LAYER_SIDE
from ui.work import long_work
from ui.work.fragments import pressed

HEIGHT, COVERED = "calc(100dvh - 13.75rem)", "calc(100dvh - 10.55rem)"
"""Of the viewer, without a map and with the line of its settings: the film keeps its size."""
_METHOD = "method"


@dataclass(frozen=True)
class Choice:
    """Which map, and what beside it."""

    wanted: MapRequest
    beside: bool
    lungs: bool
    randomised: bool


def asked() -> bool:
    """Whether maps are shown; they stay from film to film."""
    return bool(st.session_state.get("asked"))


def chosen_map(film: Film, model: Classifier) -> tuple[str | None, str]:
    """Class and method of a film's map, as they are picked; no class before there was a map."""
    method = st.session_state.get(map_tasks.method_key(_METHOD, model))
    return st.session_state.get(_class_key(film, model)), method or methods_of(model)[0]


def _class_key(film: Film, model: Classifier) -> str:
    return f"class-{film.number}-{model.bundle.digest[:12]}"


@pressed
def toggle() -> None:
    st.session_state["asked"] = not asked()


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
    caption = full_screen.lines(film, reading, model)
    prior = priors.beside(film, model)
    hashes = () if prior is None else (prior.sha256,)
    if not asked() or reading.prediction is None or own_calls.waits(film):
        record.shown(film.sha256, model, beside=hashes)
        as_shown.keep_map(film, model, None)
        with stage:
            plates, said = priors.plates([Plate(radiograph, "Film")], film, prior)
            viewer(
                plates,
                key="read-film",
                height=HEIGHT,
                on_step=step,
                on_look=as_shown.keeper(film),
                caption=caption,
            )
        _say(said)
        return
    choice = _choose(film, radiograph, reading, model)
    unlikely = _unlikely(choice.wanted, reading)
    waiting, found = (None, MapEvidence()) if unlikely else _work_out(radiograph, choice, model)
    as_shown.keep_map(film, model, found.map_of(choice.wanted))

    def picture(look: MapDisplay) -> tuple[str, bytes]:
        return map_text.picture(look, radiograph, film, reading, choice.wanted, found, model)

    shown = [Plate(radiograph, "Film")] if unlikely else _plates(radiograph, choice, found)
    plates, said = priors.plates(shown, film, prior)
    with stage:
        viewer(
            plates,
            key="read-film",
            height=COVERED if found.drawn is not None else HEIGHT,
            on_step=step,
            picture=picture if found.drawn is not None else None,
            on_look=as_shown.keeper(film),
            caption=caption,
        )
    _say(said)
    if found.drawn is not None:
        logged = {"lungs": choice.lungs, "twin": choice.randomised}  # the words of logs so far
        beside = [word for word, shown in logged.items() if shown]
        record.shown(
            film.sha256,
            model,
            choice.wanted.label,
            choice.wanted.method,
            (*beside, *hashes),
        )
    if unlikely:
        _offer(choice.wanted, reading)
    if found.drawn is not None:
        map_text.say(choice.wanted, found)
    if found.refusal is not None:
        st.info(plain(str(found.refusal)))
    long_work.show(waiting, found.coarse)


def _say(refusal: str) -> None:
    if refusal:
        st.info(plain(refusal))


def _choose(film: Film, radiograph: Radiograph, reading: Reading, model: Classifier) -> Choice:
    """By which method and of which class, at first the one that the film was given; what beside."""
    assert reading.prediction is not None
    with st.container(horizontal=True, vertical_alignment="center"):
        method = map_tasks.choose_method(model, _METHOD)
        label = st.segmented_control(
            "Class",
            model.labels,
            default=reading.called,
            required=True,
            key=_class_key(film, model),
            persist_state="session",
            label_visibility="collapsed",
        )
        beside = st.toggle("Side by side", key="beside", persist_state="session")
        outlined = map_tasks.lungs_of(radiograph) is not None and st.toggle(
            "Lungs", key="lungs", persist_state="session"
        )
        randomised = st.toggle(
            "Shuffled weights",
            key="randomised",
            persist_state="session",
            help="The same map of the same network with its weights shuffled. A map that stays "
            "draws the film, not the network.",
        )
        st.toggle(
            "Name in pictures",
            key="name-in-picture",
            persist_state="session",
            help="A picture that is saved carries the file’s name, which may be a patient’s.",
        )
    if not model.bundle.gradcam_layer:
        st.caption(
            "This network has no convolution, or no maps that all of its answer goes through, so "
            "it has no Grad-CAM."
        )
    wanted = map_tasks.wanted(radiograph, model, str(label), method)
    return Choice(wanted, beside, outlined, randomised)


def _unlikely(wanted: MapRequest, reading: Reading) -> bool:
    """Whether no map of this class is drawn, since nobody insisted."""
    assert reading.prediction is not None
    probability = reading.prediction.probabilities[wanted.label]
    likely = worth_a_map(probability) or calls(reading.standing, wanted.label)
    return not likely and replace(wanted, method="") not in _insisted()


def _insisted() -> set[MapRequest]:
    """Films and classes whose maps were asked for all the same, by whatever method."""
    return st.session_state.setdefault("insisted", set())


def _offer(wanted: MapRequest, reading: Reading) -> None:
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
) -> tuple[long_work.Task | None, MapEvidence]:
    """Begin or go on with the map, and once it is there with the evidence about it."""
    what = choice.wanted
    task = map_tasks.map_task(film, model, what)
    waiting = long_work.go_on([task])
    drawn = long_work.done(task.key)
    if isinstance(drawn, CxrError):
        return waiting, MapEvidence(refusal=drawn)
    if drawn is None:
        return waiting, MapEvidence(long_work.so_far(task.key), map_tasks.lungs_of(film))
    tested = map_tasks.tested_task(film, model, what, drawn)
    randomisation = map_tasks.randomisation_task(film, model, what, drawn)
    tasks = [randomisation, tested] if choice.randomised else [tested]
    waiting = long_work.go_on(tasks, patience=0)  # the map does not wait for what is said about it
    held = {task.key: long_work.done(task.key) for task in tasks}
    refusals = [found for found in held.values() if isinstance(found, CxrError)]
    kept = {key: found for key, found in held.items() if found not in refusals}
    return waiting, MapEvidence(
        drawn,
        map_tasks.lungs_of(film),
        kept.get(tested.key),
        kept.get(randomisation.key),
        refusals[0] if refusals else None,
    )


def _plates(film: Radiograph, choice: Choice, found: MapEvidence) -> list[Plate]:
    """The map, beside it what was asked for: three at most, so that films stay large. The film with
    its lungs stands for the bare film; it comes last, since the first map names the colours."""
    what = choice.wanted
    plates = [Plate(film, "Film")] if choice.beside and not choice.lungs else []
    if found.drawn is None:
        return [*plates, Plate(film, "The map is not ready", dim=True)]
    layer = MapLayer(what.name, found.drawn.values, what.method, what.label)
    said = overlay.sides(what.method, what.label)
    both = f": {said}" if said else ""
    plates.append(Plate(film, f"{'Map, still coarse' if found.coarse else 'Map'}{both}", (layer,)))
    if choice.randomised and found.randomised is not None:
        randomised = MapLayer(what.name, found.randomised.randomised, what.method, what.label)
        plates.append(Plate(film, f"Map of shuffled weights{both}", (randomised,)))
    elif choice.randomised:
        plates.append(Plate(film, "Shuffled weights: not ready", dim=True))
    if choice.lungs and found.lungs is not None:
        plates.append(Plate(film, "Lungs", (_outline(film, found.lungs),)))
    return plates


def _outline(film: Radiograph, found: Probability) -> MapLayer:
    """The border of the lungs as a layer: the viewer has lines for a layer's own contour alone."""
    share = LAYER_SIDE / max(film.pixels.shape)
    height, width = (max(1, round(side * share)) for side in film.pixels.shape)
    border = lungs.outline(lungs.mask(found, height, width))
    return MapLayer("Lungs", overlay.lines(border, height, width), "lungs")
