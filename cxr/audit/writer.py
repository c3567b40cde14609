"""Keeps pages from waiting for the disk: events are put in line, and one thread writes them."""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable

from ..errors import ReviewError
from .chain import ChainHead
from .events import Event
from .log import Log

MOST = 20_000
"""Events that wait while the log cannot be written; those beyond are counted, and that is a row."""
AGAIN = 2.0
"""Seconds until it is tried again."""


class Writer:
    """Writes events in the order they came, as many as wait at once.

    Parameters
    ----------
    open_log : callable
        Gives the log; asked again for as long as it raises.

    Attributes
    ----------
    head : ChainHead
        Of the log, when this last wrote.
    failure : ReviewError or None
        Why it cannot write now. What waits is written once it can.
    """

    def __init__(self, open_log: Callable[[], Log]) -> None:
        self.head = ChainHead()
        self.failure: ReviewError | None = None
        self._open = open_log
        self._log: Log | None = None
        self._waiting: list[Event] = []
        self._lost = 0
        self._changed = threading.Condition()
        self._ending = False
        self._busy = False
        self._thread = threading.Thread(target=self._go_on, daemon=True, name="audit")
        self._thread.start()
        atexit.register(self.close)

    def put(self, event: Event) -> None:
        """Have it written soon; never waits for a disk."""
        with self._changed:
            if len(self._waiting) < MOST:
                self._waiting.append(event)
            else:
                self._lost += 1
            self._changed.notify_all()

    def written(self, seconds: float) -> bool:
        """Wait until all that was put is on the disk; False where that takes longer or fails."""
        with self._changed:
            return self._changed.wait_for(
                lambda: (not self._waiting and not self._busy) or self.failure is not None, seconds
            ) and (self.failure is None)

    def close(self) -> None:
        """Write what waits, if that can be done at once, and end."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._thread.join(5)

    def _go_on(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ending)
                batch, self._busy = self._waiting[:], True
            if batch:
                self._write(batch)
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                if self._ending and (self.failure is not None or not self._waiting):
                    break
                if self.failure is not None:
                    self._changed.wait_for(lambda: self._ending, AGAIN)
        if self._log is not None:
            self._log.close()

    def _write(self, batch: list[Event]) -> None:
        lost = self._lost
        gap = [Event("lost", "", "", {"events": lost})] if lost else []
        try:
            if self._log is None:
                self._log = self._open()
            head = self._log.add([*batch, *gap])
        except ReviewError as refusal:
            self.failure = refusal
            return
        except Exception:  # whatever else an event makes of it: this thread must not end
            logging.getLogger(__name__).exception("the audit log")
            self.failure = ReviewError("store_unavailable", "A row cannot be written.")
            return
        with self._changed:
            self.head, self.failure = head, None
            self._waiting = self._waiting[len(batch) :]
            self._lost -= lost
