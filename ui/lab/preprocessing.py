"""The film's way to the network step by step: its parameters are moved, and the scores follow."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cxr.imaging.radiograph import Radiograph
from cxr.model.classifier import Classifier
from cxr.teaching.preprocessing_stages import (
    LIMITS,
    MOST_TRIM,
    Pipeline,
    Stage,
    changed,
    differences,
    own_pipeline,
    scores,
    stages,
)
from ui.lab import moves
from ui.lab.list_keys import further
from ui.session import films
from ui.session.films import Film, Reading
from ui.session.shelf import desk
from ui.viewer import Plate, viewer

HEIGHT = "calc(100dvh - 17.5rem)"
PARAMETERS = ("margin", *LIMITS)
_SIDES = (32, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
_BLURS = (0, 3, 5, 7, 9, 11, 15, 21, 31)
_STEP = "lab-step"
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
    own = own_pipeline(model)
    with st.container(key="board"):
        left, right = st.columns([3, 1])
    with right:
        pipeline = _choose(own, model)
        st.html(f'<div class="cxr-quiet"><p>{_HOW}</p></div>')
    with left:
        before = reading.prediction.probabilities
        if pipeline == own:
            st.html(moves.still(before))
        else:
            after = scores_on(film, radiograph, pipeline, model)
            st.html(moves.moved(before, after))
        step = _step(plates_of(film, radiograph, pipeline))
        plates = [Plate(radiograph, "As filed"), step]
        viewer(plates, key="lab-way", height=HEIGHT, on_step=films.step)


def kept(_: Film, model: Classifier) -> dict[str, Any]:
    """What a story keeps of the view: as :class:`cxr.teaching.story.StoryStep` names it."""
    own = own_pipeline(model)
    return {"way": differences(_chosen(model, own), own)}


def _keys(model: Classifier) -> list[str]:
    """Of the sliders: each model has its own, since their ends depend on it."""
    return [f"lab-way-{name}-{model.bundle.digest[:12]}" for name in PARAMETERS]


def _choose(own: Pipeline, model: Classifier) -> Pipeline:
    """The parameters as the sliders stand; the model's own stand beside their names."""
    how = own.preprocessing
    keys = _keys(model)
    start = (0, how.longer_side, float(how.clahe_clip), how.clahe_tiles, how.blur, how.rim)
    for key, value in zip(keys, start, strict=True):
        st.session_state.setdefault(key, value)
    kept: dict[str, Any] = {"persist_state": "session"}
    most = round(100 * MOST_TRIM)
    st.slider("Margin cut, % of each side · model 0", 0, most, key=keys[0], **kept)
    sides = sorted({*_SIDES, how.longer_side})
    st.select_slider(f"Longer side, pixels · model {how.longer_side}", sides, key=keys[1], **kept)
    most_clip = max(8.0, how.clahe_clip)
    clip = st.slider(
        f"CLAHE clip limit · model {how.clahe_clip:g}",
        0.0,
        most_clip,
        step=0.1,
        key=keys[2],
        **kept,
    )
    st.slider(
        f"CLAHE tiles a side · model {how.clahe_tiles}",
        1,
        max(16, how.clahe_tiles),
        key=keys[3],
        disabled=clip == 0,
        **kept,
    )
    blurs = sorted({*_BLURS, how.blur})
    st.select_slider(f"Gaussian blur, pixels · model {how.blur}", blurs, key=keys[4], **kept)
    most_rim = max(how.size // 8, how.rim)
    st.slider(f"Rim hidden, pixels · model {how.rim}", 0, most_rim, key=keys[5], **kept)
    pipeline = _chosen(model, own)
    st.button(
        "The model’s own",
        key="lab-own",
        shortcut="u",
        on_click=leave,
        args=(model,),
        disabled=pipeline == own,
    )
    return pipeline


def _chosen(model: Classifier, own: Pipeline) -> Pipeline:
    """As the sliders stand, or stood when they were last shown."""
    keys = _keys(model)
    if not all(key in st.session_state for key in keys):
        return own
    margin, *given = (st.session_state[key] for key in keys)
    return changed(own, {"margin": margin / 100, **dict(zip(LIMITS, given, strict=True))})


def leave(model: Classifier) -> None:
    """Back to the model's own way."""
    for key in _keys(model):
        st.session_state.pop(key, None)


def scores_on(
    film: Film, radiograph: Radiograph, pipeline: Pipeline, model: Classifier
) -> dict[str, float]:
    return desk().shelf.get(
        ("way-scores", film.sha256, model.identity, pipeline),
        lambda: scores(model, radiograph, pipeline),
        len,
    )


def plates_of(film: Film, radiograph: Radiograph, pipeline: Pipeline) -> list[Plate]:
    """The film's picture after each step that is not left out."""

    def make() -> list[Plate]:
        _, *found = stages(radiograph.eight_bit, pipeline)
        return [_plate(radiograph, stage) for stage in found if not stage.left_out]

    return desk().shelf.get(
        ("way", film.sha256, pipeline),
        make,
        lambda plates: sum(plate.radiograph.pixels.nbytes for plate in plates),
    )


def _step(plates: list[Plate]) -> Plate:
    """The picture that is looked at: the last, unless another was chosen."""
    names = [plate.title.split(" · ")[0] for plate in plates]
    if st.session_state.get(_STEP) not in names:
        st.session_state[_STEP] = names[-1]
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


def _plate(film: Radiograph, stage: Stage) -> Plate:
    height, width = stage.picture.shape
    picture = Radiograph(stage.picture, 8, "", "PNG", orientation=film.orientation)
    return Plate(picture, f"{stage.name} · {width} × {height}")
