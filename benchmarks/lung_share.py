"""How much of a map lies inside the lungs, by class and source: a map of T outside them is a
shortcut caught in the act.

    CXR_DATA=DIR python -m benchmarks.lung_share [--model DIR] [--methods gradcam …] [--films N]

The figures are in docs/explaining.md. Of val, test and external, the first N films of each source
and class as the network calls it, in the order of their names' sha256, each under the map of the
class that it is called. What to compare with is the lungs' own share of the film, which a map that
is the same everywhere has inside. Grad-CAM takes one pass a film, occlusion 170.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

import cxr
from cxr.explain import make_map
from cxr.explain.methods import METHODS
from cxr.explain.overlay import KINDS
from cxr.explain_eval.localisation import in_lungs
from cxr.metrics.predictions import table
from cxr.model import lungs
from cxr.model.bundle import open_bundle

ROOT = Path(__file__).parents[1]
FEWEST = 5  # films of a source and class: below that there is no distribution to tell


def main() -> None:
    parser = argparse.ArgumentParser(description="Maps inside the lungs.")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "default", metavar="DIR")
    parser.add_argument("--methods", nargs="*", default=["gradcam"], choices=list(METHODS))
    parser.add_argument("--films", type=int, default=30, help="of each source and class")
    asked = parser.parse_args()
    if "CXR_DATA" not in os.environ:
        sys.exit("CXR_DATA must name the folder of the films.")
    data, model, finder = Path(os.environ["CXR_DATA"]), cxr.load(asked.model), lungs.load()
    print(f"Network {model.bundle.digest[:12]}, lungs {finder.bundle.digest[:12]}.\n")
    for method in asked.methods:
        found = pd.DataFrame(_rows(model, finder, data, films(asked.model, asked.films), method))
        print(f"{KINDS[method].title}, {len(found)} films:\n\n{report(found)}\n", flush=True)


def films(folder: Path, n: int) -> pd.DataFrame:
    """Of the bundle's own table, the first n of each source and called class."""
    rows = table(open_bundle(folder))
    rows = rows.assign(hash=[hashlib.sha256(x.encode()).hexdigest() for x in rows.image])
    kept = rows.sort_values("hash").groupby(["called", "source"], observed=True).head(n)
    return kept.sort_values(["called", "source", "hash"])


def _rows(
    model: cxr.Classifier,
    finder: lungs.LungFinder,
    data: Path,
    rows: pd.DataFrame,
    method: str,
) -> Iterator[dict[str, object]]:
    for row in rows.itertuples():
        film = cxr.read(data / row.image)
        prediction = model.predict([film])[0]
        probability = finder.find(film)
        values = make_map(model, film, prediction.label, method, prediction)
        found = in_lungs(values, probability)
        about = {"source": row.source, "called": prediction.label, "label": row.label}
        yield {**about, "share": found.share, "area": found.area}


def report(found: pd.DataFrame) -> str:
    """By called class and source, as Markdown."""
    lines = [
        "| called | source | films | labelled so | inside the lungs, median (quartiles) | lungs’ "
        "share of the film | no more inside than that |",
        "|" + " --- |" * 7,
    ]
    for (called, source), group in found.groupby(["called", "source"], observed=True):
        if len(group) < FEWEST:
            continue
        share = group.share.dropna()
        low, middle, high = np.percentile(share, (25, 50, 75))
        below = int((share < group.area[share.index]).sum())
        lines.append(
            f"| {called} | {source} | {len(group)} | {int((group.label == called).sum())} | "
            f"{middle:.2f} ({low:.2f}–{high:.2f}) | {group.area.median():.2f} | "
            f"{below} of {len(share)} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
