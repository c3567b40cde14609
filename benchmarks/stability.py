"""How stable scores and Grad-CAM of the shipped network are under changes that mean nothing.

    CXR_DATA=DIR python -m benchmarks.stability

The figures are in docs/lab.md.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

import cxr
from cxr.explain_eval.map_stability import map_stability
from cxr.explain_eval.stability import stability

ROOT = Path(__file__).parents[1]
BUNDLE = ROOT / "models" / "default"
FILMS = 40


def main() -> None:
    data, model = Path(os.environ["CXR_DATA"]), cxr.load(BUNDLE)
    rows = pd.read_csv(BUNDLE / "predictions.csv")
    images = rows.image[rows.split.isin(["val", "external"])]
    chosen = sorted(images, key=lambda image: hashlib.sha256(image.encode()).hexdigest())[:FILMS]
    found = [stability(model, cxr.read(data / image)) for image in chosen]
    print(
        f"Scores of {len(found)} films: {_told(each.word for each in found)}; another class "
        f"{sum(bool(each.turned) for each in found)}; largest move, median "
        f"{np.median([each.move for each in found]):.2f}"
    )
    maps = []
    for path in sorted((ROOT / "samples").glob("*.jpg")):
        film = cxr.read(path)
        maps.append(map_stability(model, film, model.predict([film])[0].label, "gradcam"))
    least = [each.ranks[each.least] for each in maps]
    print(
        f"Grad-CAM of {len(maps)} samples: {_told(each.word for each in maps)}; least correlation "
        f"{min(least):.2f} to {max(least):.2f}, median {np.median(least):.2f}"
    )


def _told(words: Iterable[str]) -> str:
    return ", ".join(f"{word} {count}" for word, count in Counter(words).most_common())


if __name__ == "__main__":
    main()
