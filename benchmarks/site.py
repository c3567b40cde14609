"""What hospital profiles promise, away from the table of docs/hospitals.md: thresholds from few N,
the drift watch's false alarms and its power, moments without labels, and the time of a fit.

    CXR_DATA=DIR python -m benchmarks.site

The figures are in docs/hospital.md and docs/architecture.md. Takes some three minutes of a core.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import cxr
from cxr.imaging.corruptions import corrupted
from cxr.imaging.preprocessing import preprocess
from cxr.model.reference import reference_of
from cxr.site import fit, thresholds
from cxr.site.alignment import moments, moved_head
from cxr.site.films import gather
from cxr.site_profiles import drift
from train.data import manifest

ROOT = Path(__file__).parents[1]
WITH_N = ("shenzhen", "montgomery", "rsna", "nih", "sakha", "mendeley_pk", "jsrt")
UNSEEN = "montgomery"
"""The network never learnt from it, and it holds both labels."""
ROOMY = "mendeley_pk"
"""A known one, whose films not learnt from are enough for a profile and a hundred further ones."""
DEVICES = (UNSEEN, ROOMY, "sakha", "shenzhen")
CORRUPTED = (("inverted", 5), ("blur", 3), ("blur", 5), ("noise", 3))
WANTED, FEW = 0.7, (10, 30)
Rows = NDArray[np.float32]


def main() -> None:
    data = Path(os.environ["CXR_DATA"])
    model = cxr.load(ROOT / "models" / "default")
    films = manifest.load(data)
    kept = films.source.isin({*WITH_N, *DEVICES}) & films.label.isin(["N", "T"])
    films = films[(films.split != "train") & kept]
    films = films.groupby(["source", "label"]).head(300).reset_index(drop=True)
    seen = _seen(model, [cxr.read(data / image).eight_bit for image in films.image])
    _thresholds(films, seen[:, -1])
    for where in (UNSEEN, ROOMY):
        _watch(model, data, films, seen, where)
    _moments(model, data, films)
    _time(model, data, films)


def _moments(model: cxr.Classifier, data: Path, films: pd.DataFrame) -> None:
    """Averages moved to known hospitals' moments at a stated share: all of them, or only those
    that differ least between the labels."""
    rows = films[films.source == UNSEEN]
    squares = np.stack(
        [preprocess(cxr.read(data / image).eight_bit, model.preprocessing) for image in rows.image]
    )
    averages, logits = model.averages(squares), model.squares(squares)
    ill = (rows.label == "T").to_numpy()
    first, second = model.labels.index("T"), model.labels.index("N")
    known, shipped = reference_of(model), model.head_weights
    assert known is not None
    assert shipped is not None
    apart = np.abs(known.positive_mean - known.negative_mean) / known.deviation
    print(f"\n| moved at {UNSEEN} | stated share of T | T called T | N not called |")
    print("| --- " * 4 + "|")
    called = logits[:, first] >= logits[:, second]
    print(f"| nothing | | {called[ill].mean():.2f} | {(~called[~ill]).mean():.2f} |")
    for part in (0.5, 0.9, 1.0):
        kept = apart <= np.quantile(apart, part)
        for share in (0.25, 0.5, 0.75):
            scale, shift = moments(known, averages, share)
            head = moved_head(np.where(kept, scale, 1), np.where(kept, shift, 0), shipped)
            moved = logits + head.added(averages)
            called = moved[:, first] >= moved[:, second]
            print(
                f"| {part:g} of the averages | {share:g} | {called[ill].mean():.2f} | "
                f"{(~called[~ill]).mean():.2f} |"
            )


def _seen(model: cxr.Classifier, pictures: list[NDArray[np.uint8]]) -> Rows:
    squares = np.stack([preprocess(picture, model.preprocessing) for picture in pictures])
    first, second = model.labels.index("T"), model.labels.index("N")
    logits = model.squares(squares)
    odds = (logits[:, first] - logits[:, second]) / model.bundle.temperature
    return drift.numbers(model, model.averages(squares), odds)


def _thresholds(films: pd.DataFrame, odds: NDArray[np.floating]) -> None:
    """Of 400 draws of few N, in how many does the threshold keep the wanted share of all N."""

    def counted(values: NDArray[np.floating], share: float) -> float:
        return float(np.quantile(values, share, method="median_unbiased"))

    def by_others(values: NDArray[np.floating], share: float) -> float:
        """The shape of other hospitals' N scores, moved to these' mean; the deviation is theirs
        and these' together, other hospitals counting as 30 films."""
        shape = np.concatenate([(each - each.mean()) / each.std() for each in others])
        theirs = np.mean([np.log(each.std()) for each in others])
        here = np.log(np.std(values, ddof=1))
        spread = np.exp((len(values) * here + 30 * theirs) / (len(values) + 30))
        return float(values.mean() + spread * np.quantile(shape, share))

    print(
        f"| N of | films | N drawn | kept within .08 of {WANTED}, by counting | ours | by the "
        "shape of other hospitals' |"
    )
    print("| --- " * 6 + "|")
    of = {
        source: odds[(films.source == source) & (films.label == "N")].astype(np.float64)
        for source in WITH_N
    }
    for source, all_n in of.items():
        others = [each for name, each in of.items() if name not in (source, UNSEEN)]
        for few in FEW:
            met = []
            for way in (counted, thresholds.quantile, by_others):
                rng = np.random.default_rng(0)
                kept = [
                    (all_n < way(rng.choice(all_n, few, replace=False), WANTED)).mean()
                    for _ in range(400)
                ]
                met.append(float((np.abs(np.array(kept) - WANTED) <= 0.08).mean()))
            print(
                f"| {source} | {len(all_n)} | {few} | " + " | ".join(f"{x:.2f}" for x in met) + " |"
            )


