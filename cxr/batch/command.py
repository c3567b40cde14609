"""``python -m cxr screen …``: a folder of films becomes a table."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace, _SubParsersAction
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ScreenError
from ..notice import NOTICE
from ..site.command import add_model

# What screens is loaded when it is asked for: every command passes through here.
if TYPE_CHECKING:
    from ..model.classifier import Classifier
    from .engine import Crew
    from .state import State
    from .table import Counts

WORKERS = 2
_OFTEN, _SELDOM = 1.0, 30.0
"""Seconds between two lines of progress, on a screen and in a log."""


def add(commands: _SubParsersAction[Any]) -> None:
    """The command's options."""
    screen = commands.add_parser("screen", help="score many films into one table")
    screen.add_argument(
        "source",
        metavar="SOURCE",
        help="a folder, a CSV file with a column called image, a zip or tar archive, or a pattern "
        "in quotation marks",
    )
    screen.add_argument("--out", type=Path, required=True, metavar="FILE.parquet")
    screen.add_argument("--csv", action="store_true", help="the same table as CSV beside it")
    screen.add_argument(
        "--workers", type=int, default=WORKERS, metavar="N", help=f"processes, {WORKERS} by default"
    )
    add_model(screen, known=True)


def run(model: Classifier, asked: Namespace) -> int:
    """Screen; returns the exit status: 130 where a key stopped it.

    Raises
    ------
    CxrError
    """
    if asked.out.suffix != ".parquet" or asked.workers < 1:
        raise ScreenError("bad_request", "--out must end in .parquet, and --workers be 1 or more.")
    try:
        import pyarrow  # type: ignore[import-untyped]  # noqa: F401
    except ModuleNotFoundError as error:
        raise ScreenError(
            "no_pyarrow", "Tables need pyarrow. Install it with: pip install 'cxr-lens[app]'"
        ) from error
    from .source import kind_of
    from .state import State

    parts = asked.out.with_name(f"{asked.out.name}.parts")
    table = asked.out.with_suffix(".csv")
    written = {os.path.realpath(path) for path in (asked.out, parts, *[table] * asked.csv)}
    apart = frozenset({*written, os.path.realpath(table)})
    if os.path.realpath(asked.source) in written:
        raise ScreenError(
            "bad_request", "The table would be written over the films' list. Name another --out."
        )
    kind_of(asked.source)
    state = State(parts, _plan(model, asked.known_hospital, asked.source))
    try:
        _screen(model, asked, state, parts, apart)
    except KeyboardInterrupt:
        films, done = state.count()
        print(
            f"\nStopped; {done:,} of {films:,} films are done and kept. The same command goes on.",
            file=sys.stderr,
        )
        return 130
    finally:
        state.close()
    return 0


def _screen(
    model: Classifier, asked: Namespace, state: State, parts: Path, apart: frozenset[str]
) -> None:
    from . import table
    from .engine import Crew, begin
    from .source import films

    state.set_films(films(asked.source, apart), lambda: table.clear(parts))
    total, done = state.count()
    if not total:
        raise ScreenError("no_films", "There is no film at this place.")
    written = table.Table(parts, state, model, asked.known_hospital, asked.source)
    crew = Crew(
        state, partial(begin, model.bundle.folder, model.site, asked.known_hospital, asked.source)
    )
    progress = _Progress(crew, total, done)

    def tick() -> None:
        progress.show()
        written.write_ready()

    crew.run(asked.workers, tick)
    written.write_ready()
    counts = written.merge(asked.out, asked.out.with_suffix(".csv") if asked.csv else None)
    progress.end()
    _summary(counts, crew, progress.elapsed, asked.out)


def _plan(model: Classifier, known_hospital: bool, given: str) -> dict[str, str]:
    """All that a run's rows come from, by what it is called."""
    from ..model.bundle import MANIFEST
    from ..screening.assess import shipped_lungs
    from .table import FORMAT

    # Limits and operating points may be fitted anew for a network that stays as it is.
    bundle = sha256((model.bundle.folder / MANIFEST).read_bytes()).hexdigest()
    lungs = shipped_lungs()
    return {
        "network": bundle,
        "network that finds lungs": lungs.bundle.digest if lungs else "",
        "hospital profile": model.site.identity if model.site else "",
        "word on whether the hospital is known": str(known_hospital),
        "source": os.fsencode(given).decode(errors="backslashreplace"),
        "version of this program": str(FORMAT),
    }


class _Progress:
    """One line on a screen that is written over, or a line now and then in a log."""

    def __init__(self, crew: Crew, total: int, done: int) -> None:
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
        line = progress_line(self._crew.answered, self._done, self._total, self.elapsed)
        print(
            f"\r{line}\033[K" if self._screen else line,
            end="" if self._screen else "\n",
            file=sys.stderr,
            flush=True,
        )

    def end(self) -> None:
        if self._screen:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def progress_line(answered: int, before: int, total: int, elapsed: float) -> str:
    """How far it is, how fast, and how long it will take.

    Parameters
    ----------
    answered, before : int
        Films done since this command began, and before.
    total : int
    elapsed : float
        Seconds since it began.
    """
    line = f"{before + answered:,} of {total:,} films"
    if not answered:
        return line
    left = (total - before - answered) * elapsed / answered
    return f"{line}, {_rate(answered, elapsed)}, {_lasting(left)} left"


def _rate(films: int, seconds: float) -> str:
    return f"{films / max(seconds, 1e-9):.3g} films a second"


def _lasting(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def _summary(counts: Counts, crew: Crew, elapsed: float, out: Path) -> None:
    """What came of it, on standard output."""
    print(f"{out}: {counts.films:,} films")
    for title, found in (
        ("decisions", counts.decisions),
        ("flagged", counts.flags),
        ("refused", counts.refusals),
    ):
        if found:
            print(f"{title}: " + ", ".join(f"{name} {n:,}" for name, n in sorted(found.items())))
    if crew.answered:
        spent = crew.seconds
        stages = sorted(spent, key=lambda stage: -spent[stage])
        told = ", ".join(f"{stage} {spent[stage]:.1f} s" for stage in stages)
        print(
            f"now: {crew.answered:,} films, {crew.scored:,} of them worked out, in "
            f"{_lasting(elapsed)}, {_rate(crew.answered, elapsed)}; slowest stage: {stages[0]} "
            f"({told}, all processes together)"
        )
    else:
        print("now: nothing, all was done before")
    print(NOTICE)
