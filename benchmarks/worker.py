"""What the measured processes share: the film, the clock, the answer as one line of JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .case import BenchmarkCase


def network_input(case: BenchmarkCase) -> Any:
    """The film as the network takes it, float32 (1, size, size, 1), 0 to 255."""
    return np.load(case.square)[None, ..., None].astype(np.float32)


def report(call: Callable[[], object], repeats: int, answer: dict[str, Any]) -> None:
    """Time `call` once it is warm, and print the seconds beside `answer`."""
    for _ in range(2):
        call()
    print(json.dumps({"seconds": timed(call, repeats), **answer}))


def timed(call: Callable[[], object], repeats: int) -> list[float]:
    """Seconds of each of `repeats` calls."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return taken


def summed_over_patches(effects: Any) -> list[float]:
    """What xplique shows: at each block of a stride the sum over the patches that cover it.

    Parameters
    ----------
    effects : float (n, n)
        One for each patch; a patch is two strides wide.
    """
    p = np.pad(effects, 1)
    return (p[:-1, :-1] + p[1:, :-1] + p[:-1, 1:] + p[1:, 1:]).ravel().tolist()
