"""How close a drill-down comes to the full occlusion map, and after how many forward passes.

    CXR_DATA=DIR python -m benchmarks.drill_down [--model DIR] [--films N] [--strides N …]

The figures are in docs/explaining.md. The films are those of ``faithfulness.py``. Structural
similarity is taken on the network's square, over the map's own range and over that of the colours,
beyond which a reader sees no difference.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import cxr
from cxr.explain import drill_down, occlusion
from cxr.explain.overlay import KINDS
from cxr.explain.target import to_square
from cxr.explain_eval.similarity import ssim

from .faithfulness import ROOT, hashed_films

PATCH = 32
SHARES = (0.0, 0.25, 0.5, 0.75)
SCALE = KINDS["occlusion"].scale


def main() -> None:
    parser = argparse.ArgumentParser(description="Drill-down against the full map.")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "default", metavar="DIR")
    parser.add_argument("--films", type=int, default=30)
    parser.add_argument("--strides", type=int, nargs="*", default=[16, 8])
    asked = parser.parse_args()
    model = cxr.load(asked.model)
    found: dict[tuple[int, float], list[tuple[float, ...]]] = {}
    for film in hashed_films(asked.films):
        label = model.predict([film])[0].label
        for stride in asked.strides:
            full = to_square(occlusion(model, film, label, PATCH, stride), model.size)
            for share in SHARES:
                *_, last = drill_down(model, film, label, PATCH, stride, share=share)
                close = _closeness(full, to_square(last.values, model.size))
                found.setdefault((stride, share), []).append((last.forwards, last.full, *close))
    print(f"Network {model.bundle.digest[:12]}.\n")
    print("| stride | share | passes | of | SSIM, own range | ≥ .9 | SSIM, colours | ≥ .9 | r |")
    print("|" + " --- |" * 9)
    for (stride, share), rows in found.items():
        passes, full, own, colours, r = np.array(rows).T
        line = [f"{stride}", f"{share:.0%}", f"{passes.max():.0f}", f"{full.max():.0f}"]
        for values in (own, colours):
            line += [f"{np.median(values):.2f} ({values.min():.2f})"]
            line += [f"{(values >= 0.9).sum()} of {len(values)}"]
        print("| " + " | ".join([*line, f"{np.median(r):.3f}"]) + " |")


def _closeness(full: np.ndarray, some: np.ndarray) -> tuple[float, float, float]:
    own = ssim(full, some, float(np.ptp(full)) or 1.0)
    seen = ssim(*(np.clip(each, -SCALE, SCALE) for each in (full, some)), 2 * SCALE)
    return own, seen, float(np.corrcoef(full.ravel(), some.ravel())[0, 1])


if __name__ == "__main__":
    main()
