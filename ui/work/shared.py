"""Work that is everybody's: what one session has begun, the others find."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from .session_cache import Job, ProgressCall

K = TypeVar("K", bound=Hashable)
_lock = threading.Lock()


def job_of(
    jobs: dict[K, Job],
    key: K,
    work: Callable[[ProgressCall], Any],
    most: int,
    again: bool = False,
) -> Job:
    """The job of a key, begun if there is none.

    Parameters
    ----------
    jobs : dict
        Under way, ended well or given up, of all sessions; the oldest that have ended go once
        there are `most`.
    again : bool
        Begin anew after it was cancelled or has failed.
    """
    with _lock:
        job = jobs.get(key)
        over = job is not None and (job.cancelled or not job.running)
        if job is None or (again and over and job.result is None):
            ended = [each for each, older in jobs.items() if not older.running]
            for each in ended[: max(0, len(jobs) - most + 1)]:
                del jobs[each]
            job = jobs[key] = Job(key, work)
    return job
