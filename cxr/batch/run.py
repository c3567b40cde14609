"""A run of ``python -m cxr screen``: films listed, scored, written; once, or again and again."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace
from collections.abc import Iterable
from functools import partial
from hashlib import sha256
from time import sleep

from ..errors import ScreenError
from ..model.bundle import MANIFEST
from ..model.classifier import Classifier
from ..screening.assess import shipped_lungs
from ..sources.films import SourceFilm, films, kind_of
from ..sources.watch import Looks
from . import engine, parquet, positives, summary, timings
from .local import Processes
from .state import State

_OFTEN, _SELDOM = 1.0, 30.0
"""Seconds between two lines of progress, on a screen and in a log."""


class Run:
    """A run, and what of it is done.

    Parameters
    ----------
    model : Classifier
    asked : Namespace
        The command's options.

    Raises
    ------
    ScreenError
        ``bad_request``, ``no_source``, and as :class:`cxr.batch.state.State`.
    """

    def __init__(self, model: Classifier, asked: Namespace) -> None:
        self._model, self._asked = model, asked
        self._parts = asked.out.with_name(f"{asked.out.name}.parts")
        self._csv = asked.out.with_suffix(".csv")
        self._timings = asked.out.with_suffix(timings.ENDING)
        self._wanted = positives.asked(model, asked)
        made = asked.out, self._parts, self._timings, *[self._csv] * asked.csv
        written = {*map(os.path.realpath, made)}
        if os.path.realpath(asked.source) in written:
            raise ScreenError(
                "bad_request",
                "The table would be written over the films' list. Name another --out.",
            )
        folders = (asked.out.with_suffix(f".{kind}") for kind in positives.ENDINGS)
        self._apart = frozenset({*written, *map(os.path.realpath, (self._csv, *folders))})
        kind_of(asked.source)
        self.state = State(self._parts, _plan(model, asked.known_hospital, asked.source))
        try:
            self._workers = _workers(model, asked)
        except BaseException:
            self.state.close()
            raise

    def close(self) -> None:
        self._workers.close()
        self.state.close()

    def once(self) -> None:
        """Score the films as they are now.

        Raises
        ------
        CxrError
        """
        crew, elapsed = self._score(films(self._asked.source, self._apart))
        if not self.state.count()[0]:
            raise ScreenError("no_films", "There is no film at this place.")
        counts = self._write()
        print(*summary.lines(counts, str(self._asked.out)), sep="\n")
        print(summary.speed(crew, elapsed))
        self._extras()

    def watch(self, every: float) -> None:
        """Score films as they come, until a key ends it. A store that goes once the first look
        has found it is waited for.

        Parameters
        ----------
        every : float
            Seconds between two looks.

        Raises
        ------
        CxrError
        """
        looks = Looks(self._asked.source, self._apart)
        looks.another()
        due = away = False
        while True:
            sleep(every)
            try:
                due = looks.another() or due
                # A share that is away looks like a folder without films: the table stays as it is.
                if due and next(looks.whole(), None):
                    crew, elapsed = self._score(looks.whole())
                    counts = self._write()
                    print(time.strftime("%Y-%m-%d %H:%M:%S"), summary.speed(crew, elapsed))
                    print(*summary.lines(counts, str(self._asked.out)), sep="\n", flush=True)
                    self._extras()
                due = away = False
            except ScreenError as error:
                if error.code != "store_away":
                    raise
                if not away:
                    print(f"\n{error}\nIt is tried again.", file=sys.stderr, flush=True)
                away = True

    def _score(self, listed: Iterable[SourceFilm]) -> tuple[engine.Crew, float]:
        """Score what has no answer yet, and write the parts that are whole; who did it, and how
        many seconds it took."""
        asked, model = self._asked, self._model
        self.state.set_films(listed, partial(parquet.clear, self._parts))
        total, done = self.state.count()
        self._table = parquet.ScreeningTable(
            self._parts, self.state, model, asked.known_hospital, asked.source
        )
        crew = engine.Crew(self.state, self._workers)
        progress = _Progress(crew, total, done)

        def tick() -> None:
            progress.show()
            self._table.write_ready()

        crew.run(asked.workers, tick)
        progress.end()
        return crew, progress.elapsed

    def _write(self) -> parquet.ScreeningCounts:
        self._table.write_ready()
        counts = self._table.merge(self._asked.out, self._csv if self._asked.csv else None)
        timings.write(self._timings, self._parts, self.state)
        return counts

    def _extras(self) -> None:
        if self._wanted is None:
            return
        made, failed = positives.make(self._model, self.state, self._wanted, self._asked.workers)
        told = " and ".join(map(str, self._wanted.folders.values()))
        print(f"{told}: {made:,} files made, {failed:,} films of which none could be", flush=True)


def _workers(model: Classifier, asked: Namespace) -> engine.Workers:
    what = model.bundle.folder, model.site, asked.known_hospital, asked.source
    if asked.engine == "local":
        return Processes(*what)
    from .cluster import Actors

    return Actors(asked.address, asked.workers, *what)


def _plan(model: Classifier, known_hospital: bool, given: str) -> dict[str, str]:
    """All that a run's rows come from, by what it is called."""
    # Limits and operating points may be fitted anew for a network that stays as it is.
    bundle = sha256((model.bundle.folder / MANIFEST).read_bytes()).hexdigest()
    lungs = shipped_lungs()
    return {
        "network": bundle,
        "network that finds lungs": lungs.bundle.digest if lungs else "",
        "hospital profile": model.site.identity if model.site else "",
        "word on whether the hospital is known": str(known_hospital),
        "source": os.fsencode(given).decode(errors="backslashreplace"),
        "version of this program": str(parquet.FORMAT),
    }


class _Progress:
    """One line on a screen that is written over, or a line now and then in a log."""

    def __init__(self, crew: engine.Crew, total: int, done: int) -> None:
        self._crew, self._total, self._done = crew, total, done
        self._began = self._last = time.monotonic()
        self._screen = sys.stderr.isatty()

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._began

    def show(self) -> None:
        now = time.monotonic()
        if now - self._last < (_OFTEN if self._screen else _SELDOM):
            return
        self._last = now
        line = summary.progress(self._crew.answered, self._done, self._total, self.elapsed)
        print(
            f"\r{line}\033[K" if self._screen else line,
            end="" if self._screen else "\n",
            file=sys.stderr,
            flush=True,
        )

    def end(self) -> None:
        if self._screen:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
