"""What a bundle's passport is worth: the tables of docs/passport.md, measured anew on each call."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from cxr import input_checks
from cxr.imaging.corruptions import CORRUPTIONS, STRENGTHS, corrupted, rotate
from cxr.imaging.preprocessing import preprocess, reduce_film
from cxr.imaging.reader import read
from cxr.input_checks import CHECKS, CODES, measures
from cxr.metrics import confusion
from cxr.model import lungs
from cxr.model.classifier import Classifier

from . import pictures
from .fitting import RULES, by_hash, small
from .pictures import Bench, as_film

FILMS = 150
"""Of test, in each cell of the table of corruptions."""
SIDES = (224, 192, 160, 128, 96)
"""Of films that are too small, the longer one, pixels."""
CALLS = 30
"""By which a passport's time is measured."""
INTRODUCTION = """\
# The input passport

Before a score is believed, `cxr.input_checks` asks what the picture is. Read shows the answer
with the scores, and shows what is done about it. The command line and the CSV carry its flags and
the score of each check. `predictions.csv` keeps both for every film that the model was measured
on. The flags (`passport`) are subgroups of the metrics page. They are also a column and a filter
of the review queue. The score of each check is kept as `check_<code>`.

- No lungs of a frontal chest film: the picture is refused (`not_chest`), with its score. Only
  Review, where the table lists it, and the stories of Lab show it. A story says so before its
  scores.
- Outside what the model knows: this is said before the scores on Read, Review, Lab and the
  command line. It is said first in the caption of a saved map. Read and Review mute the scores.
  The check takes the roots of the network's averaged feature maps. It measures how far they lie
  from the subspace of the films that the network learnt from.
- Black and white exchanged: this is said, and the film is not turned back
  ([why](#would-inverting-back-help)).
- All other flags are said and nothing is changed. A check that cannot be made is said to be
  missing.

```sh
python -m train passport --data DIR --out models/{name}
```

This command fits the limits of one network. It writes them with the flags into its bundle, and
prints this page (network `{digest}`). If a network is trained anew, its bundle has no passport
until the command is run. For a bundle without one, that is said, and only what shows no lungs is
refused."""

LIMITATIONS = """\
## What it cannot do

- No lateral film was at hand, and neither network ever saw one. Whether one is refused was not
  measured. A DICOM file whose tags say so is refused when it is read.
- A film photographed off a screen is refused only in part. The row above is drawn, not
  photographed.
- A film that is not flagged as outside need not have a right score. Another hospital's films may
  look like known ones and be scored wrongly. The table of scores inside and outside shows this.
- Every film that carries an L or R has letters: `burnt_in_text` tells more of them than usual.
- `child` knows children of one to five from one hospital. It orders older ones badly (the
  row of nih). An age in DICOM tags takes its place.
- `cropped` and `rotated` go by the lungs alone, and miss what is slight.
- `known_film` finds copies, also after other packing or windowing. A turned or cut copy escapes.

## What was chosen having seen what

Every limit comes from val. The kinds of check do not come from val alone, so the tables above
flatter them.

- The distance is one of nineteen that were tried on one network. It was taken for what it made of
  `not_chest`, of corruptions in 150 films of test, and of test and external as they are.
- The crop is one of five and the turn one of three, tried on 150 films of test.
- The hash is one of four, tried on 400 films of test.
- Noise, text and greys were tried on val.
- The limit of `child` comes from films not known to be children's. That was settled after a limit
  of .5 had called a quarter of two adult hospitals children. It had done so in val as in test and
  external."""

DETECTORS = {
    "inverted": "inverted",
    "noise": "noisy",
    "text": "burnt_in_text",
    "rotated": "rotated",
    "cropped": "cropped",
    "dark": "over_exposed",
    "light": "under_exposed",
}
"""Corruption → the check that is for it."""

Film = NDArray[np.uint8]


def report(
    folder: Path, frame: pd.DataFrame, data: Path, rows: pd.DataFrame, scored: pd.DataFrame
) -> Iterator[str]:
    """The lines of ``docs/passport.md``.

    Parameters
    ----------
    folder : Path
    frame : DataFrame
        As :func:`train.data.manifest.of_bundle` gives it.
    data : Path
    rows, scored : DataFrame
        As :func:`train.evaluation.input_checks.fitting.store` gives them.
    """
    model = Classifier(folder)
    fitted = input_checks.limits_of(model)
    assert fitted is not None
    bench = Bench(model, lungs.load(), fitted, data)
    sample = by_hash(frame[frame.split == "test"])[:FILMS]
    films = [read(data / image).eight_bit for image in sample.image]
    yield INTRODUCTION.format(name=model.bundle.name, digest=model.bundle.digest[:12])
    yield from _limits(bench)
    train = by_hash(frame[frame.split == "train"])
    learnt = [small(data / image) for image in train.image[:FILMS]]
    yield from _corruptions(bench, films, learnt, scored[(rows.split == "test").to_numpy()])
    yield from _inversion(bench, films, sample)
    yield from _sources(rows, bench.flagged(scored))
    yield from _worth(rows, bench, scored)
    yield from ("", "## What is no frontal chest film", "")
    yield from pictures.rows(bench, films)
    yield from _children(rows, scored)
    yield from _copies(bench, learnt)
    yield from _speed(bench, films[0])
    yield from ("", LIMITATIONS)


