"""Maps and reports of the films that were called positive, made when the table is there.

A file is named after its film's sha256, is there at once or not at all, and is made once.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from signal import SIG_IGN, SIGINT, signal
from typing import Any

from ..errors import CxrError, ScreenError
from ..model.classifier import Classifier, load
from ..model.site_head import Site
from ..screening.assess import assess
from ..sources.films import fetcher
from . import table_rows
from .state import State, not_written

METHOD = "gradcam"
ENDINGS = {"overlays": ".png", "reports": ".pdf"}
_NAME = 16
"""Digits of a film's sha256 in the names of its files."""
_AT_ONCE = 64
"""Films that are given to the processes at a time."""


@dataclass(frozen=True)
class Asked:
    """What is made.

    Attributes
    ----------
    given : str
        SOURCE.
    label : str
        Of the films that are called so; also the one whose map is drawn.
    known_hospital : bool
    folders : dict of str to Path
        "overlays", "reports" → where they are put.
    """

    given: str
    label: str
    known_hospital: bool
    folders: dict[str, Path]


def asked(model: Classifier, options: Namespace) -> Asked | None:
    """By the command's options.

    Raises
    ------
    ScreenError
        ``bad_request``: no film is called.
    """
    folders = {
        kind: options.out.with_suffix(f".{kind}") for kind in ENDINGS if getattr(options, kind)
    }
    if not folders:
        return None
    pair = table_rows.pair_of(model)
    if pair is None or table_rows.threshold_of(model, options.known_hospital) is None:
        raise ScreenError(
            "bad_request",
            "--overlays and --reports are of films that are called positive, and without a "
            "threshold none is called. Say where the films are from: --site or --known-hospital.",
        )
    return Asked(options.source, pair[0], options.known_hospital, folders)


def make(model: Classifier, state: State, wanted: Asked, workers: int) -> tuple[int, int]:
    """Make what is not there yet, and remove what is of films that are no longer called so.

    Returns
    -------
    int, int
        Files that were made; films of which none could be.

    Raises
    ------
    ScreenError
        ``not_written``, ``worker_lost``.
    """
    names: set[str] = set()
    waiting: list[tuple[bytes, str, list[str]]] = []
    for place, mark in state.called(wanted.label):
        files = {kind: mark[:_NAME] + ending for kind, ending in ENDINGS.items()}
        names.update(files.values())
        missing = [
            kind
            for kind, folder in wanted.folders.items()
            if not (state.made(files[kind]) and (folder / files[kind]).exists())
        ]
        if missing:
            waiting.append((place, mark, missing))
    try:
        for kind, folder in wanted.folders.items():
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.glob(f"{'[0-9a-f]' * _NAME}{ENDINGS[kind]}"):
                if path.name not in names:
                    path.unlink()
    except OSError as error:
        raise not_written(error) from error
    made = failed = 0
    for mark, done, why in _made(model, wanted, workers, waiting):
        if why:
            failed += 1
            print(f"{mark[:_NAME]}: {why}", file=sys.stderr)
        for name in done:
            state.keep_made(name)
        made += len(done)
    return made, failed


def _made(
    model: Classifier, asked: Asked, workers: int, waiting: list[tuple[bytes, str, list[str]]]
) -> Iterator[tuple[str, list[str], str]]:
    """As :func:`_make`, film by film, in no order."""
    if not waiting:
        return
    pool = ProcessPoolExecutor(
        workers, get_context("spawn"), _begin, (model.bundle.folder, model.site, asked)
    )
    try:
        for at in range(0, len(waiting), _AT_ONCE):
            tasks = [pool.submit(_make, *film) for film in waiting[at : at + _AT_ONCE]]
            for task in as_completed(tasks):
                yield task.result()
    except OSError as error:
        raise not_written(error) from error
    except BrokenProcessPool as error:
        raise ScreenError(
            "worker_lost",
            "A process that makes maps and reports ended. Is there enough memory? Take fewer "
            "--workers; the table is there, and the same command goes on.",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


_here: list[Any] = []
"""Of a process: the model, what fetches films, and what is asked for."""


def _begin(folder: Path, site: Site | None, asked: Asked) -> None:
    signal(SIGINT, SIG_IGN)  # a terminal tells all; the pool is shut down
    _here[:] = load(folder).at(site), fetcher(asked.given), asked


def _make(place: bytes, mark: str, kinds: list[str]) -> tuple[str, list[str], str]:
    """A film's sha256, the names of its files, and why one could not be made, "" where all were.

    Raises
    ------
    OSError
    """
    model, fetch, asked = _here
    names: list[str] = []
    try:
        data = fetch(place)
        if sha256(data).hexdigest() != mark:
            raise ScreenError("film_changed", "The file is not the one that was scored.")
        for kind in kinds:
            draw = _overlay if kind == "overlays" else _report
            name = mark[:_NAME] + ENDINGS[kind]
            _write(asked.folders[kind] / name, draw(data, model, asked))
            names.append(name)
    except CxrError as error:  # in words, as it does not travel between processes
        return mark, names, str(error)
    return mark, names, ""


def _write(path: Path, data: bytes) -> None:
    part = path.with_suffix(".unfinished")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise


def _overlay(data: bytes, model: Classifier, asked: Asked) -> bytes:
    """As ``python -m cxr explain`` draws it."""
    from ..explain import make_map, overlay
    from ..explain_eval import words
    from ..report.pictures import evidence

    found = assess(data, model)
    scores, _ = found.scored
    assert found.film is not None
    values = make_map(model, found.film, asked.label, METHOD, scores)
    p = scores.probabilities[asked.label]
    by = f", by the hospital profile {model.site.name}" if model.site else ""
    bundle = model.bundle
    lines = overlay.caption(METHOD, asked.label, bundle.name, bundle.digest, f"p = {p:.3f}{by}")
    said = evidence(model, found.film, asked.label, found, values, tested=True)
    return overlay.export_png(
        found.film.eight_bit,
        values,
        METHOD,
        [*found.before_scores, *lines, *said, words.CAVEAT],
    )


def _report(data: bytes, model: Classifier, asked: Asked) -> bytes:
    from ..report.pdf import to_pdf
    from ..report.record import make as record

    told = record(data, model, label=asked.label, known_hospital=asked.known_hospital)
    return to_pdf([told])
