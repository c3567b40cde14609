"""The server's memory, watched from beside the pages.

Streamlit would look through all of Python's objects for garbage after every run of a page
(``runner.postScriptGC``, off in ``.streamlit/config.toml``). Here that is done when there is cause:
the process has grown, a session has ended, or its films were removed. What was freed is then given
back to the system, which the C library by itself keeps for later.
"""

from __future__ import annotations

import ctypes
import gc
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

from streamlit import runtime
from streamlit.runtime.session_manager import SessionInfo

LOOK = 5.0
"""Seconds between two looks."""
SHARE, LEAST = 0.1, 50_000_000
"""How much more than after the last collection is cause for another: a share, and bytes."""
FORGOTTEN = 130.0
"""Seconds after which a session whose tab was closed is gone; Streamlit keeps it for 120."""

_STATM = Path("/proc/self/statm")


class Watch:
    """Collects garbage when there is cause.

    Attributes
    ----------
    collected : int
        How often it has.
    """

    def __init__(self) -> None:
        self.collected = 0
        self._due: list[float] = []
        self._held = resident()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Watch from now on, on a thread of its own; does nothing where it does so already."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._go_on, daemon=True, name="memory")
                self._thread.start()

    def freed(self) -> None:
        """Films were let go: cause to collect at once, and again when their session is gone."""
        now = monotonic()
        with self._lock:
            self._due += [now, now + FORGOTTEN]

    def look(self) -> None:
        """Collect if there is cause."""
        _drop_expired_sessions()
        now = monotonic()
        with self._lock:
            due = [at for at in self._due if at <= now]
            self._due = [at for at in self._due if at > now]
        if not due and resident() < self._held + max(LEAST, SHARE * self._held):
            return
        gc.collect()
        give_back()
        self._held = resident()
        self.collected += 1

    def _go_on(self) -> None:
        pause = threading.Event()
        while not pause.wait(LOOK):
            self.look()


def resident() -> int:
    """Bytes of memory that this process holds; 0 where the system doesn't say, as outside Linux:
    there its growth is no cause to collect."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def give_back() -> None:
    """Give freed memory back to the system, where the C library is glibc."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _drop_expired_sessions() -> None:
    """Streamlit notices that a session has expired only when the next one ends, and its loop holds
    the last session until there is another: till then the films of the last reader would stay."""
    if not runtime.exists():
        return
    server: Any = runtime.get_instance()
    with suppress(AttributeError, RuntimeError):  # of another Streamlit; or it is about to stop
        expire = server._session_mgr._session_storage._cache.expire
        server._get_async_objs().eventloop.call_soon_threadsafe(_drop, expire)


def _drop(expire: Callable[[], list[tuple[str, SessionInfo]]]) -> None:
    for _, ended in expire():
        ended.session.shutdown()
        state = ended.session.session_state
        for held in state.filtered_state.values():
            # Such as its films: the functions of widgets hold them too. A widget's own value, like
            # the rows that are ticked, cannot be changed.
            if type(held) is dict:
                held.clear()
        state.clear()
        with suppress(AttributeError):  # of another Streamlit
            # What parts of a page and callbacks were given, which no clearing of states reaches.
            ended.session._fragment_storage.clear()
            state._new_widget_state.widget_metadata.clear()


WATCH = Watch()
