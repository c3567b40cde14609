"""The evidence about maps, over films: how many are faithful, whether their method depends on the
weights, how far occlusion depends on its fill.

    CXR_DATA=DIR python -m benchmarks.faithfulness [--model DIR] [--films N] [--methods NAME …]

The figures are in docs/explaining.md. Films are the first N of val and external in the order of
their names' sha256, with the map of the class that the network gives them. About fifteen seconds a
film.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import cxr
from cxr.explain import FILLS, METHODS, make_map
from cxr.explain.overlay import KINDS
from cxr.explain_eval import compare_fills, faithfulness, sanity
from cxr.imaging.radiograph import Radiograph
from train.data import manifest

ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description="Evidence about maps.")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "default", metavar="DIR")
    parser.add_argument("--films", type=int, default=30)
    parser.add_argument("--methods", nargs="*", default=list(METHODS), choices=list(METHODS))
    asked = parser.parse_args()
    model = cxr.load(asked.model)
    words: dict[str, list[tuple[str, float, float]]] = {name: [] for name in asked.methods}
    randomised: dict[str, list[tuple[str, float, float]]] = {name: [] for name in asked.methods}
    ranks, answers = [], []
    for film in hashed_films(asked.films):
        prediction = model.predict([film])[0]
        label = prediction.label
        for name in asked.methods:
            values = make_map(model, film, label, name, prediction)
            tested = faithfulness(model, film, label, values)
            words[name].append((tested.word, tested.own.gain, tested.centre.gain))
            alike = sanity(model, film, label, name, values)
            randomised[name].append((alike.word, alike.ssim, alike.rank))
        filled = compare_fills(model, film, label)
        ranks.append(filled.rank)
        answers.append([max(answer, key=lambda c: answer[c]) for answer in filled.alone])
        print(f"{len(ranks)} films", file=sys.stderr, flush=True)
    print(f"Network {model.bundle.digest[:12]}.\n")
    print(_faithful(words), _sane(randomised), _fills(np.mean(ranks, 0), answers), sep="\n\n")


def hashed_films(n: int) -> Iterator[Radiograph]:
    """The first n films of val and external in the order of their names' sha256."""
    if "CXR_DATA" not in os.environ:
        sys.exit("CXR_DATA must name the folder of the films.")
    data = Path(os.environ["CXR_DATA"])
    frame = manifest.load(data)
    names = frame.image[frame.split.isin(["val", "external"])]
    for name in sorted(names, key=lambda x: hashlib.sha256(x.encode()).hexdigest())[:n]:
        yield cxr.read(data / name)


def _faithful(found: dict[str, list[tuple[str, float, float]]]) -> str:
    lines = [
        "| map | words | gain, median | its centre's | above the centre's |",
        "|" + " --- |" * 5,
    ]
    for name, rows in found.items():
        counts = ", ".join(f"{word} {n}" for word, n in Counter(r[0] for r in rows).most_common())
        own, centre = (np.array([r[k] for r in rows]) for k in (1, 2))
        above = f"{(own > centre).sum()} of {len(rows)}"
        medians = f"{np.median(own):+.3f} | {np.median(centre):+.3f}"
        lines.append(f"| {KINDS[name].title} | {counts} | {medians} | {above} |")
    return "\n".join(lines)


def _sane(found: dict[str, list[tuple[str, float, float]]]) -> str:
    lines = ["| map | words | SSIM after a shuffle, median | rank |", "|" + " --- |" * 4]
    for name, rows in found.items():
        counts = ", ".join(f"{word} {n}" for word, n in Counter(r[0] for r in rows).most_common())
        ssim, rank = (np.median([r[k] for r in rows]) for k in (1, 2))
        lines.append(f"| {KINDS[name].title} | {counts} | {ssim:.2f} | {rank:.2f} |")
    return "\n".join(lines)


def _fills(rank: np.ndarray, answers: list[list[str]]) -> str:
    lines = ["| fill | " + " | ".join(FILLS) + " | alone it is called |"]
    lines.append("|" + " --- |" * (len(FILLS) + 2))
    for k, fill in enumerate(FILLS):
        called = Counter(each[k] for each in answers).most_common()
        counts = ", ".join(f"{label} {n}" for label, n in called)
        lines.append(f"| {fill} | " + " | ".join(f"{r:.2f}" for r in rank[k]) + f" | {counts} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
