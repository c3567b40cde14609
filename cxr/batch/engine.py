"""Processes that score films, each of them one film at a time.

A process tells the hash of what it has read before it goes on, and is told whether to: so no bytes
are scored twice, and no more films are in memory than there are processes.
"""

from __future__ import annotations

import signal
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from ..errors import CxrError, ScreenError, UnreadableFile
from ..imaging.reader import read, study_and_view
from ..model.classifier import Classifier, load
from ..model.site_head import Site
from ..screening.assess import Assessment, assess, by_origin
from . import rows
from .source import Film, fetcher
from .state import State

TRIES = 2
"""How many processes may end over one film before it is refused."""
_SECOND = 1.0
_PATIENCE = 5.0

Seconds = dict[str, float]
"""Of a film, by stage."""


@dataclass(eq=False)
class _Worker:
    """A process, and what it is at.

    Attributes
    ----------
    ready : bool
        Whether it has come as far as to ask for a film.
    film : (int, Film) or None
        In its hands, with its number.
    sha256 : str or None
        Of that film, once it is being scored.
    """

    process: BaseProcess
    pipe: Connection
    ready: bool = False
    film: tuple[int, Film] | None = None
    sha256: str | None = None


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
    fetch = fetcher(given)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        pipe.send(None)
        while True:
            place = pipe.recv()
            began = time.perf_counter()
            try:
                data = fetch(place)
            except UnreadableFile as refusal:
                pipe.send((rows.refused(refusal), {}))
                continue
            mark = sha256(data).hexdigest()
            seconds = {"read": time.perf_counter() - began}
            pipe.send(mark)
            if pipe.recv():
                pipe.send((_answer(data, model, known_hospital, seconds), seconds))


def _answer(data: bytes, model: Classifier, known_hospital: bool, seconds: Seconds) -> rows.Row:
    """A film's row; reading and scoring are taken apart to be timed apart."""
    began = time.perf_counter()
    study, view = study_and_view(data)
    film = None
    try:
        film = read(data)
    except CxrError as refusal:
        found = Assessment(refusal)
    seconds["decode"] = time.perf_counter() - began
    if film is not None:
        found = assess(film, model)
    seconds["score"] = time.perf_counter() - began - seconds["decode"]
    said = rows.answer(by_origin(found, model, known_hospital), model)
    return {"study": study, "view": view, **said}


class Crew:
    """The processes of a run, and who waits for what.

    Parameters
    ----------
    state : State
    start : callable
        Starts a process.

    Attributes
    ----------
    seconds : dict of str to float
        Stage → seconds that it took, all processes together.
    answered, scored : int
        Films that were given an answer, and those of them that it had to be worked out for.
    """

    def __init__(self, state: State, start: Callable[[], tuple[BaseProcess, Connection]]) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.answered = self.scored = 0
        self._state, self._start = state, start
        self._workers: dict[Connection, _Worker] = {}
        self._waiting = state.waiting()
        self._again: deque[tuple[int, Film]] = deque()
        self._tries: Counter[int] = Counter()
        # Hash of what is being scored → films of the same bytes.
        self._same: dict[str, list[tuple[int, Film]]] = {}

    def run(self, workers: int, tick: Callable[[], None]) -> None:
        """Score all films that wait. What is kept is kept, however this is interrupted.

        Parameters
        ----------
        workers : int
        tick : callable
            Called every second or oftener.

        Raises
        ------
        ScreenError
            ``worker_lost``, ``not_written``.
        """
        if (first := next(self._waiting, None)) is None:
            return
        self._again.append(first)
        try:
            for _ in range(workers):
                self._add()
            while self._workers:
                for worker in self._heard():
                    try:
                        message = worker.pipe.recv()
                    except (EOFError, OSError):
                        self._lost(worker)
                        continue
                    began = time.perf_counter()
                    self._answer(worker, message)
                    self.seconds["keep"] += time.perf_counter() - began
                tick()
        finally:
            for worker in self._workers.values():
                worker.pipe.close()
            for worker in self._workers.values():
                worker.process.join(_PATIENCE)
                worker.process.kill()

    def _heard(self) -> list[_Worker]:
        found = wait(list(self._workers), _SECOND)
        return [worker for pipe, worker in self._workers.items() if pipe in found]

    def _add(self) -> None:
        process, pipe = self._start()
        self._workers[pipe] = _Worker(process, pipe)

    def _answer(self, worker: _Worker, message: object) -> None:
        if isinstance(message, str):
            self._tell(worker, wanted := self._wanted(worker, message))
            if wanted:
                return
        elif isinstance(message, tuple):
            row, seconds = message
            self._keep(worker, row)
            for stage, spent in seconds.items():
                self.seconds[stage] += spent
        worker.ready = True
        self._hand(worker)

    def _wanted(self, worker: _Worker, mark: str) -> bool:
        """Whether bytes of this hash are to be scored."""
        assert worker.film is not None
        if self._state.known(mark):
            self._state.keep(mark, None, [worker.film[0]])
            self.answered += 1
        elif mark in self._same:
            self._same[mark].append(worker.film)
        else:
            self._same[mark], worker.sha256 = [], mark
            return True
        return False

    def _keep(self, worker: _Worker, row: rows.Row) -> None:
        assert worker.film is not None
        number, _ = worker.film
        numbers = [number]
        if worker.sha256 is None:
            self._state.refuse(number, row)
        else:
            numbers += [other for other, _ in self._same.pop(worker.sha256)]
            self._state.keep(worker.sha256, row, numbers)
            self.scored += 1
        self.answered += len(numbers)

    def _hand(self, worker: _Worker) -> None:
        """Give it the next film; without one it may go."""
        worker.sha256 = None
        worker.film = self._again.popleft() if self._again else next(self._waiting, None)
        if worker.film is None:
            del self._workers[worker.pipe]
            worker.pipe.close()
        else:
            self._tell(worker, worker.film[1].place)

    def _tell(self, worker: _Worker, message: object) -> None:
        with suppress(OSError):  # that it has ended is seen when it is listened to
            worker.pipe.send(message)

    def _lost(self, worker: _Worker) -> None:
        """A process has ended by itself: another takes over, and its film is tried again."""
        del self._workers[worker.pipe]
        worker.pipe.close()
        worker.process.join()
        if not worker.ready or worker.film is None:
            raise ScreenError(
                "worker_lost",
                "A process that was to score films ended before its first one. Is there enough "
                "memory? Take fewer --workers; the same command goes on.",
            )
        number, _ = worker.film
        self._tries[number] += 1
        if self._tries[number] < TRIES:
            self._again.append(worker.film)
            self._again.extend(self._same.pop(worker.sha256 or "", ()))
        else:
            self._keep(worker, rows.refused(_crashed()))
        self._add()


def _crashed() -> UnreadableFile:
    return UnreadableFile(
        "crashed",
        f"{TRIES} processes ended over this film, because of its bytes or for want of memory. "
        "Export it again.",
    )