def _limits(bench: Bench) -> Iterator[str]:
    yield from ("", "## Limits", "", "| check | unit | limit | rule |", "| --- | --- | --- | --- |")
    threshold = bench.finder.bundle.operating_points["lung"]["threshold"]
    yield (
        f"| `not_chest` | {CHECKS['not_chest'].unit} | {threshold:.3f} | below: the lungs "
        "bundle's own threshold ([lungs.md](lungs.md)) |"
    )
    for code in CODES:
        if code in bench.fitted.limits:
            limit = bench.fitted.limits[code]
            yield f"| `{code}` | {CHECKS[code].unit} | {limit:.3g} | {RULES[code]} |"


def _auroc(sound: pd.Series, corrupt: pd.Series, below: bool) -> float:
    from sklearn.metrics import roc_auc_score

    values = np.concatenate([sound, corrupt]) * (-1 if below else 1)
    return float(roc_auc_score(np.repeat([0, 1], [len(sound), len(corrupt)]), values))


def _corruptions(
    bench: Bench, films: Sequence[Film], learnt: Sequence[Film], sound: pd.DataFrame
) -> Iterator[str]:
    yield from ("", "## Corruptions", "")
    yield (
        f"The first figure is the AUROC of corrupted against sound films. The figure in brackets "
        f"is the share of corrupted films flagged. Corrupted are {len(films)} films of test in "
        f"each cell, made by `cxr/imaging/corruptions.py` at its five strengths. Sound are all "
        f"{len(sound):,} of test. The last two rows are other films. One is of films made smaller, "
        f"to {', '.join(map(str, SIDES))} pixels. The other is of films of train stored as JPEG "
        "like those above. No corruption makes a child of an adult, or of a chest something else. "
        "For `child` and `not_chest` see the tables of real ones below."
    )
    head = " | ".join(map(str, STRENGTHS))
    yield from ("", f"| corruption | check | {head} |", f"| --- | --- |{' --- |' * len(STRENGTHS)}")
    for kind in CORRUPTIONS:
        found = [
            bench.table([corrupted(film, kind, strength) for film in films])
            for strength in tqdm(STRENGTHS, kind)
        ]
        for code in (DETECTORS.get(kind, ""), "outside"):
            if code in sound:
                yield _corruption(bench, kind, code, sound, found)
    smaller = [bench.table([reduce_film(film, side) for film in films]) for side in SIDES]
    yield _corruption(bench, "smaller", "too_small", sound, smaller)
    copies = [
        bench.table([corrupted(film, "jpeg", strength) for film in learnt])
        for strength in STRENGTHS
    ]
    yield _corruption(bench, "a copy", "known_film", sound, copies)


def _corruption(
    bench: Bench, kind: str, code: str, sound: pd.DataFrame, found: Sequence[pd.DataFrame]
) -> str:
    cells = [
        f"{_auroc(sound[code], each[code], CHECKS[code].below):.3f} "
        f"({bench.flagged(each)[code].mean():.2f})"
        for each in found
    ]
    return f"| {kind} | `{code}` | {' | '.join(cells)} |"


def _inversion(bench: Bench, films: Sequence[Film], sample: pd.DataFrame) -> Iterator[str]:
    """What inverting flagged films back would be worth."""
    labels = bench.model.labels
    truth = np.array([labels.index(label) for label in sample.label])

    def macro_f1(shown: Sequence[Film]) -> str:
        squares = (preprocess(film, bench.model.preprocessing) for film in shown)
        called = bench.model.squares(np.stack(list(squares))).argmax(1)
        return f"{confusion.macro_f1(truth, called, len(labels), np.ones(len(truth))):.3f}"

    def righted(film: Film) -> Film:
        thumbnail = measures.thumbnail(reduce_film(film, input_checks.LONGER_SIDE))
        limit = bench.fitted.limits["inverted"]
        negative = bench.fitted.probability("inverted", thumbnail) > limit
        return np.asarray(255 - film) if negative else film

    yield from ("", "## Would inverting back help", "")
    yield (
        f"The first column is the macro-F1 on the same {len(films)} films as they come. For the "
        "second, every film that is flagged as inverted is turned into its negative before it is "
        "scored. It is not done: strengths under 5 are negatives of low contrast, and what is "
        "shown is what was filed."
    )
    yield from ("", "| films | as they come | inverted back |", "| --- | --- | --- |")
    yield f"| sound | {macro_f1(films)} | {macro_f1([righted(film) for film in films])} |"
    for strength in STRENGTHS:
        shown = [corrupted(film, "inverted", strength) for film in films]
        back = [righted(film) for film in shown]
        yield f"| inverted, strength {strength} | {macro_f1(shown)} | {macro_f1(back)} |"


