"""Claim: ``python -m cxr predict film.jpg``, the whole process, against Keras load and predict.

Ours also reads the film's file, checks the bundle's hashes and preprocesses; the peer is handed the
square. The goal: 15 times faster, a seventh of the memory. It is set against the peers'
environment; the same with the TensorFlow that trains here is told beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import harness
from .case import BenchmarkCase
from .harness import Contender, Findings, Plan, Round, Row

CLAIM = "`python -m cxr predict film.jpg`, whole process"
PEER, OWN = "Keras load + predict", "the same with this project's own TensorFlow"


def measure(case: BenchmarkCase, plan: Plan) -> Findings:
    command = [harness.OURS, "-m", "cxr", "predict", case.film, "--json", "--model", case.model]
    contenders = [
        Contender("ours", command),
        Contender(PEER, harness.warm(harness.PEERS, "peers.predict")),
        Contender(OWN, harness.warm(harness.OURS, "peers.predict")),
    ]
    found = harness.by_turns(contenders, plan.rounds, throw_away=1)  # files into the page cache
    rows = [
        *_rows(found, "time", lambda each: each.wall, "s", 15),
        *_rows(found, "peak memory", lambda each: each.peak, "MiB", 7),
    ]
    mine = found["ours"][0].answer["probabilities"]
    agreements = []
    for name in (PEER, OWN):
        theirs = found[name][0].answer["probabilities"]
        pairs = list(mine.values()), [theirs[label] for label in mine]
        agreements.append(harness.same_numbers(f"{name}, probabilities", *pairs, 0.01))
    findings = Findings(rows, agreements, [])
    harness.keep("process", findings, found)
    return findings


def _rows(
    found: dict[str, list[Round]],
    what: str,
    value: Callable[[Round], float],
    unit: str,
    goal: float,
) -> Sequence[Row]:
    by_turn = {name: [[value(each)] for each in rounds] for name, rounds in found.items()}
    return [
        harness.row(f"{CLAIM}, {what}", name, by_turn["ours"], by_turn[name], unit, target)
        for name, target in ((PEER, goal), (OWN, None))
    ]
