"""How often the drift alarm of ``python -m cxr screen`` is false, and what it finds.

    python -m benchmarks.score_drift [--draws N]

Runs are drawn, with replacement, from the default bundle's own predictions: films of test, which
are of other patients of the hospitals whose val films they are held against, in several mixes; and
films of hospitals that the network had not seen, where an alarm is right.
"""

from __future__ import annotations

import argparse
from copy import copy

import numpy as np
import pandas as pd

import cxr
from cxr.batch.scores import Known, Scores, known_of
from cxr.metrics.predictions import select, table

SIZES = (50, 200, 1000, 10_000)
MIXES = (
    {"T": 0.5, "N": 0.4, "P": 0.1},
    {"T": 0.05, "N": 0.95, "P": 0.0},
    {"T": 0.05, "N": 0.65, "P": 0.3},
    {"T": 0.0, "N": 1.0, "P": 0.0},
)


def alarms(known: Known, groups: list[np.ndarray], mix: list[float], size: int, draws: int) -> str:
    """Share of drawn runs that alarm."""
    rng = np.random.default_rng(0)
    empty, found = Scores(known), 0
    for _ in range(draws):
        each = zip(groups, rng.multinomial(size, mix), strict=True)
        scores = copy(empty)
        scores.add(np.concatenate([rng.choice(group, n) for group, n in each]))
        compared = scores.compare()
        found += compared is not None and compared.alarm
    return f"{found / draws:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--draws", type=int, default=400)
    draws = parser.parse_args().draws
    model = cxr.load()
    known = known_of(model, known_hospital=True)
    assert known is not None
    films = table(model.bundle)
    films["odds"] = np.log(films.p_T) - np.log(films.p_N)
    print("| a run of | " + " | ".join(f"{size:,} films" for size in SIZES) + " |")
    print("| --- |" + " ---: |" * len(SIZES))

    def told(name: str, rows: pd.DataFrame, mix: dict[str, float]) -> None:
        groups = [rows.odds[rows.label == label].to_numpy() for label in mix]
        cells = [alarms(known, groups, list(mix.values()), size, draws) for size in SIZES]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)

    for mix in MIXES:
        shares = ", ".join(f"{label} {share:g}" for label, share in mix.items() if share)
        told(f"test, {shares}", select(films, split="test"), mix)
    external = select(films, split="external")
    for source in sorted(external.source.unique()):
        rows = select(external, source=source)
        told(source, rows, rows.label.value_counts(normalize=True).loc[lambda x: x > 0].to_dict())


if __name__ == "__main__":
    main()
