"""What a bundle's scores do when films are corrupted: the table of ``docs/robustness.md``."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from cxr.imaging.corruptions import CORRUPTIONS, STRENGTHS, corrupted
from cxr.imaging.preprocessing import preprocess
from cxr.imaging.reader import read
from cxr.metrics import confusion
from cxr.model.classifier import Classifier

FILMS = 600


def sample(frame: pd.DataFrame, labels: tuple[str, ...], films: int = FILMS) -> pd.DataFrame:
    """The `films` rows of `test` whose paths have the lowest sha256: the same on every machine."""
    rows = frame[(frame.split == "test") & frame.label.isin(labels)]
    key = rows.image.map(lambda image: sha256(image.encode()).hexdigest())
    return rows.loc[key.sort_values().index[:films]]


def measure(
    model: Classifier, films: list[NDArray[np.uint8]], truth: NDArray[np.integer]
) -> pd.DataFrame:
    """Score `films` sound and with each corruption at each strength.

    Parameters
    ----------
    model : Classifier
    films : list of uint8 (H, W)
    truth : int (n,)
        Index of each film's label.

    Returns
    -------
    DataFrame, one row a corruption and strength, the first ("none", 0) for the sound films:
    ``kind``, ``strength``, ``macro_f1``, ``same`` (share of films called as when sound), ``moved``
    (median of how far the sound film's called probability moved).
    """
    sound = _probabilities(model, films)
    called = sound.argmax(1)
    rows = []
    trials = [("none", 0), *((kind, s) for kind in CORRUPTIONS for s in STRENGTHS)]
    for kind, strength in tqdm(trials, "corruptions"):
        shown = [corrupted(f, kind, strength) for f in films] if strength else films
        p = _probabilities(model, shown)
        index = np.arange(len(films))
        rows.append(
            {
                "kind": kind,
                "strength": strength,
                "macro_f1": float(
                    confusion.macro_f1(truth, p.argmax(1), len(model.labels), np.ones(len(films)))
                ),
                "same": float((p.argmax(1) == called).mean()),
                "moved": float(np.median(np.abs(p - sound)[index, called])),
            }
        )
    return pd.DataFrame(rows)


def _probabilities(model: Classifier, films: list[NDArray[np.uint8]]) -> NDArray[np.float64]:
    squares = np.stack([preprocess(film, model.preprocessing) for film in films])
    return model.calibrate(model.squares(squares))


def report(folder: Path, frame: pd.DataFrame, data: Path) -> Iterator[str]:
    """The lines of ``docs/robustness.md`` for the bundle in `folder`."""
    model = Classifier(folder)
    rows = sample(frame, model.labels)
    films = [read(data / image).eight_bit for image in rows.image]
    truth = np.array([model.labels.index(label) for label in rows.label])
    measured = measure(model, films, truth).to_dict("records")
    table = {(row["kind"], row["strength"]): row for row in measured}
    yield "# Robustness"
    yield ""
    yield (
        f"`python -m train robustness --data DIR --out models/{model.bundle.name}` wrote this: "
        f"network `{model.bundle.digest[:12]}`, the {len(rows)} films of `test` with the lowest "
        "sha256 of their path. A cell holds macro-F1 and, in brackets, the share of films that "
        "are called as the sound film is. Corruptions are made by `cxr/imaging/corruptions.py`."
    )
    yield ""
    yield f"Sound films: macro-F1 {table['none', 0]['macro_f1']:.3f}."
    yield ""
    yield "| corruption | strengths | 1 | 2 | 3 | 4 | 5 |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for kind, (unit, amounts) in CORRUPTIONS.items():
        cells = [table[kind, strength] for strength in STRENGTHS]
        values = " | ".join(f"{cell['macro_f1']:.3f} ({cell['same']:.2f})" for cell in cells)
        yield f"| {kind} | {unit}: {', '.join(f'{a:g}' for a in amounts)} | {values} |"
