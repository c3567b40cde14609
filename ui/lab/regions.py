"""What would change its mind: regions of the film are hidden, and the scores move."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

from cxr.explain import FILLS, overlay
from cxr.explain.region import RegionEffect, painted
from cxr.imaging.radiograph import Radiograph
from cxr.model.classifier import Classifier
from ui.base import keymap
from ui.base.formatting import plain, score
from ui.lab import fills, score_bars, tried_regions
from ui.lab.tried_regions import Try
from ui.lab.words import signed
from ui.panels import full_screen
from ui.session import films
from ui.session.films import Film, Reading
from ui.viewer import MapLayer, Plate, viewer

HEIGHT = "calc(100dvh - 20rem)"
"""Of the viewer under the choice of the fill and the scores."""

_SIGN = (
    "A region speaks for a class whose score falls when it is hidden: on the map it is warm then. "
    "The mark on a bar is the whole film."
)
_HOW = "Draw on the film: a box (key x) or with a brush (key y)."


@st.fragment
def show(film: Film, reading: Reading, model: Classifier) -> None:
    """The film, what the network sees of it, and the trail of tries.

    A fragment, so that a region that is drawn runs this again and nothing else of the page.
    """
    if films.chosen().number != film.number:
        st.rerun()  # an arrow key stepped on, and only this fragment heard of it
    radiograph = films.radiograph_of(film)
    assert reading.prediction is not None
    whole = reading.prediction.probabilities
    with st.container(key="film-row"):
        left, right = st.columns([3, 1])
    with left:
        fill, add = _choose(film)
        answers = [
            tried_regions.answer(film, radiograph, t, fill, model)
            for t in tried_regions.trail(film)
        ]
        place = tried_regions.chosen(film)
        moved = st.container()
        plates = _plates(film, radiograph, answers, place, fill, model)
        region = viewer(
            plates,
            key="lab-film",
            draw=True,
            tool="box",
            height=HEIGHT,
            on_step=films.step,
            caption=[*full_screen.lines(film, reading, model), *_hidden(answers, place)],
        )
        if tried_regions.take(
            film, region, [plate.radiograph.pixels.shape for plate in plates], add
        ):
            # Scores at once, before the run that the films need.
            moved.html(
                _moves(
                    tried_regions.answer(
                        film, radiograph, tried_regions.trail(film)[-1], fill, model
                    )
                )
            )
            _again()
        moved.html(score_bars.still(whole) if place is None else _moves(answers[place]))
    with right:
        if place is None:
            st.html(f'<div class="cxr-quiet"><p>{_HOW}</p></div>')
        else:
            _trail(film, answers)
            st.html(f'<div class="cxr-quiet"><p>{_SIGN}</p></div>')
        alone = tried_regions.fill_alone(film, radiograph, fill, model)
        said = ", ".join(f"{escape(label)} {score(p)}" for label, p in alone.items())
        st.html(
            '<div class="cxr-heading">The fill alone</div>'
            f'<div class="cxr-quiet"><p>{said}</p><p>A fill that the network is sure of is no '
            "neutral one.</p></div>"
        )
        fills.compare(radiograph, reading.called, model)


def kept(film: Film, _: Classifier) -> dict[str, Any]:
    """What a story keeps of the view: as :class:`cxr.teaching.story.StoryStep` names it."""
    place = tried_regions.chosen(film)
    tried = tried_regions.trail(film)[place] if place is not None else ()
    return {
        "hidden": tried_regions.hidden(tried),
        "fill": st.session_state.get("lab-fill") or FILLS[0],
    }


def _hidden(answers: list[RegionEffect], place: int | None) -> list[str]:
    """The scores under the try that is shown, for full screen."""
    return [] if place is None else [f"Hidden: {full_screen.scores(answers[place].after)}"]


def _choose(film: Film) -> tuple[str, bool]:
    """What regions are filled with, and whether the next one is hidden with those before."""
    with st.container(horizontal=True, vertical_alignment="center"):
        fill = st.segmented_control(
            "Fill",
            FILLS,
            default=FILLS[0],
            format_func=lambda name: fills.NAMES[name],
            required=True,
            key="lab-fill",
            persist_state="session",
            label_visibility="collapsed",
        )
        add = st.toggle("Add to the last", key="lab-add", persist_state="session")
        none = not tried_regions.trail(film)
        st.button(
            "Take back",
            key="take-back",
            shortcut=keymap.of("back"),
            on_click=tried_regions.take_back,
            args=(film.number,),
            disabled=none,
        )
        st.button(
            "Take all back",
            key="take-all-back",
            type="tertiary",
            on_click=tried_regions.take_all_back,
            args=(film.number,),
            disabled=none,
        )
    return str(fill), add


def _plates(
    film: Film,
    radiograph: Radiograph,
    answers: list[RegionEffect],
    place: int | None,
    fill: str,
    model: Classifier,
) -> list[Plate]:
    """The film under what was tried, and the film as the network saw it last."""
    if place is None:
        return [Plate(radiograph, "Film", regions=())]
    outlined = tried_regions.hidden(tried_regions.trail(film)[place])
    masks = [tried_regions.mask_of(tried, model.size) for tried in tried_regions.trail(film)]
    before = answers[place].before
    layers = tuple(
        MapLayer(
            f"{label} · tried",
            painted(masks, [a.effects[label] for a in answers]),
            "occlusion",
            label,
        )
        for label in sorted(before, key=lambda label: -before[label])
    )
    seen = tried_regions.seen(film, radiograph, tried_regions.trail(film)[place], fill, model)
    return [
        Plate(
            radiograph,
            f"Film: {overlay.sides('occlusion', 'the class')}",
            layers,
            regions=outlined,
        ),
        Plate(seen, "What the network sees", regions=outlined),
    ]


def _again() -> None:
    """Show the new try: in the fragment alone, unless the whole page is running."""
    try:
        st.rerun(scope="fragment")
    except StreamlitAPIException:
        st.rerun()


def _moves(answer: RegionEffect) -> str:
    return score_bars.moved(answer.before, answer.after)


def _trail(film: Film, answers: list[RegionEffect]) -> None:
    made = tried_regions.trail(film)
    st.radio(
        f"Tries ({len(made)})",
        range(len(made)),
        key=tried_regions.CHOSEN,
        format_func=lambda place: f"{place + 1} · {_name(made[place])}",
        captions=[_caption(answer) for answer in answers],
    )


def _name(tried: Try) -> str:
    return " + ".join(drawn.region.kind for drawn in tried)


def _caption(answer: RegionEffect) -> str:
    return plain(" · ".join(f"{label} {signed(-d)}" for label, d in answer.effects.items()))
