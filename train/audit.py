"""Is it the disease or the hospital? Five questions whose answers stand in the bundle as
``metrics["audit"]`` and in ``docs/shortcuts.md``.

1. How much better is the network than a logistic regression on 16 × 16 pixels, on the same films?
2. What is told from the films' borders alone?
3. Can the site of a film be read from the network's features, among films of one label?
4. What is left of its score with the lungs erased?
5. And with the borders erased?
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxr import evidence, lungs
from cxr.bundle import Bundle, manifest_values, write_manifest
from cxr.classifier import Classifier
from cxr.predictions import clusters

from . import evaluate, manifest

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


def without_lungs(model: Classifier, finder: lungs.LungFinder, squares: Squares) -> Ints:
    """What the network calls films whose lungs, as `finder` sees them, are erased; int (n,)."""
    size = model.size
    out = []
    for square in squares:
        probability = finder.square(
            cv2.resize(square, (finder.bundle.preprocessing.size,) * 2).astype(np.uint8)
        )
        out.append(erased(square, lungs.mask(probability, size, size)))
    return model.squares(np.stack(out)).argmax(1)


def audit(model: Classifier, films: Squares, frame: pd.DataFrame) -> dict[str, Any]:
    """Answer the five questions on `test`; probes are fitted on `train`.

    Parameters
    ----------
    model : Classifier
    films : uint8 (n, size, size)
        As the network sees them, in the order of `frame`.
    frame : DataFrame
        The manifest; all labels are the model's.
    """
    rows = manifest.described(frame).reset_index(drop=True)
    learn = (frame.split == "train").to_numpy() & (frame.recommended == "1").to_numpy()
    test = (frame.split == "test").to_numpy()
    truth, whose = evaluate.truth_of(rows[test], model.labels), clusters(rows[test])

    def score(called: Ints | list[str]) -> dict[str, float]:
        if isinstance(called, list):
            called = np.array([model.labels.index(label) for label in called])
        return asdict(evidence.macro_f1(truth, called, len(model.labels), whose))

    found: dict[str, Any] = {"sound": score(model.squares(films[test]).argmax(1))}
    for name, keep in (
        ("thumbnail", np.ones((THUMBNAIL, THUMBNAIL), bool)),
        ("border", border_mask(THUMBNAIL)),
    ):
        known, asked = thumbnails(films[learn], keep), thumbnails(films[test], keep)
        found[name] = score(linear_probe(known, list(rows.label[learn]), asked))
    either = learn | test
    features = model.averages(films[either])
    found["sites"] = (
        identifiability(features, rows[either].reset_index(drop=True), learn[either])
        if features.shape[1]
        else {}
    )
    found["lungs_erased"] = score(without_lungs(model, lungs.load(), films[test]))
    border = border_mask(model.size)
    without_border = np.stack([erased(square, border) for square in films[test]])
    found["borders_erased"] = score(model.squares(without_border).argmax(1))
    return {**found, "verdict": verdict(found, len(model.labels))}


def store(folder: Path, found: dict[str, Any]) -> Bundle:
    """Put the answers into the bundle."""
    values = manifest_values(folder)
    values["metrics"]["audit"] = found
    return write_manifest(folder, values)


def report(bundle: Bundle) -> Iterator[str]:
    """The lines of ``docs/shortcuts.md``."""
    found = bundle.metrics["audit"]

    def cell(name: str) -> str:
        return "{value:.3f} ({low:.3f} to {high:.3f})".format(**found[name])

    yield "# Shortcut audit"
    yield ""
    yield (
        f"`python -m train audit --data DIR --out models/{bundle.name}` wrote this, for network "
        f"`{bundle.digest[:12]}`. Macro-F1 on `test` with 95 % intervals, by patient; probes are "
        "logistic regressions fitted on `train` (`train/audit.py`)."
    )
    yield ""
    yield f"**{found['verdict']}**"
    yield ""
    yield "| what is scored | macro-F1 |"
    yield "| --- | --- |"
    yield f"| the network | {cell('sound')} |"
    yield f"| 16 × 16 pixels of a film, no network | {cell('thumbnail')} |"
    yield f"| the outer two rows and columns of these alone | {cell('border')} |"
    yield f"| the network, lungs erased | {cell('lungs_erased')} |"
    yield f"| the network, borders erased (44 % of the film) | {cell('borders_erased')} |"
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
    ahead = found["sound"]["low"] > found["thumbnail"]["high"]
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
