"""Claim: LiteRT's forward pass, as a share of this machine's fp32 matrix-product peak.

The peak is the fastest of numpy's 2048×2048 products with as many threads, by turns with the
forward passes. numpy's OpenBLAS takes its AVX2 kernels on processors newer than itself and then
reaches half the peak, so it is also told to take those for AVX-512 where the processor has that.
Two operations a multiply–add.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from statistics import median

from . import harness
from .case import BenchmarkCase
from .harness import THREADS, Contender, Findings, Plan

FORWARD, AS_IT_COMES, AVX512 = "LiteRT forward", "numpy as it comes", "numpy with AVX-512 kernels"


def measure(case: BenchmarkCase, plan: Plan) -> Findings:
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), str(THREADS))
    product = harness.warm(harness.OURS, "ours.product")
    contenders = [
        Contender(FORWARD, harness.warm(harness.OURS, "ours.forward", THREADS)),
        Contender(AS_IT_COMES, product, threads),
    ]
    if _has_avx512():
        contenders.append(Contender(AVX512, product, threads | {"OPENBLAS_CORETYPE": "SkylakeX"}))
    found = harness.by_turns(contenders, plan.rounds)
    counted = harness.run(harness.warm(harness.OURS, "ours.multiply_adds"))

    work = counted.answer
    kinds = ", ".join(f"{kind} {n / 1e6:.1f}" for kind, n in work.items())
    peaks = {name: _peak(found[name]) for name in found if name != FORWARD}
    shown = ", ".join(f"{name} {value:.0f}" for name, value in peaks.items())
    notes = [
        f"One film is {sum(work.values()) / 1e6:.1f} million multiply–adds ({kinds}).",
        f"Fastest fp32 product of 2048×2048, {THREADS} threads, GFLOP/s: {shown}.",
    ]
    for batch in found[FORWARD][0].answer:
        taken = median(chain(*(each.answer[batch] for each in found[FORWARD]))) / int(batch)
        reached = 2 * sum(work.values()) / taken / 1e9
        notes.append(
            f"{FORWARD}, batch {batch}: {taken * 1e3:.2f} ms a film, {reached:.0f} GFLOP/s, "
            f"{reached / max(peaks.values()):.0%} of the peak."
        )
    findings = Findings([], [], notes)
    harness.keep("forward", findings, {**found, "multiply–adds": [counted]})
    return findings


def _has_avx512() -> bool:
    info = Path("/proc/cpuinfo")
    return info.is_file() and "avx512f" in info.read_text()


def _peak(rounds: list[harness.Round]) -> float:
    """GFLOP/s."""
    return max(each.answer["flop"] / min(each.answer["seconds"]) for each in rounds) / 1e9
