"""What the claims share: processes run by turns, their seconds and memory, ratios and agreement.

Standard library only: a process that starts from this one is charged with this one's memory, so
this one stays small.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from statistics import correlation, median
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent
OUT = HERE / "out"
CASE = OUT / "case.json"
OURS = sys.executable
PEERS = str(HERE / ".venv" / "bin" / "python")
THREADS = min(4, os.cpu_count() or 1)
"""What ``cxr`` gives LiteRT; TensorFlow takes every core, so on up to 4 cores all have the same."""

_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "KERAS_BACKEND": "tensorflow"}
_MEMORY_UNIT = 2**20 if sys.platform == "darwin" else 2**10  # ru_maxrss: bytes there, else KiB


@dataclass(frozen=True)
class Plan:
    """How long to measure: `rounds` turns, each a fresh process; `repeats` is scaled by a claim."""

    rounds: int
    repeats: int


@dataclass(frozen=True)
class Contender:
    """A command whose last line on standard output is a JSON object."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Round:
    """One process.

    Attributes
    ----------
    wall : float
        From start to exit, seconds.
    peak : float
        Largest resident set, MiB.
    answer : dict
        What it printed; warm contenders give their ``seconds``.
    """

    wall: float
    peak: float
    answer: dict[str, Any]


@dataclass(frozen=True)
class Row:
    """A line of the table. `ratio`: ours is so many times faster or smaller; `low` and `high`: the
    ratios of single turns; `goal`: None where the issue sets none."""

    claim: str
    ours: str
    peer: str
    ratio: float
    low: float
    high: float
    goal: float | None = None


@dataclass(frozen=True)
class PeerAgreement:
    """Whether both did the same work."""

    what: str
    value: str
    holds: bool


@dataclass(frozen=True)
class Findings:
    rows: list[Row]
    agreements: list[PeerAgreement]
    notes: list[str]


def warm(python: str, module: str, *arguments: object) -> list[str]:
    """Command of one of the modules in ``ours`` or ``peers``, given the case."""
    return [python, "-m", f"benchmarks.{module}", str(CASE), *map(str, arguments)]


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Round:
    """Run one process to its end.

    Raises
    ------
    RuntimeError
        With the end of what it wrote to standard error, if it failed.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=out,
            stderr=err,
            env={**os.environ, **_QUIET, **(environment or {})},
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            wrote = err.read()[-3000:].decode(errors="replace")
            raise RuntimeError(f"{' '.join(command)}\n{wrote}")
        answer = json.loads(out.read().decode().strip().splitlines()[-1])
    return Round(wall, usage.ru_maxrss / _MEMORY_UNIT, answer)


def by_turns(
    contenders: Sequence[Contender], rounds: int, throw_away: int = 0
) -> dict[str, list[Round]]:
    """Run all contenders one after another, `rounds` times, so that a slow minute hits them all."""
    found: dict[str, list[Round]] = {each.name: [] for each in contenders}
    for turn in range(-throw_away, rounds):
        for each in contenders:
            print(f"  turn {turn + 1} of {rounds}: {each.name}", file=sys.stderr, flush=True)
            result = run(each.command, each.environment)
            if turn >= 0:
                found[each.name].append(result)
    return found


def seconds(rounds: Sequence[Round]) -> list[list[float]]:
    """What warm contenders timed, by turn."""
    return [each.answer["seconds"] for each in rounds]


def row(
    claim: str,
    peer: str,
    ours: Sequence[Sequence[float]],
    theirs: Sequence[Sequence[float]],
    unit: str,
    goal: float | None = None,
) -> Row:
    """Ratio of the medians over all turns, and the extremes of the turns' own ratios."""
    mine, other = (median(chain(*turns)) for turns in (ours, theirs))
    turns = [median(b) / median(a) for a, b in zip(ours, theirs, strict=True)]
    return Row(
        claim,
        _show(mine, unit),
        f"{peer}: {_show(other, unit)}",
        other / mine,
        min(turns),
        max(turns),
        goal,
    )


def _show(value: float, unit: str) -> str:
    if unit == "s" and value < 1:
        return f"{value * 1000:.3g} ms"
    return f"{value:.3g} {unit}" if value < 100 else f"{value:.0f} {unit}"


def same_map(what: str, ours: Sequence[float], theirs: Sequence[float]) -> PeerAgreement:
    """Maps must correlate by .99 or more; scale is left out, as Keras' example divides by it."""
    if min(len(set(ours)), len(set(theirs))) < 2:
        return PeerAgreement(what, "a map is flat: take another film or class", False)
    r = correlation(ours, theirs)
    return PeerAgreement(what, f"correlation {r:.5f}", r >= 0.99)


def same_numbers(
    what: str, ours: Sequence[float], theirs: Sequence[float], limit: float
) -> PeerAgreement:
    """Numbers must differ by no more than `limit`."""
    worst = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
    return PeerAgreement(what, f"differ by {worst:.2g} at most (limit {limit:g})", worst <= limit)


def keep(claim: str, findings: Findings, raw: dict[str, list[Round]]) -> None:
    """Write everything measured to ``out/CLAIM.json``."""
    content = asdict(findings) | {
        "raw": {name: [asdict(each) for each in rounds] for name, rounds in raw.items()}
    }
    (OUT / f"{claim}.json").write_text(json.dumps(content, indent=1))
