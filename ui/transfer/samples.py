"""Samples: films that may be passed on, films of the training folder, drawings."""

from __future__ import annotations

import os
from hashlib import sha256
from itertools import chain
from pathlib import Path

import streamlit as st

from cxr.errors import CxrError
from cxr.imaging.reader import read
from cxr.model.bundle import Bundle
from cxr.teaching import samples
from cxr.teaching.samples import Sample
from ui.base.formatting import meaning, plain
from ui.session import films, studies

THUMBNAIL = 240
MISSING = (
    "No film with this label comes with the program. To choose from films of your own, start the "
    "app with CXR_DATA set to their folder (manifest.csv in it, films of val or test that may be "
    "shown)."
)
OTHER = "a label that this model does not have"


@st.dialog("Samples", width="large")
def picker(bundle: Bundle) -> None:
    """The samples; a click takes one and closes the dialog."""
    groups(bundle)


def groups(bundle: Bundle) -> None:
    """A grid of thumbnails for each label, the model's first, and one for the drawings."""
    folder = os.environ.get("CXR_DATA", "")
    here: dict[str, list[Sample]] = {label: [] for label in bundle.labels}
    shipped = samples.shipped()
    told = [sample for sample in shipped if not studies.holds(_digest(sample))]
    for sample in told:
        here.setdefault(bundle.called(sample.label), []).append(sample)
    for label, found in (_dataset(folder) if folder else {}).items():
        if (called := bundle.called(label)) in bundle.labels:
            here[called] += [sample for sample in found if not studies.holds(_digest(sample))]
    for label, choices in here.items():
        means = meaning(label, bundle.labels) if label in bundle.labels else OTHER
        st.markdown(f"**{plain(label)}** {means}")
        _grid(choices)
        if not choices and len(told) == len(shipped):
            st.caption(MISSING)
    if len(told) < len(shipped):
        st.caption("Films of your unfinished reader study are left out: their labels stand here.")
    st.markdown("**Drawn phantoms**, not films")
    _grid(samples.phantoms())
    st.caption(f"child-01 to child-16: {samples.CREDIT}")


def named(name: str) -> Sample | None:
    """The sample of this name; None where there is none any more."""
    folder = os.environ.get("CXR_DATA", "")
    own = chain.from_iterable(_dataset(folder).values()) if folder else ()
    known = (*samples.shipped(), *samples.phantoms(), *own)
    return next((sample for sample in known if sample.name == name), None)


@st.cache_data(max_entries=64, show_spinner=False)
def _digest(sample: Sample) -> str:
    """Of the sample's file; "" where it is gone."""
    try:
        return sha256(sample.data()).hexdigest()
    except OSError:
        return ""


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
def _dataset(folder: str) -> dict[str, list[Sample]]:
    return samples.from_dataset(Path(folder))


@st.cache_data(max_entries=64, show_spinner=False)
def _thumbnail(sample: Sample) -> bytes | None:
    """A square JPEG of the film on black; None where the file is gone."""
    try:
        return films.thumbnail(read(sample.data()).eight_bit, THUMBNAIL)
    except (OSError, CxrError):
        return None
