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
from ui.base.formatting import plain
from ui.lab import layers, methods, player, preprocessing, regions
from ui.session import films
from ui.session.films import Film

_KEPT: dict[str, Callable[[Film, Classifier], dict[str, Any]]] = {
    "regions": regions.kept,
    "methods": methods.kept,
    "layers": layers.kept,
    "input": preprocessing.kept,
    "stability": lambda film, model: {},
}
_CAPTION, _VERSION = "story-caption", "story_version"
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
    made = _own()
    st.text_area("Caption", key=_CAPTION, max_chars=MAX_CAPTION, height=80)
    drawn = replace(film.change, let_in=False).said  # a story refuses no film
    if drawn:
        st.caption(
            f"A story holds a film as filed, and this one is {drawn}: it can be kept once it is as "
            "filed again."
        )
    with st.container(horizontal=True):
        for said, kept in (("Keep the scores", "scores"), ("Keep this view", view.lower())):
            st.button(
                said,
                key=f"story-keep-{kept}",
                on_click=_keep,
                args=(film.number, model, kept, len(made)),
                disabled=bool(drawn) or _full(made, *_of(film)),
            )
    if made and _full(made, *_of(film)):
        st.caption(f"No more fits: {MAX_STEPS} steps, {MAX_FILMS} films, {MAX_BYTES // 10**6} MB.")


def own() -> None:
    """The reader's own story: its steps, in what order and with what words; played, handed over."""
    made = _own()
    if not made:
        return
    version = st.session_state.setdefault(_VERSION, 0)
    for place, (step, _) in enumerate(made):
        caption = f"story-caption-{version}-{place}"
        st.text_area(
            f"{place + 1} · {step.view}",
            step.caption,
            key=caption,
            max_chars=MAX_CAPTION,
            height=68,
            on_change=_say,
            args=(place, version, caption),
        )
        with st.container(horizontal=True):
            for said, to in (("Up", place - 1), ("Down", place + 1)):
                st.button(
                    said,
                    key=f"story-{said.lower()}-{version}-{place}",
                    type="tertiary",
                    on_click=_exchange,
                    args=(place, to, version),
                    disabled=to not in range(len(made)),
                )
            if st.button("Take out", key=f"story-out-{len(made)}-{place}", type="tertiary"):
                made.pop(place)
                st.session_state[_VERSION] += 1
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


def edit(story: Story) -> None:
    """Put a story's steps at the end of the reader's own, as many as fit, and leave it."""
    made = _own()
    for step in story.steps:
        data = story.films[step.film]
        if not _full(made, step.film, data):
            made.append((step, data))
    player.leave()


def append(film: Film, caption: str) -> int:
    """A film's scores as the last step of the reader's own story; its place, 0 if none is left."""
    made = _own()
    if _full(made, *_of(film)):
        return 0
    made.append((StoryStep(_of(film)[0], caption, "scores"), film.data))
    return len(made)


def _own() -> list[tuple[StoryStep, bytes]]:
    return st.session_state.setdefault("story_kept", [])


def _say(place: int, version: int, key: str) -> None:
    """What was written to a step, unless the steps have moved since."""
    made = _own()
    if st.session_state[_VERSION] == version and place < len(made):
        step, data = made[place]
        made[place] = replace(step, caption=" ".join(st.session_state[key].split())), data


def _exchange(place: int, to: int, version: int) -> None:
    """Two steps change places, once a press."""
    made = _own()
    if st.session_state[_VERSION] == version and max(place, to) < len(made):
        made[place], made[to] = made[to], made[place]
        st.session_state[_VERSION] += 1


def _of(film: Film) -> tuple[str, bytes]:
    """A film's name in a story, and its bytes."""
    return film.sha256[:16], film.data


def _full(made: list[tuple[StoryStep, bytes]], film: str, data: bytes) -> bool:
    """Whether a story with another view of `film` could not be opened again."""
    sizes = {step.film: len(data) for step, data in made} | {film: len(data)}
    too_large = len(sizes) > MAX_FILMS or sum(sizes.values()) + MAX_TEXT > MAX_BYTES
    return len(made) >= MAX_STEPS or too_large


def _keep(number: int, model: Classifier, view: str, place: int) -> None:
    film = films.films().get(number)
    if film is None or len(_own()) != place:
        return  # the press came twice
    caption = st.session_state[_CAPTION]  # as it stands at the click, not as it stood before
    step = StoryStep(_of(film)[0], " ".join(caption.split()), view)
    if view in _KEPT:
        step = replace(step, **_KEPT[view](film, model))
    _own().append((step, film.data))
    st.session_state[_CAPTION] = ""
