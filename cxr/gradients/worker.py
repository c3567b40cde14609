"""The gradients' own process, seen from the one that asks.

TensorFlow's million objects would slow everything that shares a process with them: Python looks
through them whenever it collects garbage. So they live in a process of their own, which starts when
it is first asked, stays warm, and ends when nobody has asked for a while, or with its parent.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from ..errors import Cancelled, CxrError, ExplainError
from . import frames

IDLE = 300.0
"""Seconds without a question after which the process ends."""
GRACE = 5.0
"""Seconds in which a question that nobody waits for any more may still be finished."""
LOOK = 0.1
"""Seconds between two looks whether the answer is still wanted."""

_COMMAND = (sys.executable, "-P", "-m", "cxr.gradients.process")
_ROOT = str(Path(__file__).resolve().parents[2])

Arrays = list[NDArray[np.float32]]


@dataclass(eq=False)
class _Question:
    header: Mapping[str, Any]
    arrays: Arrays
    answer: Arrays = field(default_factory=list)
    error: Exception | None = None
    left: bool = False
    done: threading.Event = field(default_factory=threading.Event)


class Worker:
    """A process that answers one question at a time, in the order in which they were asked: who
    asks many small ones takes turns with everybody else.

    Parameters
    ----------
    command : sequence of str
    idle, grace : float
        Seconds, see :data:`IDLE` and :data:`GRACE`.
    """

    def __init__(
        self, command: Sequence[str] = _COMMAND, idle: float = IDLE, grace: float = GRACE
    ) -> None:
        self._command, self._idle, self._grace = command, idle, grace
        self.forget()

    def forget(self) -> None:
        """Begin anew, in a fork of the process that had asked: the answers are for that one."""
        self._changed = threading.Condition()
        self._waiting: deque[_Question] = deque()
        self._at_hand: _Question | None = None
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Of the process; None while there is none."""
        process = self._process
        return process.pid if process is not None else None

    def ask(
        self,
        header: Mapping[str, Any],
        arrays: Arrays,
        wanted: Callable[[], object] = lambda: None,
    ) -> Arrays:
        """Ask and wait for the answer.

        Parameters
        ----------
        header : mapping
            The question as JSON.
        arrays : list of float32
        wanted : callable
            Called while waiting; whatever it raises ends the waiting, and the process is free again
            within :data:`GRACE` seconds.

        Raises
        ------
        CxrError
            As the process refused; ``gradients_failed`` if it met an error, or died twice.
        """
        question = _Question(header, arrays)
        with self._changed:
            self._waiting.append(question)
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, daemon=True, name="gradients")
                self._thread.start()
            self._changed.notify()
        try:
            while not question.done.wait(LOOK):
                wanted()
        except BaseException:
            self._leave(question)
            raise
        if question.error is not None:
            raise question.error
        return question.answer

    def _leave(self, question: _Question) -> None:
        with self._changed:
            question.left = True
            if question in self._waiting:
                self._waiting.remove(question)
                return
        timer = threading.Timer(self._grace, self._free, (question,))
        timer.daemon = True
        timer.start()

    def _free(self, question: _Question) -> None:
        with self._changed:
            if self._at_hand is question and self._process is not None:
                self._process.kill()

    def _serve(self) -> None:
        while True:
            with self._changed:
                if not self._changed.wait_for(lambda: self._waiting, self._idle):
                    self._end()
                    self._thread = None
                    return
                question = self._waiting.popleft()
            try:
                question.answer = self._answered(question)
            except Exception as error:
                question.error = error
            question.done.set()

    def _answered(self, question: _Question) -> Arrays:
        for _ in range(2):  # a process that died is started again once
            try:
                process = self._running() or self._started()
                with self._changed:
                    if question.left:
                        raise Cancelled
                    self._at_hand = question
                into, out = _pipes(process)
                frames.send(into, question.header, question.arrays)
                header, arrays = frames.receive(out)
            except (EOFError, OSError):
                self._end()
                continue
            finally:
                with self._changed:
                    self._at_hand = None
            if (refusal := header.get("refusal")) is not None:
                raise _KINDS[refusal["kind"]](refusal["code"], refusal["message"])
            if (failed := header.get("failed")) is not None:
                raise _failed(f"it met an error ({failed})")
            return arrays
        raise _failed("it ended in the middle of the work, twice")

    def _running(self) -> subprocess.Popen[bytes] | None:
        if self._process is not None and self._process.poll() is not None:
            self._end()  # it died while nobody asked
        return self._process

    def _started(self) -> subprocess.Popen[bytes]:
        """A fresh process, once it is ready. Nothing of this one is forked with its threads."""
        path = [_ROOT, *(each for each in sys.path if each)]
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(path),
                "KERAS_BACKEND": "tensorflow",
                "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3"),
            },
        )
        frames.receive(_pipes(self._process)[1])
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in _pipes(process):
            with suppress(OSError):  # what was written last was never read
                pipe.close()


def _pipes(process: subprocess.Popen[bytes]) -> tuple[BinaryIO, BinaryIO]:
    return cast(BinaryIO, process.stdin), cast(BinaryIO, process.stdout)


def _failed(why: str) -> ExplainError:
    return ExplainError(
        "gradients_failed",
        f"The process that takes gradients gave no answer: {why}. Try again, or use occlusion.",
    )


_KINDS = {kind.__name__: kind for kind in CxrError.__subclasses__()}

WORKER = Worker()
"""The one that all maps of this process share."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=WORKER.forget)
