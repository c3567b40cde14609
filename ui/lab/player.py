"""A story in front of a class: one film after the other, what is said to it, and its view."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from html import escape
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cxr.errors import BundleError, CxrError
from cxr.explain import methods_of
from cxr.input_checks import Passport
from cxr.model.bundle import MANIFEST
from cxr.model.classifier import Classifier, Prediction
from cxr.screening.assess import assess
from cxr.teaching.preprocessing_stages import changed
from cxr.teaching.story import Story, StoryStep
from ui.base import keymap
from ui.base.formatting import plain
from ui.lab import layers, preprocessing, score_bars, stability, tried_regions
from ui.panels import full_screen, input_checks
from ui.session import films, map_tasks, models, studies
from ui.session.films import Film
from ui.viewer import MapLayer, Plate, viewer
from ui.work import long_work
from ui.work.fragments import pressed
from ui.work.session_cache import workspace

FOLDER = models.REPOSITORY / "samples" / "stories"
"""The stories that ship, and the network that one of them plays on."""

Scores = dict[str, float]

_PRESENTED = "story_presented"
_WAITS = (
    "This story is not played: it shows a film of a reader study that was begun here, and can be "
    "played once all of that study is read."
)
HEIGHT = "calc(100dvh - 19rem)"


def playing() -> Story | None:
    return st.session_state.get("story")


def begin(story: Story) -> None:
    st.session_state["story"] = story
    _go(0)


def leave() -> None:
    st.session_state.pop("story", None)
    st.session_state.pop(_PRESENTED, None)
    workspace().leave_job()


@pressed
def step(by: int) -> None:
    """Go on or back; the ends hold."""
    story = playing()
    if story is not None:
        _go(max(0, min(st.session_state["story_place"] + by, len(story.steps) - 1)))


def _go(place: int) -> None:
    st.session_state["story_place"] = place
    st.session_state["story_fresh"] = True
    workspace().leave_job()


def show(story: Story, picked: Classifier, edit: Callable[[Story], None]) -> None:
    """The step that the story stands at, unless it would tell of a film that is held back."""
    if _waits(story):
        workspace().leave_job()
        st.info(_WAITS)
        st.button("Leave the story", key="story-leave", shortcut=keymap.of("stop"), on_click=leave)
        return
    place = st.session_state["story_place"]
    now = story.steps[place]
    presented = bool(st.session_state.get(_PRESENTED))
    if presented:
        st.html(Path(__file__).parent / "presented.css")
    way_out = _toolbar(story, place, edit, presented)
    st.html(f'<p class="lab-caption">{escape(now.caption)}</p>')
    _step(story, now, picked)
    # Escape stops the work of a step, and leaves the story where there is none.
    stop = keymap.of("stop") if workspace().job is None else None
    if presented:
        way_out.button("End", key="story-end", shortcut=stop, on_click=_present, args=(False,))
    else:
        way_out.button("Leave the story", key="story-leave", shortcut=stop, on_click=leave)


def _waits(story: Story) -> bool:
    """Whether a film of it belongs to a reader study that is not finished. Not the film of the step
    alone: who goes on from step to step would meet it in front of a class."""
    held = studies.held()
    if not held:  # most sessions: a story may hold much that would be hashed at every step
        return False
    return any(hashlib.sha256(data).hexdigest() in held for data in story.films.values())


def _present(on: bool) -> None:
    """For a class: the film, the caption and nothing else, or all there is."""
    st.session_state[_PRESENTED] = on


def _step(story: Story, now: StoryStep, picked: Classifier) -> None:
    model = _model(now, picked)
    if model is None:
        workspace().leave_job()
        st.info(
            plain(f"This step plays on the model {now.model}, which is not here or cannot be used.")
        )
        return
    data = story.films[now.film]
    digest = hashlib.sha256(data).hexdigest()
    # Below nought, so that it is none of the session's own films.
    film = Film(-int(digest[:12], 16) - 1, "", data, digest)
    try:
        prediction, checks = _assessed(film, model)
        before = prediction.probabilities
        input_checks.before_scores(checks)
        _VIEWS[now.view](now, film, before, model)
    except CxrError as refusal:
        st.info(plain(f"This model has no such view of this film. {refusal}"))
    except ValueError:
        st.info("This model has no such view of this film.")
    st.html(f'<div class="cxr-quiet"><p>{_foot(story, now, model)}</p></div>')


def _assessed(film: Film, model: Classifier) -> tuple[Prediction, Passport]:
    """What is said of a story's film, which is shown whatever it is."""

    def assessed() -> tuple[Prediction, Passport]:
        prediction, checks = assess(films.radiograph_of(film), model, let_in=True).scored
        return replace(prediction, features=None), checks

    return workspace().shelf.get(
        ("assessed", film.sha256, model.identity), assessed, lambda _: 4096
    )


