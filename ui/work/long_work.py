"""Long work of a page: one piece after the other, each kept, with progress and a way to stop."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from cxr.errors import CxrError, ExplainError
from ui.base import keymap
from ui.work.fragments import every
from ui.work.session_cache import Job, ProgressCall, workspace

PATIENCE = 0.5
"""Seconds that a piece of work may take before its progress is shown."""

_STOPPED = "stopped"


@dataclass(frozen=True)
class Task:
    """A piece of work, by what its result depends on.

    Attributes
    ----------
    key
        What the result is kept under; a refusal is kept like a result.
    what : str
        What is being worked out, for the reader.
    work : callable
        As of :class:`ui.work.session_cache.Job`. What it gives as "so far" is of the result's kind.
    size : callable
        Bytes that a result holds.
    """

    key: Hashable
    what: str
    work: Callable[[ProgressCall], Any]
    size: Callable[[Any], int]


def done(key: Hashable) -> Any:
    """What a task gave, a refusal, or None while there is neither."""
    return workspace().shelf.find(key)


def so_far(key: Hashable) -> Any:
    """What can be shown of a task that is not done, or None; it outlives a stop."""
    job = workspace().job
    if job is not None and job.key == key:
        return job.so_far
    return workspace().shelf.find(("so far", key))


def go_on(tasks: Sequence[Task], patience: float = PATIENCE) -> Task | None:
    """Start the first task that is not done, unless its reader stopped it.

    Parameters
    ----------
    patience : float
        Seconds to wait for each.

    Returns
    -------
    Task or None
        The one that is running or was stopped; None: all are done.
    """
    for task in tasks:
        if done(task.key) is not None:
            continue
        if st.session_state.get(_STOPPED) == task.key:
            return task
        job = workspace().job
        if job is None or job.key != task.key:
            workspace().leave_job()
            job = workspace().job = Job(task.key, task.work)
        if not job.wait(patience):
            return task
        workspace().job = None
        _keep(task, job)
    return None


def _keep(task: Task, job: Job) -> None:
    if job.result is not None:
        workspace().shelf.put(task.key, job.result, task.size(job.result))
        return
    refusal: CxrError = job.refusal or ExplainError(
        "map_failed", "This could not be worked out; the log says why."
    )
    workspace().shelf.put(task.key, refusal, 0)


def show(task: Task | None, seen: Any = None) -> None:
    """How far a task is with a way to stop it, or a way to go on; nothing where all are done.

    Parameters
    ----------
    seen
        What the page shows of the task: it runs again once there is more.
    """
    if task is None:
        workspace().leave_job()  # of another film, class or view
    elif st.session_state.get(_STOPPED) == task.key:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(f'<div class="cxr-quiet">Stopped: {task.what}.</div>', width="content")
            st.button("Go on", key="go-on", on_click=st.session_state.pop, args=(_STOPPED, None))
    else:
        _watch(task, seen)


@every(0.3)
def _watch(task: Task, seen: Any) -> None:
    job = workspace().job
    if job is None or job.key != task.key or not job.running or job.so_far is not seen:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(job.share, 1.0), f"Working out: {task.what}")
        if st.button("Cancel", key="cancel", shortcut=keymap.of("stop")):
            if job.so_far is not None:
                workspace().shelf.put(("so far", task.key), job.so_far, task.size(job.so_far))
            st.session_state[_STOPPED] = task.key
            workspace().leave_job()
            st.rerun()
