"""Films to screen, and a run of ``python -m cxr screen`` whose workers are threads, or which kills
itself: ``python tests/screening.py POINT LOG SCREEN-ARGUMENTS``."""

from __future__ import annotations

import csv
import io
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from films import dicom, png
from passports import drawn

import cxr
from cxr.__main__ import main as command
from cxr.batch import local, parquet, scorer, state

SCORED = 6
"""Different films in :func:`folder` that are not refused."""


def chest(seed: int) -> bytes:
    """A drawn film with lungs, and with grain of its own."""
    grain = np.random.default_rng(seed).normal(0, 4, (256, 256))
    return png(np.clip(drawn().pixels + grain, 0, 255).astype(np.uint8))


def folder(place: Path) -> Path:
    """Five films, two of them twice, a DICOM film, and what is refused."""
    (place / "sub").mkdir(parents=True)
    for seed in range(5):
        (place / f"{seed}.png").write_bytes(chest(seed))
    for seed in (1, 3):
        (place / "sub" / f"again{seed}.png").write_bytes(chest(seed))
    pixels = drawn("upper").pixels
    (place / "sub" / "pa.dcm").write_bytes(dicom(pixels, StudyInstanceUID="1.2.3"))
    (place / "sub" / "side.dcm").write_bytes(
        dicom(pixels, StudyInstanceUID="1.2.3", ViewPosition="LL")
    )
    (place / "note.txt").write_text("no film")
    (place / "empty.png").write_bytes(b"")
    (place / ".hidden.png").write_bytes(chest(9))
    (place / ".trash").mkdir()
    (place / ".trash" / "thrown.png").write_bytes(chest(9))
    return place


def screen(source: Path | str, out: Path, model: cxr.Classifier, *more: str) -> int:
    at = ["--out", str(out), "--model", str(model.bundle.folder)]
    return command(["screen", str(source), *at, *more])


def rows(out: Path) -> list[dict[str, Any]]:
    data = io.BytesIO(out.read_bytes())  # at once: a run may put another table in its place
    return pq.read_table(data).to_pylist()


def times(out: Path) -> list[dict[str, str]]:
    """Lines of the file that says how long each film took."""
    with out.with_suffix(".timings.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Thread(threading.Thread):
    def kill(self) -> None:
        """Its pipe is closed: it ends by itself."""


def in_a_thread(
    place: Path, site: Any, known: bool, given: str, work: Callable[..., None] = local.work
) -> tuple[Any, Connection]:
    """As :func:`cxr.batch.local.begin`, without a process."""
    ours, theirs = Pipe()

    def run() -> None:
        with theirs, suppress(SystemExit):
            work(theirs, cxr.load(place).at(site), known, given)

    thread = Thread(target=run, daemon=True)
    thread.start()
    return thread, ours


def _killed_at(point: int, owner: Any, name: str, count: list[int]) -> None:
    """End this process as kill -9 does at the n-th time that one of these begins or ends."""
    whole = getattr(owner, name)

    def step() -> None:
        count[0] += 1
        if count[0] == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(*given: Any, **named: Any) -> Any:
        step()
        found = whole(*given, **named)
        step()
        return found

    setattr(owner, name, counted)


def main() -> int:
    from cxr.screening import assess as spine

    point, log, *asked = sys.argv[1:]
    count = [0]
    for owner, name in (
        (state.State, "set_films"),
        (state.State, "keep"),
        (parquet.pq, "write_table"),
        (Path, "replace"),
    ):
        _killed_at(int(point), owner, name, count)
    assess = scorer.assess

    def noted(film: Any, model: Any) -> Any:
        with Path(log).open("a") as file:
            file.write(film.sha256 + "\n")
        return assess(film, model)

    scorer.assess, local.begin, parquet.SHARD = noted, in_a_thread, 3
    if "ray" not in asked:  # its actors look for lungs, and say where they are not like this one
        spine.shipped_lungs = lambda: None
    return command(["screen", *asked])


if __name__ == "__main__":
    # It is ignored below whoever runs the tests in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())