def _watch(model: cxr.Classifier, data: Path, films: pd.DataFrame, seen: Rows, where: str) -> None:
    """Profiles of 30 N + 30 T of a hospital and of 30 N alone, then a hundred further films."""
    here = (films.source == where).to_numpy()
    ill = (films.label == "T").to_numpy()
    rng = np.random.default_rng(0)
    there = np.flatnonzero(here)
    part = rng.choice(there, min(140, len(there)), replace=False)
    pictures = [cxr.read(data / films.image[i]).eight_bit for i in part]
    corrupted_rows = {
        f"{kind}, strength {strength}": _seen(
            model, [corrupted(picture, kind, strength) for picture in pictures]
        )
        for kind, strength in CORRUPTED
    }

    def mixed(share: float) -> Callable[[np.random.Generator, NDArray[np.intp]], Rows]:
        def films_of(rng: np.random.Generator, rest: NDArray[np.intp]) -> Rows:
            sides = (
                (rest[ill[rest]], round(100 * share)),
                (rest[~ill[rest]], round(100 - 100 * share)),
            )
            # Two of the same film would lie nearer to each other than any two films of a hospital.
            drawn = [rng.choice(side, n, replace=n > len(side)) for side, n in sides]
            return seen[np.concatenate(drawn)]

        return films_of

    same: dict[str, Callable[[np.random.Generator, NDArray[np.intp]], Rows]] = {
        "the same hospital": lambda rng, rest: seen[rng.choice(rest, 100, replace=False)],
        **{f"the same, {share} of them T": mixed(share) for share in (0.02, 0.1, 0.3, 0.7, 0.9)},
        "the same, .1 then .5 of them T": lambda rng, rest: np.concatenate(
            [mixed(0.1)(rng, rest), mixed(0.5)(rng, rest)]
        ),
    }
    ways = {
        **(same if where == ROOMY else {}),
        **{
            name: lambda rng, rest, rows=rows: rows[rng.choice(len(rows), 100, replace=False)]
            for name, rows in corrupted_rows.items()
        },
        **{
            f"another device: {name}": lambda rng, rest, name=name: seen[
                rng.choice(np.flatnonzero(films.source == name), 100, replace=False)
            ]
            for name in DEVICES
            if name != where
        },
    }
    print(
        f"\n| profile of {where}, a hundred films of | alarm: looks | of a profile of N alone | "
        "of N alone: high | alarm: share |"
    )
    print("| --- " * 5 + "|")
    for name, films_of in ways.items():
        found, alone = (list(_looks(seen, here, ill, films_of, 100, own)) for own in (30, 0))
        looks, share = (
            np.mean([each in look.alarms for look in found]) for each in ("looks", "share")
        )
        of_n, high = (
            np.mean([each in look.alarms for look in alone]) for each in ("looks", "high")
        )
        print(f"| {name} | {looks:.2f} | {of_n:.2f} | {high:.2f} | {share:.2f} |")


def _looks(
    seen: Rows,
    here: NDArray[np.bool_],
    ill: NDArray[np.bool_],
    films_of: Callable[[np.random.Generator, NDArray[np.intp]], Rows],
    draws: int,
    positives: int,
) -> Iterator[drift.DriftFinding]:
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        sides = [
            rng.choice(np.flatnonzero(here & side), count, replace=False)
            for side, count in ((~ill, 30), (ill, positives))
        ]
        own = np.concatenate(sides)
        rest = np.setdiff1d(np.flatnonzero(here), own)
        yield drift.look(seen[own], np.arange(len(own)) >= 30, films_of(rng, rest))


def _time(model: cxr.Classifier, data: Path, films: pd.DataFrame) -> None:
    print("\n| films of each label | reading and scoring | the fit |\n| --- | --- | --- |")
    for count in (10, 20, 50):
        rows = films[films.source == UNSEEN].groupby("label").head(count)
        start = perf_counter()
        found, _ = gather(model, [data / image for image in rows.image])
        read = perf_counter()
        fit(model, [film for film in found if film], list(rows.label))
        print(f"| {count} | {read - start:.1f} s | {perf_counter() - read:.2f} s |")


if __name__ == "__main__":
    main()
