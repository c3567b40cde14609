"""The film's way to the network step by step: its parameters are moved, and the scores follow."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cxr.imaging.preprocessing import Preprocessing
from cxr.imaging.radiograph import Radiograph
from cxr.model.classifier import Classifier
from cxr.teaching.preprocessing_stages import (
    LIMITS,
    PreprocessingStage,
    changed,
    differences,
    scores,
    stages,
)
from ui.base import keymap
from ui.lab import score_bars
from ui.lab.list_keys import further
from ui.panels import full_screen
from ui.session import films
from ui.session.films import Film, Reading
from ui.viewer import Plate, viewer
from ui.work.session_cache import workspace

HEIGHT = "calc(100dvh - 17.5rem)"
_SIDES = (32, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
_BLURS = (0, 3, 5, 7, 9, 11, 15, 21, 31)
_STEP = "lab-step"
_LAST = "lab-step-last"
_HOW = (
    "Each step is done to the picture before it; one that changes nothing is not listed. The mark "
    "on a bar is the score on the model’s own way, which alone the temperature was fitted for."
)


@st.fragment
def show(film: Film, reading: Reading, model: Classifier) -> None:
    """The steps side by side, the sliders beside them, the scores above.

    A fragment, so that a slider that moves runs this again and nothing else of the page.
    """
    if films.chosen().number != film.number:
        st.rerun()  # an arrow key stepped on, and only this fragment heard of it
    radiograph = films.radiograph_of(film)
    assert reading.prediction is not None
    own = model.preprocessing
    with st.container(key="film-row"):
        left, right = st.columns([3, 1])
    with right:
        how = _choose(own, model)
        st.html(f'<div class="cxr-quiet"><p>{_HOW}</p></div>')
    with left:
        before = reading.prediction.probabilities
        if how == own:
            st.html(score_bars.still(before))
        else:
            after = scores_on(film, radiograph, how, model)
            st.html(score_bars.moved(before, after))
        step = _step(plates_of(film, radiograph, how))
        plates = [Plate(radiograph, "As filed"), step]
        viewer(
            plates,
            key="lab-way",
            height=HEIGHT,
            on_step=films.step,
            caption=full_screen.lines(film, reading, model),
        )


def kept(_: Film, model: Classifier) -> dict[str, Any]:
    """What a story keeps of the view: as :class:`cxr.teaching.story.StoryStep` names it."""
    own = model.preprocessing
    return {"way": differences(_chosen(model, own), own)}


def _keys(model: Classifier) -> list[str]:
    """Of the sliders: each model has its own, since their ends depend on it."""
    return [f"lab-way-{name}-{model.bundle.digest[:12]}" for name in LIMITS]


def _choose(own: Preprocessing, model: Classifier) -> Preprocessing:
    """The parameters as the sliders stand; the model's own stand beside their names."""
    keys = _keys(model)
    start = (own.longer_side, float(own.clahe_clip), own.clahe_tiles, own.blur, own.crop)
    for key, value in zip(keys, start, strict=True):
        st.session_state.setdefault(key, value)
    kept: dict[str, Any] = {"persist_state": "session"}
    sides = sorted({*_SIDES, own.longer_side})
    st.select_slider(f"Longer side, pixels · model {own.longer_side}", sides, key=keys[0], **kept)
    most_clip = max(8.0, own.clahe_clip)
    clip = st.slider(
        f"CLAHE clip limit · model {own.clahe_clip:g}",
        0.0,
        most_clip,
        step=0.1,
        key=keys[1],
        **kept,
    )
    st.slider(
        f"CLAHE tiles a side · model {own.clahe_tiles}",
        1,
        max(16, own.clahe_tiles),
        key=keys[2],
        disabled=clip == 0,
        **kept,
    )
    blurs = sorted({*_BLURS, own.blur})
    st.select_slider(f"Gaussian blur, pixels · model {own.blur}", blurs, key=keys[3], **kept)
    most_crop = max(own.size // 4, own.crop)
    label = f"Cut off at each edge, of {own.size} pixels · model {own.crop}"
    st.slider(label, 0, most_crop, key=keys[4], **kept)
    how = _chosen(model, own)
    st.button(
        "The model’s own",
        key="lab-own",
        shortcut=keymap.of("back"),
        on_click=leave,
        args=(model,),
        disabled=how == own,
    )
    return how


def _chosen(model: Classifier, own: Preprocessing) -> Preprocessing:
    """As the sliders stand, or stood when they were last shown."""
    keys = _keys(model)
    if not all(key in st.session_state for key in keys):
        return own
    given = (st.session_state[key] for key in keys)
    return changed(own, dict(zip(LIMITS, given, strict=True)))


def leave(model: Classifier) -> None:
    """Back to the model's own way."""
    for key in _keys(model):
        st.session_state.pop(key, None)


def scores_on(
    film: Film, radiograph: Radiograph, how: Preprocessing, model: Classifier
) -> dict[str, float]:
    return workspace().shelf.get(
        ("way-scores", film.sha256, model.identity, how),
        lambda: scores(model, radiograph, how),
        len,
    )


def plates_of(film: Film, radiograph: Radiograph, how: Preprocessing) -> list[Plate]:
    """The film's picture after each step that is not left out."""

    def make() -> list[Plate]:
        _, *found = stages(radiograph.eight_bit, how)
        return [_plate(radiograph, stage) for stage in found if not stage.left_out]

    return workspace().shelf.get(
        ("way", film.sha256, how),
        make,
        lambda plates: sum(plate.radiograph.pixels.nbytes for plate in plates),
    )


def _step(plates: list[Plate]) -> Plate:
    """The picture that is looked at: the last, unless another was chosen."""
    names = [plate.title.split(" · ")[0] for plate in plates]
    chosen, last = st.session_state.get(_STEP), st.session_state.get(_LAST)
    if chosen not in names or chosen == last:
        st.session_state[_STEP] = names[-1]
    st.session_state[_LAST] = names[-1]
    place = names.index(st.session_state[_STEP])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.segmented_control(
            "Step",
            names,
            required=True,
            key=_STEP,
            persist_state="session",
            label_visibility="collapsed",
        )
        further(names, _STEP)
    return plates[place]


def _plate(film: Radiograph, stage: PreprocessingStage) -> Plate:
    height, width = stage.picture.shape
    picture = Radiograph(stage.picture, 8, "", "PNG", orientation=film.orientation)
    return Plate(picture, f"{stage.name} · {width} × {height}")
