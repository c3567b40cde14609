"""Is it the disease or the hospital? Six questions whose answers stand in the bundle as
``metrics["audit"]`` and in ``docs/shortcuts.md``.

1. How much better is the network than a logistic regression on 16 × 16 pixels, on the same films
   and in the same resamples?
2. And than one on the films' borders alone?
3. Can the site of a film be read from the network's features, among films of one label?
4. What is left of its score with the lungs erased?
5. With all but the lungs erased?
6. And with the borders erased?
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import repeat
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxr.metrics import evidence
from cxr.metrics.model_card import AUDITED
from cxr.metrics.predictions import clusters
from cxr.model import lungs
from cxr.model.bundle import Bundle, manifest_values, write_manifest
from cxr.model.classifier import Classifier

from ..data import manifest
from . import evaluate

BORDER = 1 / 8
"""Share of a film's side, at each edge, that counts as border: in all 44 % of the film."""
THUMBNAIL = 16

Squares = NDArray[np.uint8]
Ints = NDArray[np.integer]


def border_mask(size: int) -> NDArray[np.bool_]:
    """What is border on a square, bool (size, size)."""
    edge = max(1, round(size * BORDER))
    inside = np.zeros((size, size), bool)
    inside[edge:-edge, edge:-edge] = True
    return ~inside


def erased(square: Squares, mask: NDArray[np.bool_]) -> Squares:
    """A film without what `mask` covers: the rest, blurred into it, nearest counting most.

    Parameters
    ----------
    square : uint8 (S, S)
    mask : bool (S, S)
    """
    if not mask.any() or mask.all():
        return square if not mask.any() else np.full_like(square, round(float(square.mean())))
    seen = (~mask).astype(np.float32)
    light, weight = square * seen, seen
    sigma = square.shape[0] / 16
    total = cv2.GaussianBlur(light, (0, 0), sigma) + 1e-4 * float(square[~mask].mean())
    filled = total / (cv2.GaussianBlur(weight, (0, 0), sigma) + 1e-4)
    return np.where(mask, np.clip(np.rint(filled), 0, 255), square).astype(np.uint8)


def linear_probe(
    known: NDArray[np.floating], names: list[str], asked: NDArray[np.floating]
) -> list[str]:
    """What a logistic regression on standardised columns, fitted on `known`, calls `asked`.

    Parameters
    ----------
    known, asked : float (n, k), (m, k)
    names : list of n str
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
    return [str(name) for name in probe.fit(known, names).predict(asked)]


def thumbnails(squares: Squares, keep: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The pixels of `keep` in 16 × 16 copies, float32 (n, kept pixels)."""
    small = [
        cv2.resize(s, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)[keep] for s in squares
    ]
    return np.array(small, np.float32)


def identifiability(
    features: NDArray[np.floating], rows: pd.DataFrame, learn: NDArray[np.bool_]
) -> dict[str, dict[str, float]]:
    """How well the site is told among films of one label.

    Parameters
    ----------
    features : float (n, k)
    rows : DataFrame of n rows with ``label`` and ``source``
    learn : bool (n,)
        Rows that the probe is fitted on; the others are asked.

    Returns
    -------
    dict: label → ``sites``, ``accuracy`` (mean over sites of the share told right) and ``chance``
    (one in as many as there are sites). Labels of fewer than two sites are left out.
    """
    found = {}
    for label, part in rows.groupby("label"):
        here = rows.index.isin(part.index)
        known, asked = here & learn, here & ~learn
        sites = sorted(set(rows.source[known]) & set(rows.source[asked]))
        if len(sites) < 2:
            continue
        told = np.array(linear_probe(features[known], list(rows.source[known]), features[asked]))
        truth = rows.source[asked].to_numpy()
        found[str(label)] = {
            "sites": len(sites),
            "accuracy": float(np.mean([(told[truth == s] == s).mean() for s in sites])),
            "chance": 1 / len(sites),
        }
    return found


def lung_masks(finder: lungs.LungFinder, squares: Squares) -> NDArray[np.bool_]:
    """What is lung, as `finder` sees it, bool (n, S, S)."""
    side, size = finder.bundle.preprocessing.size, squares.shape[1]
    return np.stack(
        [
            lungs.mask(finder.square(cv2.resize(square, (side, side))), size, size)
            for square in squares
        ]
    )


def calls_without(model: Classifier, squares: Squares, masks: Iterable[NDArray[np.bool_]]) -> Ints:
    """What the network calls films of which the masks are erased, int (n,)."""
    left = [erased(square, mask) for square, mask in zip(squares, masks, strict=True)]
    out: Ints = model.squares(np.stack(left)).argmax(1)
    return out


