"""Samples: films that may be passed on, films of the training folder, drawings."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from cxr.errors import CxrError
from cxr.imaging.reader import read
from cxr.teaching import samples
from cxr.teaching.samples import Sample
from ui.base.words import meaning, plain
from ui.session import films

THUMBNAIL = 240
MISSING = (
    "No such film may be passed on with this program. To choose from the training films, start "
    "the app with CXR_DATA set to their folder."
)


@st.dialog("Samples", width="large")
def picker(labels: tuple[str, ...]) -> None:
    """The samples; a click takes one and closes the dialog."""
    groups(labels)


def groups(labels: tuple[str, ...]) -> None:
    """A grid of thumbnails for each label and one for the drawings."""
    folder = os.environ.get("CXR_DATA", "")
    found = _dataset(folder, labels) if folder else {}
    for label in labels:
        st.markdown(f"**{plain(label)}** {meaning(label, labels)}")
        here = [s for s in samples.shipped() if s.label == label] + found.get(label, [])
        _grid(here)
        if not here:
            st.caption(MISSING)
    st.markdown("**Drawn phantoms**, not films")
    _grid(samples.phantoms())
    st.caption(f"child-01 to child-16: {samples.CREDIT}")


def _grid(choices: list[Sample]) -> None:
    shown = [(sample, image) for sample in choices if (image := _thumbnail(sample)) is not None]
    if not shown:
        return
    with st.grid(min_column_width=96):
        for sample, image in shown:
            with st.container(gap="xsmall"):
                st.image(image, width="stretch", alt=f"Sample {sample.name}")
                if st.button(
                    sample.name,
                    key=f"take-{sample.name}",
                    width="stretch",
                    on_click=_take,
                    args=(sample,),
                ):
                    st.rerun()


def _take(sample: Sample) -> None:
    """Put the sample in the list and show it; one that is there already is only shown."""
    for film in films.films().values():
        if film.source and film.name == sample.name:
            films.choose(film.number)
            return
    films.choose(films.add_sample(sample))


# These two are shared by all sessions: they hold nothing that anyone has brought.
@st.cache_data(max_entries=4, show_spinner=False)
def _dataset(folder: str, labels: tuple[str, ...]) -> dict[str, list[Sample]]:
    return samples.from_dataset(Path(folder), labels)


@st.cache_data(max_entries=64, show_spinner=False)
def _thumbnail(sample: Sample) -> bytes | None:
    """A square JPEG of the film on black; None where the file is gone."""
    try:
        return films.thumbnail(read(sample.data()).eight_bit, THUMBNAIL)
    except (OSError, CxrError):
        return None
