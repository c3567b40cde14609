"""Films handed to workers, each of them one film at a time.

A worker tells the hash of what it has read before it goes on, and is told whether to: so no bytes
are scored twice, and no more films are in memory than there are workers.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final, Protocol

from ..errors import ScreenError, UnreadableFile
from ..sources.films import SourceFilm
from . import table_rows
from .scorer import Answer, Seconds, Stopped
from .state import State

TRIES = 2
"""How many workers may end over one film before it is refused."""
STARTS = 3
"""How many workers, each in the place of the one before, may end before their first film."""


class Ended:
    """Said of a worker that will say nothing more."""


ENDED: Final = Ended()
Heard = str | Answer | Stopped | Ended | None
"""The sha256 of the film in hand; its row; why it cannot go on; None: that it can begin."""


class Workers(Protocol):
    """Who scores: processes of this machine, actors of a cluster. A worker goes by a name of its
    kind's own."""

    def begin(self) -> Any:
        """Start a worker; it will be heard to be ready."""

    def take(self, worker: Any, place: bytes) -> None:
        """Hand it a film; its sha256 or a row will be heard."""

    def decide(self, worker: Any, wanted: bool) -> None:
        """Let it score the film in hand, so that its row will be heard, or let go of it."""

    def heard(self, workers: Collection[Any]) -> list[tuple[Any, Heard]]:
        """What was said, as soon as anything is; nothing after a second."""

    def leave(self, worker: Any) -> None:
        """There is no film left for it."""

    def lost(self, worker: Any) -> bool:
        """Tidy up behind one that has ended; False: its machine went, which no film is to blame
        for."""

    def end(self) -> None:
        """End all that are left."""

    def close(self) -> None:
        """Leave the place where workers are started, for good."""


@dataclass(eq=False)
class _Member:
    """A worker, and what it is at.

    Attributes
    ----------
    failed : int
        How many before it, each in the other's place, ended before their first film.
    ready : bool
        Whether it has come as far as to ask for a film.
    film : (int, SourceFilm) or None
        What it works on, with its number.
    sha256 : str or None
        Of that film, once it is being scored.
    """

    worker: Any
    failed: int = 0
    ready: bool = False
    film: tuple[int, SourceFilm] | None = None
    sha256: str | None = None


class Crew:
    """The workers of a run, and who waits for what.

    Parameters
    ----------
    state : State
    workers : Workers

    Attributes
    ----------
    seconds : dict of str to float
        Stage → seconds that it took, all workers together.
    answered, scored : int
        Films that were given an answer, and those of them that it had to be worked out for.
    """

    def __init__(self, state: State, workers: Workers) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.answered = self.scored = 0
        self._state, self._workers = state, workers
        self._members: dict[Any, _Member] = {}
        self._waiting = state.waiting()
        self._again: deque[tuple[int, SourceFilm]] = deque()
        self._tries: Counter[int] = Counter()
        # Hash of what is being scored → films of the same bytes.
        self._same: dict[str, list[tuple[int, SourceFilm]]] = {}

    def run(self, count: int, tick: Callable[[], None]) -> None:
        """Score all films that wait. What is kept is kept, however this is interrupted.

        Parameters
        ----------
        count : int
            Of workers.
        tick : callable
            Called every second or oftener.

        Raises
        ------
        ScreenError
            ``worker_lost``, ``not_written``, and what a worker cannot go on for.
        """
        if (first := next(self._waiting, None)) is None:
            return
        self._again.append(first)
        try:
            for _ in range(count):
                self._add()
            while self._members:
                for worker, message in self._workers.heard(self._members):
                    began = time.perf_counter()
                    self._answer(self._members[worker], message)
                    self.seconds["keep"] += time.perf_counter() - began
                tick()
        finally:
            self._workers.end()

    def _add(self, failed: int = 0) -> None:
        worker = self._workers.begin()
        self._members[worker] = _Member(worker, failed)

    def _answer(self, member: _Member, message: Heard) -> None:
        if isinstance(message, Ended):
            self._lost(member)
            return
        if isinstance(message, Stopped):
            raise ScreenError(message.code, message.message)
        if isinstance(message, str):
            wanted = self._wanted(member, message)
            self._workers.decide(member.worker, wanted)
            if wanted:
                return
        elif message is not None:
            row, seconds = message
            self._keep(member, row, seconds)
            for stage, spent in seconds.items():
                self.seconds[stage] += spent
        member.ready = True
        self._give(member)

    def _wanted(self, member: _Member, mark: str) -> bool:
        """Whether bytes of this hash are to be scored."""
        assert member.film is not None
        if self._state.known(mark):
            self._state.keep(mark, None, [member.film[0]])
            self.answered += 1
        elif mark in self._same:
            self._same[mark].append(member.film)
        else:
            self._same[mark], member.sha256 = [], mark
            return True
        return False

    def _keep(self, member: _Member, row: table_rows.Row, seconds: Seconds) -> None:
        assert member.film is not None
        number, _ = member.film
        numbers = [number]
        if member.sha256 is None:
            self._state.refuse(number, row)
        else:
            numbers += [other for other, _ in self._same.pop(member.sha256)]
            self._state.keep(member.sha256, row, numbers, seconds)
            self.scored += 1
        self.answered += len(numbers)

    def _give(self, member: _Member) -> None:
        """The next film; without one it may go."""
        member.sha256 = None
        member.film = self._again.popleft() if self._again else next(self._waiting, None)
        if member.film is None:
            del self._members[member.worker]
            self._workers.leave(member.worker)
        else:
            self._workers.take(member.worker, member.film[1].place)

    def _lost(self, member: _Member) -> None:
        """A worker has ended by itself: another takes over, and its film is tried again."""
        del self._members[member.worker]
        by_itself = self._workers.lost(member.worker)
        failed = 0 if member.ready else member.failed + 1
        if failed == STARTS:
            raise ScreenError(
                "worker_lost",
                f"A process that was to score films ended before its first one, {STARTS} times in "
                "a row. Is there enough memory? Take fewer --workers; the same command goes on.",
            )
        if member.film is not None:
            number, _ = member.film
            self._tries[number] += by_itself
            if self._tries[number] < TRIES:
                self._again.append(member.film)
                self._again.extend(self._same.pop(member.sha256 or "", ()))
            else:
                self._keep(member, table_rows.refused(_crashed()), {})
        self._add(failed)


def _crashed() -> UnreadableFile:
    return UnreadableFile(
        "crashed",
        f"{TRIES} processes ended over this film, because of its bytes or for want of memory. "
        "Export it again.",
    )