def audit(model: Classifier, films: Squares, frame: pd.DataFrame) -> dict[str, Any]:
    """Answer the six questions on `test`; probes are fitted on `train`.

    Parameters
    ----------
    model : Classifier
    films : uint8 (n, size, size)
        As the network sees them but for its crop, in the order of `frame`: whole films are what
        lungs are found on, and what the probes without a network go by.
    frame : DataFrame
        The manifest; all labels are the model's.
    """
    rows = manifest.described(frame).reset_index(drop=True)
    learn = (frame.split == "train").to_numpy() & (frame.recommended == "1").to_numpy()
    test = (frame.split == "test").to_numpy()
    truth, whose = evaluate.truth_of(rows[test], model.labels), clusters(rows[test])

    classes = len(model.labels)

    def score(called: Ints) -> dict[str, float]:
        return asdict(evidence.macro_f1(truth, called, classes, whose))

    called = model.squares(films[test]).argmax(1)
    found: dict[str, Any] = {"sound": score(called)}
    for name, keep in (
        ("thumbnail", np.ones((THUMBNAIL, THUMBNAIL), bool)),
        ("border", border_mask(THUMBNAIL)),
    ):
        known, asked = thumbnails(films[learn], keep), thumbnails(films[test], keep)
        told = linear_probe(known, list(rows.label[learn]), asked)
        others = np.array([model.labels.index(label) for label in told])
        found[name] = score(others)
        ahead = evidence.macro_f1_ahead(truth, called, others, classes, whose)
        found[f"ahead_of_{name}"] = asdict(ahead)
    either = learn | test
    features = model.averages(films[either])
    found["sites"] = (
        identifiability(features, rows[either].reset_index(drop=True), learn[either])
        if features.shape[1]
        else {}
    )
    masks = lung_masks(lungs.load(), films[test])
    borders = repeat(border_mask(model.size), len(masks))
    for name, away in (("lungs", masks), ("surroundings", ~masks), ("borders", borders)):
        found[f"{name}_erased"] = score(calls_without(model, films[test], away))
    return {**found, "verdict": verdict(found, len(model.labels))}


def store(folder: Path, found: dict[str, Any]) -> Bundle:
    """Put the answers into the bundle."""
    values = manifest_values(folder)
    values["metrics"]["audit"] = found
    return write_manifest(folder, values)


def report(bundle: Bundle) -> Iterator[str]:
    """The lines of ``docs/shortcuts.md``."""
    found = bundle.metrics["audit"]
    yield "# Shortcut audit"
    yield ""
    yield (
        f"`python -m train audit --data DIR --out models/{bundle.name}` wrote this, for network "
        f"`{bundle.digest[:12]}`. Macro-F1 on `test` with 95 % intervals, by patient; ahead: the "
        "difference on the same films in the same resamples. Probes are logistic regressions, "
        "fitted on `train` (`train/evaluation/shortcut_audit.py`)."
    )
    yield ""
    yield f"**{found['verdict']}**"
    yield ""
    yield "| what is scored | macro-F1 |"
    yield "| --- | --- |"
    for key, name in AUDITED.items():
        yield "| {} | {value:.3f} ({low:.3f} to {high:.3f}) |".format(name, **found[key])
    yield ""
    yield "| among films of one label | sites | told right from the network's features | chance |"
    yield "| --- | --- | --- | --- |"
    for label, site in found["sites"].items():
        yield (f"| {label} | {site['sites']} | {site['accuracy']:.3f} | {site['chance']:.3f} |")


def verdict(found: dict[str, Any], classes: int) -> str:
    """One plain sentence, by rule.

    With the lungs erased a network that reads lungs falls to guessing, a macro-F1 of at most
    ``1 / classes``. What it keeps of its lead over guessing it did not read from the lungs.
    """
    guess = 1 / classes
    kept = (found["lungs_erased"]["value"] - guess) / max(found["sound"]["value"] - guess, 1e-9)
    ahead = found["ahead_of_thumbnail"]["low"] > 0
    told = any(site["accuracy"] > 2 * site["chance"] for site in found["sites"].values())
    parts = [
        f"With the lungs erased it keeps {100 * max(kept, 0):.0f} % of its lead over guessing."
    ]
    if kept >= 0.5:
        parts.append("Most of what it goes by lies outside the lungs: shortcuts are likely.")
    elif kept >= 0.2:
        parts.append("Part of what it goes by lies outside the lungs: shortcuts are in play.")
    if not ahead:
        parts.append("It is not clearly better than 16 × 16 pixels.")
    if told:
        parts.append("Its features tell the hospital.")
    return " ".join(parts)