def _sources(rows: pd.DataFrame, flagged: pd.DataFrame) -> Iterator[str]:
    codes = [code for code in CODES if code in flagged]
    yield from ("", "## Films as they are", "")
    yield "Per cent of films flagged; `not_chest` is refused. No limit was set on test or external."
    yield from ("", f"| films | n | {' | '.join(f'`{code}`' for code in codes)} | any |")
    yield f"| --- | --- |{' --- |' * (len(codes) + 1)}"
    for split in ("val", "test", "external"):
        of_split = (rows.split == split).to_numpy()
        if not of_split.any():
            continue
        yield _shares(f"**{split}**", flagged[of_split], codes)
        for source in sorted(rows.source[of_split].unique()):
            which = of_split & (rows.source == source).to_numpy()
            yield _shares(f"{split}, {source}", flagged[which], codes)


def _shares(name: str, flagged: pd.DataFrame, codes: Sequence[str]) -> str:
    shares = [*(flagged[code].mean() for code in codes), flagged.any(axis=1).mean()]
    return f"| {name} | {len(flagged):,} | {' | '.join(f'{100 * s:.1f}' for s in shares)} |"


def _worth(rows: pd.DataFrame, bench: Bench, scored: pd.DataFrame) -> Iterator[str]:
    """Whether scores of films outside what the model knows are worth less."""
    if "outside" not in scored:
        return
    outside = bench.flagged(scored).outside.to_numpy()
    called = rows[[f"logit_{label}" for label in bench.model.labels]].to_numpy(float).argmax(1)
    right = np.array(bench.model.labels)[called] == rows.label.to_numpy()
    yield from ("", "## Scores inside and outside", "")
    yield "Share of films whose class is called right."
    yield from ("", "| films | inside | outside |", "| --- | --- | --- |")
    for split in ("test", "external"):
        cells = []
        for which in (~outside, outside):
            films = which & (rows.split == split).to_numpy()
            cells.append(f"{right[films].mean():.3f} of {films.sum():,}" if films.any() else "none")
        yield f"| {split} | {' | '.join(cells)} |"


def _children(rows: pd.DataFrame, scored: pd.DataFrame) -> Iterator[str]:
    if "child" not in scored or "age_group" not in rows:
        return
    test = (rows.split == "test").to_numpy()
    child, adult = ((rows.age_group == name).to_numpy() & test for name in ("paediatric", "adult"))
    yield from ("", "## Children", "", "| films of test | children | adults | AUROC |")
    yield "| --- | --- | --- | --- |"
    for name, which in (
        ("all of known age", test),
        ("nih alone", (rows.source == "nih").to_numpy()),
    ):
        young, old = scored.child[child & which], scored.child[adult & which]
        if len(young) and len(old):
            area = _auroc(old, young, below=False)
            yield f"| {name} | {len(young)} | {len(old)} | {area:.3f} |"


def _copies(bench: Bench, films: Sequence[Film]) -> Iterator[str]:
    """Whether changed copies of films of train are known again."""
    changes: dict[str, Callable[[Film], Film]] = {
        "the film itself": lambda film: film,
        "a JPEG of quality 20": lambda film: corrupted(film, "jpeg", 4),
        "half its size": lambda film: reduce_film(film, 128),
        "gamma 1.6": lambda film: corrupted(film, "dark", 2),
        "gamma 0.62": lambda film: corrupted(film, "light", 2),
        "two words burnt in": lambda film: corrupted(film, "text", 2),
        "turned by 3°": lambda film: rotate(film, 3),
        "a twentieth cut off": lambda film: corrupted(film, "cropped", 1),
    }
    yield from ("", "## Films of train, known again", "")
    yield f"| {len(films)} copies | known | bits apart, median |"
    yield "| --- | --- | --- |"
    for name, change in changes.items():
        apart = [
            measures.bits_apart(bench.fitted.known, measures.fingerprint(change(film))).min()
            for film in films
        ]
        known = np.mean(np.array(apart) < bench.fitted.limits["known_film"])
        yield f"| {name} | {known:.2f} | {np.median(apart):g} |"


def _speed(bench: Bench, film: Film) -> Iterator[str]:
    large = as_film(cv2.resize(film, (2500, 3000)).astype(np.uint8))
    both = []
    for _ in range(CALLS):
        began = time.perf_counter()
        features = bench.model.predict([large])[0].features
        scored = time.perf_counter()
        input_checks.inspect(large, features, bench.fitted, bench.finder)
        both.append((scored - began, time.perf_counter() - scored))
    scores, passports = np.median(both, axis=0) * 1000
    yield from ("", "## Time", "")
    yield (
        f"These are medians of {CALLS} times, of a film of 2,500 × 3,000 pixels. Its passport took "
        f"{passports:.0f} ms besides the {scores:.0f} ms of its scores, "
        f"{passports / scores:.1f} times as long. That was on {os.cpu_count()} cores under a load "
        f"of {os.getloadavg()[0]:.1f}."
    )
