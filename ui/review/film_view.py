"""What is shown of a case, and how far the work for it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import streamlit as st

from cxr.imaging.radiograph import Radiograph
from cxr.review.entries import marked
from ui.review import address
from ui.review.queue import QueuePosition
from ui.viewer import FREE_HEIGHT, Plate, viewer
from ui.work.fragments import every, pressed
from ui.work.session_cache import Job

Shown = Literal["film", "neighbours", "maps"]
_SHOWN, _DRAWN, _SPENT = "review_shown", "review_drawn", "review_spent"


def shown() -> Shown:
    """The film beside its neighbours, linked between them, or under both classes' maps."""
    return st.session_state.get(_SHOWN, "film")


@pressed
@address.held
def toggle(what: Shown) -> None:
    st.session_state[_SHOWN] = "film" if shown() == what else what


def show(
    place: QueuePosition,
    plates: list[Plate],
    caption: Sequence[str] = (),
    height: str = FREE_HEIGHT,
    film: Radiograph | None = None,
) -> str:
    """Put films on the light box; its arrow keys go through the queue.

    Parameters
    ----------
    place : QueuePosition
    plates : list of Plate
    caption : sequence of str
        What full screen shows besides the case's number: nothing before a blind read.
    height : str
    film : Radiograph, optional
        The case's own, on which a box may be drawn.

    Returns
    -------
    str
        The mark that was drawn on it, as :func:`cxr.review.entries.marked` writes it; "" for none.
    """

    @pressed
    def step(by: int) -> None:
        if there := place.neighbour(by):
            address.go(there)

    region = viewer(
        plates,
        key="review-film",
        height=height,
        on_step=step,
        draw=film is not None,
        caption=[named(place), *caption],
    )
    if region is None or film is None or plates[region.plate].radiograph is not film:
        return ""
    if region.serial <= st.session_state.get(_SPENT, 0):
        return ""  # it went with a verdict; the browser tells of it until another is drawn
    st.session_state[_DRAWN] = region.serial
    rows, columns = film.pixels.shape
    left, top, across, down = region.box
    return marked((left / columns, top / rows, across / columns, down / rows))


def named(place: QueuePosition) -> str:
    """The case, as full screen calls it."""
    assert place.row is not None
    return f"Case {place.row.case}"


def spend() -> None:
    """The mark that was drawn last has been kept."""
    st.session_state[_SPENT] = st.session_state.get(_DRAWN, 0)


@every(0.5)
def watch(job: Job, name: str, what: str, stop: Callable[[], None] | None = None) -> None:
    """How far a job is, and the way to stop it; the page runs again once it has ended."""
    if not job.running or job.cancelled:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(job.share, 1.0), f"{what}: {job.share:.0%}")
        cancelled = st.button("Cancel", key=f"cancel-{name}")
    if cancelled:
        job.cancel()
        if stop is not None:
            stop()
        st.rerun()
