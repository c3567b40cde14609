"""Stories: played, opened, and kept from the views of the lab."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from cxr.errors import CxrError
from cxr.model.classifier import Classifier
from cxr.teaching.story import (
    MAX_BYTES,
    MAX_CAPTION,
    MAX_FILMS,
    MAX_STEPS,
    MAX_TEXT,
    Story,
    StoryStep,
    read_story,
    write_story,
)
from ui.base.words import plain
from ui.lab import layers, methods, player, preprocessing, regions
from ui.session.films import Film

_KEPT: dict[str, Callable[[Film, Classifier], dict[str, Any]]] = {
    "regions": regions.kept,
    "methods": methods.kept,
    "layers": layers.kept,
    "input": preprocessing.kept,
    "stability": lambda film, model: {},
}
_CAPTION = "story-caption"
_WARNING = (
    "The file holds the films as they were given, with all that is written in them, names too."
)


def shelf() -> None:
    """The stories that ship, and a place for others."""
    for path in sorted(player.FOLDER.glob("*.zip")):
        story = _shipped(str(path))
        st.button(story.title, key=f"story-{path.stem}", on_click=player.begin, args=(story,))
    turn = st.session_state.setdefault("story_turn", 0)
    given = st.file_uploader("Open a story", key=f"story-file-{turn}")
    if given is not None:
        try:
            player.begin(read_story(given.getvalue()))
        except CxrError as refusal:
            st.info(plain(str(refusal)))
            return
        st.session_state["story_turn"] = turn + 1
        st.rerun()


@st.cache_resource(max_entries=8, show_spinner=False)
def _shipped(path: str) -> Story:
    return read_story(Path(path).read_bytes())


def keep(film: Film, model: Classifier, view: str) -> None:
    """Put the view that is shown at the end of the reader's own story; hand the story over."""
    made: list[tuple[StoryStep, bytes]] = st.session_state.setdefault("story_kept", [])
    st.text_area("Caption", key=_CAPTION, max_chars=MAX_CAPTION, height=80)
    with st.container(horizontal=True):
        for said, kept in (("Keep the scores", "scores"), ("Keep this view", view.lower())):
            st.button(
                said,
                key=f"story-keep-{kept}",
                on_click=_keep,
                args=(film, model, kept, len(made)),
                disabled=_full(made, film),
            )
    if not made:
        return
    if _full(made, film):
        st.caption(f"No more fits: {MAX_STEPS} steps, {MAX_FILMS} films, {MAX_BYTES // 10**6} MB.")
    for place, (step, _) in enumerate(made):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(f'<div class="cxr-quiet">{place + 1} · {step.view}</div>', width="stretch")
            if st.button("Take out", key=f"story-out-{len(made)}-{place}", type="tertiary"):
                made.pop(place)
                st.rerun()
    title = st.text_input("Title", key="story-title", max_chars=80) or "A story"
    story = Story(title, "", tuple(step for step, _ in made), {s.film: data for s, data in made})
    with st.container(horizontal=True):
        st.button("Play it", key="story-play", on_click=player.begin, args=(story,))
        st.download_button(
            "Keep as a file",
            lambda: write_story(story),
            "story.zip",
            "application/zip",
            key="story-download",
            on_click="ignore",
        )
    st.caption(_WARNING)


def _full(made: list[tuple[StoryStep, bytes]], film: Film) -> bool:
    """Whether a story with another view of `film` could not be opened again."""
    sizes = {step.film: len(data) for step, data in made} | {film.sha256[:16]: len(film.data)}
    too_large = len(sizes) > MAX_FILMS or sum(sizes.values()) + MAX_TEXT > MAX_BYTES
    return len(made) >= MAX_STEPS or too_large


def _keep(film: Film, model: Classifier, view: str, place: int) -> None:
    if len(st.session_state["story_kept"]) != place:
        return  # the press came twice
    caption = st.session_state[_CAPTION]  # as it stands at the click, not as it stood before
    step = StoryStep(film.sha256[:16], " ".join(caption.split()), view)
    if view in _KEPT:
        step = replace(step, **_KEPT[view](film, model))
    st.session_state["story_kept"].append((step, film.data))
    st.session_state[_CAPTION] = ""
