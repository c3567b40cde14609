"""Claims of the evidence page: intervals of 16,000 films, and a table of a million.

    python -m benchmarks.tables [--rounds N] [--rows N]

Intervals: all 27 figures of three classes in 1,000 resamples of patients, against the usual loop
that draws films anew and calls scikit-learn for each resample; the loop runs a few resamples and is
scaled up, and both must give the same figures on them. Table: reading, checking, scoring and
filtering a million rows, against pandas' read_csv of the same file with nothing checked; then what
the metrics page does before it shows its first part. Drawn data; by turns in one process.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics as sk

from cxr.metrics import bootstrap, evidence, predictions
from cxr.model.bundle import MANIFEST, manifest_values, write_manifest
from ui.metrics import overview, scope

THUMBNAIL = Path(__file__).parents[1] / "models" / "thumbnail"
LABELS = ("N", "P", "T")
FILMS, PATIENTS, LOOPED = 16_000, 11_000, 10


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.tables")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        intervals(asked.rounds)
        drawn(asked.rows).to_csv(folder / predictions.FILE, index=False, float_format="%.6f")
        million(folder, asked.rows, asked.rounds)


def drawn(n: int, patients: int | None = None) -> pd.DataFrame:
    """A ``predictions.csv`` of `n` films."""
    rng = np.random.default_rng(0)
    truth, source = rng.integers(0, 3, n), rng.integers(0, 8, n)
    logits = rng.normal(0, 1.2, (n, 3))
    logits[np.arange(n), truth] += 2
    person = rng.integers(0, patients or n // 2, n).astype(str)
    return pd.DataFrame(
        {
            "image": [f"images/{i:08x}.jpg" for i in range(n)],
            "split": np.array(["test", "val", "external"])[source % 3],
            "source": np.array([f"hospital {i}" for i in range(8)])[source],
            "patient": np.where(source % 2, person, ""),
            "label": np.array(LABELS)[truth],
            "recommended": "1",
            "view": np.array(["", "AP", "PA"])[rng.integers(0, 3, n)],
            "age_group": "unknown",
            "age": "",
            "sex": np.array(["", "F", "M"])[rng.integers(0, 3, n)],
            "flags": np.array(["", "low_contrast"])[rng.integers(0, 2, n)],
            "display": "1",
            **{f"logit_{label}": logits[:, k] for k, label in enumerate(LABELS)},
        }
    )


def intervals(rounds: int) -> None:
    rng = np.random.default_rng(1)
    found = evidence.Arrays(
        truth := rng.integers(0, 3, FILMS),
        np.where(rng.random(FILMS) < 0.8, truth, rng.integers(0, 3, FILMS)),
        np.unique(rng.integers(0, PATIENTS, FILMS), return_inverse=True)[1],
        rng.dirichlet(np.ones(3), FILMS),
    )
    ours, theirs, worst = [], [], 0.0
    for _ in range(rounds):
        start = time.perf_counter()
        spread = evidence.resampled(found, LABELS, bootstrap.RESAMPLES)
        for values in spread.values():
            bootstrap.interval(values)
        ours.append(time.perf_counter() - start)
        counts = bootstrap.draw(found.patients, bootstrap.RESAMPLES)
        start = time.perf_counter()
        looped = [_with_scikit_learn(found, row) for row in counts[:LOOPED]]
        theirs.append((time.perf_counter() - start) * bootstrap.RESAMPLES / LOOPED)
        for r, figures in enumerate(looped):
            worst = max(worst, *(abs(spread[name][r] - x) for name, x in figures.items()))
    told = f"27 figures, {FILMS:,} films, {bootstrap.RESAMPLES:,} resamples of patients"
    _tell(told, ours, "scikit-learn, a call a resample, scaled up", theirs)
    print(f"  the same {LOOPED} resamples differ by {worst:.1g} at most")


def _with_scikit_learn(found: evidence.Arrays, counts: np.ndarray) -> dict[evidence.Name, float]:
    films = np.repeat(np.arange(len(found.truth)), counts[found.patients])
    truth, called, p = found.truth[films], found.called[films], found.p[films]
    precision, recall, f1, _ = sk.precision_recall_fscore_support(truth, called)
    by: dict[str, Any] = {"precision": precision, "recall": recall, "f1": f1}
    sides = [truth == k for k in range(3)]
    by["specificity"] = [sk.recall_score(~side, called != k) for k, side in enumerate(sides)]
    by["auroc"] = [sk.roc_auc_score(side, p[:, k]) for k, side in enumerate(sides)]
    by["average_precision"] = [
        sk.average_precision_score(side, p[:, k]) for k, side in enumerate(sides)
    ]
    out = {(name, x): float(v[k]) for name, v in by.items() for k, x in enumerate(LABELS)}
    out |= {(name, evidence.MACRO): float(np.mean(v)) for name, v in by.items()}
    out["accuracy", ""] = sk.accuracy_score(truth, called)
    out["balanced_accuracy", ""] = sk.balanced_accuracy_score(truth, called)
    out["kappa", ""] = sk.cohen_kappa_score(truth, called)
    return out


def million(folder: Path, n: int, rounds: int) -> None:
    bundle: Any = SimpleNamespace(folder=folder, labels=LABELS, temperature=0.8)
    opened, filtered, plain = [], [], []
    for _ in range(rounds):
        start = time.perf_counter()
        rows = predictions.table(bundle)
        opened.append(time.perf_counter() - start)
        start = time.perf_counter()
        cell = predictions.select(rows, split="test", label="T", called="N")
        cell.sort_values("loss", ascending=False).head(24)
        filtered.append(time.perf_counter() - start)
        start = time.perf_counter()
        pd.read_csv(folder / predictions.FILE)
        plain.append(time.perf_counter() - start)
        assert len(rows) == n
    _tell(f"{n:,} rows read, checked and scored", opened, "pandas.read_csv alone", plain)
    print(f"  then filtered to one cell and sorted: {median(filtered) * 1000:.0f} ms")
    start = time.perf_counter()
    evidence.figures(predictions.select(rows, split="test"), LABELS, 0)
    print(f"  all figures of its test split, no intervals: {time.perf_counter() - start:.2f} s")
    del rows, cell
    _page(folder)


def _page(folder: Path) -> None:
    """What the metrics page does before it shows its first part, its caches empty."""
    logging.disable(logging.WARNING)  # Streamlit warns that no browser asks
    made = shutil.copytree(THUMBNAIL, folder / "bundle")
    shutil.copy(folder / predictions.FILE, made / predictions.FILE)
    (made / MANIFEST).unlink()
    write_manifest(made, manifest_values(THUMBNAIL))
    start, worked = time.perf_counter(), time.process_time()
    key = scope.key_of(made)
    scope.splits(key)
    read, parsed = time.perf_counter() - start, time.process_time() - worked
    overview.blocks(key)
    shown, counted = time.perf_counter() - start, time.process_time() - worked
    print(
        f"  opened in the app: read in {read:.2f} s, overview ready in {shown:.2f} s "
        f"({parsed:.2f} and {counted:.2f} s of processor time)"
    )


def _tell(what: str, ours: list[float], peer: str, theirs: list[float]) -> None:
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    print(
        f"{what}: {median(ours):.2f} s; {peer}: {median(theirs):.2f} s; "
        f"{median(theirs) / median(ours):.1f}× ({min(ratios):.1f}–{max(ratios):.1f})"
    )


if __name__ == "__main__":
    main()
