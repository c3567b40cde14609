"""What one session has worked out: a bounded shelf of results, and the one long job at hand.

Both live in a session-scoped cache: no other session can reach them, nothing is written to disk,
and closing the tab drops the shelf and stops the job.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Protocol, TypeVar

import streamlit as st

from cxr.errors import Cancelled, CxrError
from ui.server.memory import WATCH

SHELF_BYTES = 200_000_000
"""Some six films of 2,500 × 3,000 at 16 bits; one that has gone is decoded again in .1 s."""
NICE = 10
"""By how much long work's threads stand behind the others, as the process that takes gradients."""

T = TypeVar("T")


class Shelf:
    """Results by key; the least recently used go first once they weigh more than `capacity`."""

    def __init__(self, capacity: int = SHELF_BYTES) -> None:
        self.capacity = capacity
        self._held: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    @property
    def weight(self) -> int:
        """Bytes held."""
        return sum(size for _, size in self._held.values())

    def find(self, key: Hashable) -> Any:
        """The result, or None."""
        if key not in self._held:
            return None
        self._held.move_to_end(key)
        return self._held[key][0]

    def put(self, key: Hashable, value: T, size: int) -> T:
        """Hold `value`, of `size` bytes; the newest is held whatever it weighs."""
        self._held[key] = (value, size)
        self._held.move_to_end(key)
        while len(self._held) > 1 and self.weight > self.capacity:
            self._held.popitem(last=False)
        return value

    def get(self, key: Hashable, make: Callable[[], T], size: Callable[[T], int]) -> T:
        """The result, made now if it isn't held."""
        held: T | None = self.find(key)
        if held is not None:
            return held
        made = make()
        return self.put(key, made, size(made))

    def drop(self, name: str) -> None:
        """Let go of every result whose key names it, at whatever depth, such as a film's hash."""
        for key in [key for key in self._held if _names(key, name)]:
            del self._held[key]


def _names(key: Hashable, name: str) -> bool:
    if isinstance(key, tuple):
        return any(_names(part, name) for part in key)
    if is_dataclass(key):
        return any(_names(getattr(key, part.name), name) for part in fields(key))
    return key == name


class ProgressCall(Protocol):
    """What work calls with the share done, 0 to 1, and with what can be shown of it so far, if that
    is new. The answer False says that the work is to stop."""

    def __call__(self, share: float, so_far: Any = None, /) -> bool: ...


class Job:
    """Work on a thread of its own, which stops at its next step once it is cancelled.

    Parameters
    ----------
    key
        What the result is for.
    work : callable
        Is given a :class:`ProgressCall`.
    """

    def __init__(self, key: Hashable, work: Callable[[ProgressCall], Any]) -> None:
        self.key = key
        self.share = 0.0
        self.so_far: Any = None
        self.result: Any = None
        self.refusal: CxrError | None = None
        self.failed = False
        self._work = work
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="map")
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def cancelled(self) -> bool:
        return self._stop.is_set()

    def cancel(self) -> None:
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """True once the work has ended; waits `seconds` at most."""
        self._thread.join(seconds)
        return not self.running

    def _step(self, share: float, so_far: Any = None, /) -> bool:
        self.share = share
        if so_far is not None:
            self.so_far = so_far
        return not self._stop.is_set()

    def _run(self) -> None:
        _give_way()
        try:
            self.result = self._work(self._step)
        except Cancelled:
            self._stop.set()
        except CxrError as refusal:
            self.refusal = refusal
        except Exception:
            # Shown as a plain sentence; the traceback goes to the log by the thread's own hook.
            self.failed = True
            raise


def _give_way() -> None:
    """Put this thread behind those that draw pages, and with it what a network starts on it. Only
    Linux has a priority for each thread."""
    if sys.platform == "linux":
        me = threading.get_native_id()
        before = os.getpriority(os.PRIO_PROCESS, me)
        os.setpriority(os.PRIO_PROCESS, me, min(before + NICE, 19))


@dataclass
class Workspace:
    """What one session works on and has worked out."""

    shelf: Shelf = field(default_factory=Shelf)
    job: Job | None = None

    def leave_job(self) -> None:
        """Stop the job, if there is one."""
        if self.job is not None:
            self.job.cancel()
            self.job = None

    def clear(self) -> None:
        self.leave_job()
        self.shelf = Shelf()
        WATCH.freed()


@st.cache_resource(scope="session", on_release=Workspace.clear, show_spinner=False)
def workspace() -> Workspace:
    """This session's: its one long computation (``job``) and the results that are kept for it
    (``shelf``)."""
    return Workspace()
