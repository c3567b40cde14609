"""What a network makes of the films that it learnt from, so that their labels can be reviewed. No
figure comes of it: a network knows these films."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from cxr.metrics.predictions import LEARNT
from cxr.model.bundle import manifest_values, write_manifest
from cxr.model.classifier import Classifier

from ..data import cache, manifest
from . import evaluate


def score(folder: Path, data: Path, kept: Path) -> tuple[int, int]:
    """Score the films of train and write them into the bundle as ``learnt.csv``: a row each, with
    the columns of ``predictions.csv``.

    Parameters
    ----------
    folder : Path
        The bundle's.
    data : Path
        A folder with ``manifest.csv``.
    kept : Path
        Where preprocessed films are kept, see :func:`train.data.cache.films`.

    Returns
    -------
    How many films there are, and how many of them are called wrong.

    Raises
    ------
    BundleError
        ``wrong_task``, and those of :func:`cxr.model.bundle.open_bundle`.
    DataError
        ``no_manifest``, ``bad_manifest``; ``bad_data``: train has no film of the bundle's labels,
        or there is a film that cannot be read.
    """
    evaluate.values_of(folder)
    model = Classifier(folder)
    frame = manifest.of_bundle(manifest.load(data), model.bundle, ("train",))
    whole = replace(model.preprocessing, crop=0)
    films = cache.films(frame, data, model.labels, whole, kept)
    of_train = np.flatnonzero(frame.split == "train")
    rows = manifest.described(frame).iloc[of_train].copy()
    logits = model.squares(films[row] for row in tqdm(of_train, "train"))
    for k, label in enumerate(model.labels):
        rows[f"logit_{label}"] = logits[:, k]
    values = manifest_values(folder)
    rows.to_csv(folder / LEARNT, index=False, float_format="%.6f", lineterminator="\n")
    write_manifest(folder, values)
    wrong = logits.argmax(1) != evaluate.truth_of(rows, model.labels)
    return len(rows), int(wrong.sum())
