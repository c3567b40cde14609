"""Runs the worker over many files under a watchdog; when it dies, notes the file and goes on."""

from __future__ import annotations

import base64
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.files import altered_file, kind_of

ROOT = Path(__file__).parents[2]
WALL_SECONDS = 120  # GDCM's own process may take 60
_MOST_FINDINGS = 20


@dataclass(frozen=True)
class Finding:
    """A file that ended neither in a film nor in a refusal that keep their promises."""

    seed: int
    index: int
    fault: str

    def __str__(self) -> str:
        packed = base64.b85encode(zlib.compress(altered_file(self.seed, self.index), 9)).decode()
        return (
            f"{self.fault}: file {self.index} of seed {self.seed}, made from {kind_of(self.index)}."
            f" Its bytes, zlib and base 85: {packed}"
        )


@dataclass
class Report:
    """What came of a hunt: how often each outcome, and everything that should not have been."""

    outcomes: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    printed: str = ""


def hunt(
    seed: int,
    first: int,
    stop: int,
    *,
    progress: Callable[[int], None] = lambda _: None,
    worker: Sequence[str] = ("-m", "tests.fuzz.worker"),
    patience: float = WALL_SECONDS,
) -> Report:
    """Read the files `first` to `stop` − 1 of `seed`; gives up after twenty findings.

    Parameters
    ----------
    progress : callable
        Given the number of each file that is done.
    worker : sequence of str
        Python's arguments; the three numbers follow.
    patience : float
        Seconds without a word from the worker, once it has begun, after which its file counts as
        hanging.
    """
    report = Report()
    while first < stop and len(report.findings) < _MOST_FINDINGS:
        command = [sys.executable, *worker, str(seed), str(first), str(stop)]
        with (
            tempfile.TemporaryFile("w+") as printed,
            subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=printed) as process,
        ):
            first, hangs = _follow(process, report, seed, first, progress, patience)
            if hangs:
                process.kill()
            code = process.wait()
            printed.seek(0)
            report.printed += printed.read()
        if first < stop:
            hangs = hangs or code == -signal.SIGPROF
            fault = "hangs" if hangs else f"crashes the process ({code})"
            report.findings.append(Finding(seed, first, fault))
            first += 1
    return report


def _follow(
    process: subprocess.Popen[bytes],
    report: Report,
    seed: int,
    first: int,
    progress: Callable[[int], None],
    patience: float,
) -> tuple[int, bool]:
    """Note the worker's lines; the file at which it stopped, and whether it hangs there."""
    assert process.stdout
    rest, wait = b"", max(patience, WALL_SECONDS)
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, selectors.EVENT_READ)
        while waiting.select(wait):
            read = os.read(process.stdout.fileno(), 1 << 16)
            if not read:
                return first, False
            wait = patience
            *lines, rest = (rest + read).split(b"\n")
            for line in filter(None, lines):
                index, what, fault = json.loads(line)
                report.outcomes[what] += 1
                if fault:
                    report.findings.append(Finding(seed, index, f"{what}: {fault}"))
                first = index + 1
                progress(first)
    return first, True
