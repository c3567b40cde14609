"""Whether a threshold that the N of left-out hospitals set holds in others, for docs/ledger.md and
docs/experiments.md; never for a choice.

    CXR_DATA=DIR python -m benchmarks.left_out_threshold [BUNDLE] [--kept BUNDLE]

BUNDLE is the one that ships unless another is named; the second was kept from a hospital (`python
-m train export --leave-out`), whose N set a threshold by its own scores. Scores are log-odds of T
against N. T of TBX11K are told apart by the manifest's `original_label`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from cxr.metrics import curves
from cxr.metrics.operating_points import WHO_SPECIFICITY, reaching
from cxr.metrics.predictions import table
from cxr.model.bundle import Bundle, open_bundle
from cxr.model.reference import load
from train.data import manifest

SHIPPED = Path(__file__).parents[1] / "models" / "default"
LEAST = 20
"""N of a hospital that a threshold is taken of."""


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.left_out_threshold")
    parser.add_argument("bundle", nargs="?", type=Path, default=SHIPPED)
    parser.add_argument("--kept", type=Path)
    asked = parser.parse_args()
    stated = manifest.load(Path(os.environ["CXR_DATA"])).set_index("image").original_label
    bundle = open_bundle(asked.bundle)
    there = external(bundle, stated)
    print(f"Network {bundle.digest[:12]}")
    kept = external(open_bundle(asked.kept), stated) if asked.kept else there[:0]
    known = load(bundle)
    negatives = {
        **{name: of(there, name, "N") for name in sorted(set(there.source))},
        **{name: of(kept, name, "N") for name in sorted(set(kept.source) - set(there.source))},
    }
    if known is not None:
        negatives[" and ".join(known.hospitals)] = known.unseen_negatives
    print("| N of | films | log-odds | on | films | called T |")
    print("| --- | ---: | ---: | --- | ---: | ---: |")
    for name, score in negatives.items():
        if len(score) >= LEAST:
            at = reaching(score, np.zeros(len(score), bool), specificity=WHO_SPECIFICITY)
            assert at is not None
            for line in called(there, at):
                print(f"| {name} | {len(score)} | {at:.2f} | {line} |")
    for whose, rows in (("this network", there), ("the one that was kept", kept)):
        if len(rows):
            ill, sound = of(rows, "tbx11k", "T"), of(rows, "jsrt", "N")
            both = np.concatenate([sound, ill])
            area = curves.auroc(curves.count(both, np.arange(len(both)) >= len(sound)))
            print(f"T of tbx11k against N of jsrt, {whose}: AUROC {area:.3f}")


def external(bundle: Bundle, stated: pd.Series) -> pd.DataFrame:
    """Films of N and T of hospitals that the network never learnt from, with their score."""
    rows = table(bundle)
    rows = rows[(rows.split == "external") & rows.label.isin(["N", "T"])]
    score = (rows.logit_T - rows.logit_N) / bundle.temperature
    return rows.assign(score=score, stated=stated.reindex(rows.image).to_numpy(str))


def of(rows: pd.DataFrame, source: str, label: str) -> np.ndarray:
    return rows.score[(rows.source == source) & (rows.label == label)].to_numpy()


def called(rows: pd.DataFrame, at: float) -> Iterator[str]:
    for (source, label), films in rows.groupby([rows.source.astype(str), rows.label.astype(str)]):
        if len(films) >= LEAST:
            yield f"{source}, {label} | {len(films)} | {(films.score >= at).mean():.3f}"
    ill = rows[(rows.source == "tbx11k") & (rows.label == "T")]
    active = ill.stated.str.contains("Active")
    for what, which in (
        ("active T", active),
        *((x, ill.stated == x) for x in sorted(set(ill.stated))),
    ):
        if which.sum() >= LEAST:
            yield f"tbx11k, {what} | {which.sum()} | {(ill.score[which] >= at).mean():.3f}"


if __name__ == "__main__":
    main()
