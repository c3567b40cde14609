"""Processes of this machine that score films, each at the other end of a pipe."""

from __future__ import annotations

import signal
from collections.abc import Collection
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from ..errors import ScreenError
from ..model.classifier import Classifier, load
from ..model.site_head import Site
from .engine import ENDED, Heard
from .scorer import Scorer, Stopped

_SECOND = 1.0
_PATIENCE = 5.0


def begin(
    folder: Path, site: Site | None, known_hospital: bool, given: str
) -> tuple[BaseProcess, Connection]:
    """Start a process. It ends when its pipe is closed, and so with whoever holds it."""
    context = get_context("spawn")  # a fork takes the threads' locks along, but not the threads
    ours, theirs = context.Pipe()
    process = context.Process(
        target=_process, args=(theirs, folder, site, known_hospital, given), daemon=True
    )
    process.start()
    theirs.close()
    return process, ours


def _process(
    pipe: Connection, folder: Path, site: Site | None, known_hospital: bool, given: str
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells all; the pipe ends
    work(pipe, load(folder).at(site), known_hospital, given)


def work(pipe: Connection, model: Classifier, known_hospital: bool, given: str) -> None:
    """Score the films whose places come through the pipe until it is closed."""
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            scorer = Scorer(model, known_hospital, given)
            pipe.send(None)
            while True:
                taken = scorer.take(pipe.recv())
                pipe.send(taken)
                if isinstance(taken, str) and pipe.recv():
                    pipe.send(scorer.score())
        except ScreenError as error:
            pipe.send(Stopped(error.code, error.message))


class Processes:
    """As :class:`cxr.batch.engine.Workers`; a worker goes by the pipe to it.

    Parameters
    ----------
    folder : Path
        Of the bundle.
    site : Site or None
    known_hospital : bool
    given : str
        SOURCE.
    """

    def __init__(self, folder: Path, site: Site | None, known_hospital: bool, given: str) -> None:
        self._what = folder, site, known_hospital, given
        self._processes: dict[Connection, BaseProcess] = {}

    def begin(self) -> Connection:
        process, pipe = begin(*self._what)
        self._processes[pipe] = process
        return pipe

    def take(self, pipe: Connection, place: bytes) -> None:
        self._tell(pipe, place)

    def decide(self, pipe: Connection, wanted: bool) -> None:
        self._tell(pipe, wanted)

    def _tell(self, pipe: Connection, message: object) -> None:
        with suppress(OSError):  # that it has ended is seen when it is listened to
            pipe.send(message)

    def heard(self, pipes: Collection[Connection]) -> list[tuple[Connection, Heard]]:
        found = wait(list(pipes), _SECOND)
        return [(pipe, _message(pipe)) for pipe in pipes if pipe in found]

    def leave(self, pipe: Connection) -> None:
        pipe.close()
        del self._processes[pipe]

    def lost(self, pipe: Connection) -> bool:
        pipe.close()
        self._processes.pop(pipe).join()
        return True

    def end(self) -> None:
        for pipe in self._processes:
            pipe.close()
        for process in self._processes.values():
            process.join(_PATIENCE)
            process.kill()
        self._processes.clear()

    def close(self) -> None:
        """There is nothing besides the processes."""


def _message(pipe: Connection) -> Heard:
    try:
        found: Heard = pipe.recv()
    except (EOFError, OSError):
        return ENDED
    return found
