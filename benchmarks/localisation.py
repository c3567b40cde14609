"""Where maps lie against radiologists' boxes: pointing game, overlap, weight inside, by method.

    CXR_DATA=DIR python -m benchmarks.localisation [--model DIR] [--methods gradcam occlusion …]
                                                   [--films N] [--no-work]

The figures are in docs/explaining.md, and the thresholds that it finds (column "at") are those of
cxr.explain_eval.localisation.TUNED. Every boxed film of TBX11K (class T) and NIH (class P) gets the
map of its own class. The threshold of the overlap, a share of each map's maximum, is tuned on one
half of the TBX11K films and everything is reported on the other; the half is the parity of the
sha256 of the film's name. NIH stands apart, with TBX11K's threshold. Each figure has the 95 %
bootstrap interval over films, and of its difference from a Gaussian on the film's centre, paired.

Rows are kept in benchmarks/out/localisation.csv and are not worked out again; remove it for another
network's. About two seconds a film. --no-work prints what is there.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

import cxr
from cxr.explain.methods import METHODS, make_map
from cxr.explain.overlay import KINDS
from cxr.explain.target import to_film
from cxr.explain_eval.deletion import centre_map
from cxr.explain_eval.localisation import box_mask, hits, overlap, share_inside
from train.data import manifest

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "benchmarks" / "out" / "localisation.csv"
THRESHOLDS = tuple(round(0.05 * k, 2) for k in range(1, 20))
CENTRE = "centre"
MEASURES = ("hit", "overlap", "inside")
RESAMPLES = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description="Maps against radiologists' boxes.")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "default", metavar="DIR")
    parser.add_argument("--methods", nargs="*", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--films", type=int, help="the first so many, in the order of their hash")
    parser.add_argument("--no-work", action="store_true")
    asked = parser.parse_args()
    if not asked.no_work:
        if "CXR_DATA" not in os.environ:
            sys.exit("CXR_DATA must name the folder of the films.")
        _work(Path(os.environ["CXR_DATA"]), asked.model, asked.methods, asked.films)
    rows = pd.read_csv(KEPT)
    print(f"Network {rows.model[0]}.\n\n{table(rows)}")


def boxed(data: Path) -> pd.DataFrame:
    """The films with boxes, in the order of their hash; `half` is 0 to tune on, 1 to report."""
    frame = manifest.load(data)
    frame = frame[frame.boxes.str.len() > 2]
    of_class = {"tbx11k": "T", "nih": "P"}
    frame = frame[frame.label == frame.source.map(of_class)].copy()
    frame["hash"] = [hashlib.sha256(name.encode()).hexdigest() for name in frame.image]
    frame["half"] = [int(text, 16) % 2 for text in frame.hash]
    return frame.sort_values("hash").reset_index(drop=True)


def _work(data: Path, folder: Path, methods: list[str], films: int | None) -> None:
    """Add the rows that are missing, film by film."""
    model = cxr.load(folder)
    KEPT.parent.mkdir(exist_ok=True)
    done: set[tuple[str, str]] = set()
    if KEPT.is_file():
        kept = pd.read_csv(KEPT)
        if set(kept.model) != {model.bundle.digest[:12]}:
            sys.exit(f"{KEPT.name} holds another network's figures; remove it first.")
        done = set(zip(kept.film, kept.method, strict=True))
    with KEPT.open("a", newline="") as file:
        writer = csv.writer(file)
        if not done:
            writer.writerow(COLUMNS)
        for row in boxed(data).head(films or 10**6).itertuples():
            wanted = [name for name in (CENTRE, *methods) if (row.hash[:16], name) not in done]
            for line in _rows(model, data, row, wanted):
                writer.writerow(line)
            file.flush()


COLUMNS = (
    *("model", "film", "source", "split", "half", "called", "score", "area", "method"),
    *("hit", "inside", "empty"),
    *(f"overlap_{t}" for t in THRESHOLDS),
)


def _rows(model: cxr.Classifier, data: Path, row: object, methods: list[str]) -> Iterator[list]:
    film = cxr.read(data / row.image)
    prediction = model.predict([film])[0]
    mask = box_mask(json.loads(row.boxes), film.eight_bit.shape)
    about = [model.bundle.digest[:12], row.hash[:16], row.source, row.split, row.half]
    about += [prediction.label, round(prediction.probabilities[row.label], 6), mask.mean()]
    for method in methods:
        if method == CENTRE:
            values = to_film(centre_map(model.size), mask.shape)
        else:
            values = make_map(model, film, row.label, method, prediction)
        measured = [int(hits(values, mask)), share_inside(values, mask), int(values.max() <= 0)]
        yield [*about, method, *measured, *(overlap(values, mask, t) for t in THRESHOLDS)]


def table(rows: pd.DataFrame) -> str:
    """All figures as Markdown."""
    tuned = rows[(rows.source == "tbx11k") & (rows.half == 0)]
    places = {m: _best(tuned[tuned.method == m]) for m in rows.method.unique()}
    groups = {
        "TBX11K, class T, the other half": rows[(rows.source == "tbx11k") & (rows.half == 1)],
        "NIH, class P": rows[rows.source == "nih"],
    }
    labels = {"tbx11k": "T", "nih": "P"}
    parts = []
    for name, group in groups.items():
        parts.append(_part(name, group, places))
        called = group[group.called == group.source.map(labels)]
        if len(called):
            parts.append(_part(f"{name}: those that the network calls so", called, places))
    return "\n\n".join(parts)


def _best(rows: pd.DataFrame) -> float:
    means = [rows[f"overlap_{t}"].mean() for t in THRESHOLDS]
    return THRESHOLDS[int(np.argmax(means))]


def _part(name: str, group: pd.DataFrame, places: dict[str, float]) -> str:
    films = group[group.method == CENTRE].set_index("film")
    base = f"boxes cover {films.area.mean():.1%} of a film, which is also what a random point hits"
    lines = [
        f"{name}: {len(films)} films; {base}.",
        "",
        "| map | hits | − centre | IoU | − centre | at | weight inside | − centre | empty |",
        "|" + " --- |" * 9,
    ]
    for method, threshold in places.items():
        own = group[group.method == method].set_index("film")
        own, centre = own.assign(overlap=own[f"overlap_{threshold}"]), films.loc[own.index]
        centre = centre.assign(overlap=centre[f"overlap_{places[CENTRE]}"])
        if own.empty:
            continue
        cells = [KINDS[method].title if method in KINDS else "Gaussian on the centre"]
        for measure in MEASURES:
            mean, gap = _figures(own[measure].to_numpy(float), centre[measure].to_numpy(float))
            cells += [mean, gap if method != CENTRE else ""]
            if measure == "overlap":
                cells.append(f"{threshold:g}")
        cells.append(str(int(own["empty"].sum())))
        if len(own) < len(films):
            cells[0] += f" ({len(own)} films)"
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _figures(own: np.ndarray, centre: np.ndarray) -> tuple[str, str]:
    """The mean and the mean difference, each with its 95 % bootstrap interval over films; a
    difference whose interval leaves out 0 is bold."""
    picks = np.random.default_rng(0).integers(0, len(own), (RESAMPLES, len(own)))
    low, high = np.percentile(own[picks].mean(1), [2.5, 97.5])
    gap = own - centre
    below, above = np.percentile(gap[picks].mean(1), [2.5, 97.5])
    strong = "**" if below > 0 or above < 0 else ""
    shown = f"{gap.mean():+.3f} ({below:+.3f} to {above:+.3f})".replace("-", "−")
    return f"{own.mean():.3f} ({low:.3f}–{high:.3f})", f"{strong}{shown}{strong}"


if __name__ == "__main__":
    main()
