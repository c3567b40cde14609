"""What stands on the stage, and how far the work for it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import streamlit as st

from ui.review import address, queue, reader
from ui.review.queue import Place
from ui.session.fragments import every, pressed
from ui.session.shelf import Job
from ui.viewer import STAGE, Plate, viewer

Staged = Literal["film", "near", "maps"]
_STAGED = "review_stage"


def staged() -> Staged:
    """The film beside its neighbours, linked between them, or under both classes' maps."""
    return st.session_state.get(_STAGED, "film")


@pressed
@address.held
def toggle(what: Staged) -> None:
    st.session_state[_STAGED] = "film" if staged() == what else what


def show(place: Place, plates: list[Plate], height: str = STAGE) -> None:
    """Put films on the light box; its arrow keys go through the queue."""

    @pressed
    def step(by: int) -> None:
        if there := place.neighbour(by):
            address.go(there)

    said = [queue.where(place), st.session_state.get(reader.SAID, "")]
    viewer(
        plates,
        key="review-film",
        height=height,
        on_step=step,
        caption=[line for line in said if line],
    )


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