def _toolbar(
    story: Story, place: int, edit: Callable[[Story], None], presented: bool
) -> DeltaGenerator:
    """From step to step; gives where the way out stands."""
    last = len(story.steps) - 1
    back, on = keymap.of("previous"), keymap.of("next")
    with st.container(key="toolbar", horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Previous", shortcut=back, on_click=step, args=(-1,), disabled=place == 0)
        st.button("Next", shortcut=on, on_click=step, args=(1,), disabled=place == last)
        way_out = st.empty()
        if not presented:
            st.button("Present", key="story-present", on_click=_present, args=(True,))
            st.button("Edit a copy", key="story-edit", on_click=edit, args=(story,))
        where = f"{place + 1} of {last + 1} · {escape(story.title)}"
        st.html(f'<div class="cxr-name">{where}</div>', width="content")
    return way_out


def _foot(story: Story, now: StoryStep, model: Classifier) -> str:
    """Which network, and whose films: what every figure above depends on."""
    said = f"Worked out now, by the network {models.line(model.bundle)}."
    return escape(f"{said} {story.credit}".strip())


def _model(now: StoryStep, picked: Classifier) -> Classifier | None:
    """The step's own model, if it asks for one by name."""
    if not now.model:
        return picked
    known = {path.name: path for path in models.bundles()}
    known |= {path.parent.name: path.parent for path in FOLDER.glob(f"*/{MANIFEST}")}
    try:
        return models.load_from(known[now.model])
    except (KeyError, OSError, BundleError):
        return None


def _label(now: StoryStep, before: Scores, model: Classifier) -> str:
    """The step's class, the likeliest where this model has none of that name."""
    return now.label if now.label in model.labels else max(before, key=lambda c: before[c])


def _films(
    plates: list[Plate],
    before: Scores,
    scales: Mapping[str, float] | None = None,
    after: Scores | None = None,
) -> None:
    caption = full_screen.moved(before, after)
    viewer(plates, key="lab-story", height=HEIGHT, on_step=step, scales=scales, caption=caption)


def _scores(_: StoryStep, film: Film, before: Scores, model: Classifier) -> None:
    workspace().leave_job()
    st.html(score_bars.still(before))
    _films([Plate(films.radiograph_of(film), "Film")], before)


def _methods(now: StoryStep, film: Film, before: Scores, model: Classifier) -> None:
    radiograph = films.radiograph_of(film)
    label = _label(now, before, model)
    tasks = {}
    offered = methods_of(model)
    wanted = [m if m in offered else "occlusion" for m in now.methods or ("occlusion",)]
    for method in dict.fromkeys(wanted):
        what = map_tasks.wanted(radiograph, model, label, method)
        tasks[what.title] = method, map_tasks.map_task(radiograph, model, what)
        if now.shuffled_weights:
            randomised = map_tasks.randomised_map_task(radiograph, model, what)
            tasks[f"{what.title}, shuffled weights"] = method, randomised
    st.html(score_bars.still(before))
    waiting = long_work.go_on([task for _, task in tasks.values()])
    long_work.show(waiting, long_work.so_far(waiting.key) if waiting is not None else None)
    plates, refusals = [], []
    for title, (method, task) in tasks.items():
        found = long_work.done(task.key) or long_work.so_far(task.key)
        if found is None:
            plates.append(Plate(radiograph, f"{title}: not ready", dim=True))
        elif isinstance(found, CxrError):
            refusals.append(found)
        else:
            plates.append(Plate(radiograph, title, (MapLayer(title, found.values, method, label),)))
    _films(plates or [Plate(radiograph, "Film")], before, now.scales)
    for refusal in refusals:
        st.info(plain(str(refusal)))


def _regions(now: StoryStep, film: Film, before: Scores, model: Classifier) -> None:
    workspace().leave_job()
    radiograph = films.radiograph_of(film)
    height, width = radiograph.pixels.shape
    tried = tried_regions.tried(now.hidden, (height, width))
    if not tried:
        _scores(now, film, before, model)
        return
    answer = tried_regions.answer(film, radiograph, tried, now.fill, model)
    st.html(score_bars.moved(answer.before, answer.after))
    seen = tried_regions.seen(film, radiograph, tried, now.fill, model)
    _films(
        [
            Plate(radiograph, "Film", regions=now.hidden),
            Plate(seen, "What the network sees", regions=now.hidden),
        ],
        answer.before,
        after=answer.after,
    )


def _input(now: StoryStep, film: Film, before: Scores, model: Classifier) -> None:
    workspace().leave_job()
    radiograph = films.radiograph_of(film)
    chosen = changed(model.preprocessing, now.way)
    after = preprocessing.scores_on(film, radiograph, chosen, model)
    st.html(score_bars.moved(before, after))
    plates = [Plate(radiograph, "As filed"), preprocessing.plates_of(film, radiograph, chosen)[-1]]
    _films(plates, before, after=after)


def _layers(now: StoryStep, film: Film, before: Scores, model: Classifier) -> None:
    label = _label(now, before, model)
    if st.session_state.pop("story_fresh", False):
        layers.look(film, model, now.layer, label)
    layers.show(film, label, model, full_screen.moved(before), step)


def _stability(_: StoryStep, film: Film, before: Scores, model: Classifier) -> None:
    called = max(before, key=lambda c: before[c])
    stability.show(film, called, model, full_screen.moved(before), step)


_VIEWS: dict[str, Callable[[StoryStep, Film, Scores, Classifier], None]] = {
    "scores": _scores,
    "methods": _methods,
    "regions": _regions,
    "layers": _layers,
    "input": _input,
    "stability": _stability,
}
