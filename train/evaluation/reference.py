"""What a bundle brings along of hospitals, see :mod:`cxr.model.reference`: measured on films of
``train``, and on whole hospitals that it learnt nothing from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from cxr.errors import BundleError
from cxr.imaging.preprocessing import preprocess
from cxr.imaging.reader import read
from cxr.metrics.predictions import table
from cxr.model.bundle import Bundle, manifest_values, write_manifest
from cxr.model.classifier import Classifier
from cxr.model.reference import HospitalReference, save
from cxr.site import ridge

from ..data import manifest
from .input_checks.fitting import by_hash
from .left_out import HoldOutScores, scored

FILMS = 3000
"""Of train that mean and deviation are taken of; of one hospital and label that moments are, a
tenth of it."""
LEAST = 20
"""Films of each label in train that make a hospital one that holds both."""
STRENGTH = 0.001


def add(
    folder: Path,
    data: Path,
    unseen: Sequence[str],
    left_out: Mapping[str, Path] | None = None,
    positive: str = "T",
    negative: str = "N",
) -> HospitalReference:
    """Measure, and write it into the bundle.

    Parameters
    ----------
    folder, data : Path
    unseen : sequence of str
        Hospitals that the bundle's network never learnt from.
    left_out : mapping, optional
        Hospital → folder of a network that never learnt from it, though this one may have.

    Raises
    ------
    DataError
        ``bad_data``: a hospital named unseen is none, lacks a label, or was learnt from, by this
        network or by the one that is to have left it out; or train holds too little to measure.
        ``no_run``.
    BundleError
        ``no_averages``, and what opening it raises.
    """
    model = linear(folder)
    frame = manifest.of_bundle(manifest.load(data), model.bundle, ("train",))
    left_out = left_out or {}
    check_held_out(frame, model.bundle, unseen, positive, negative, left_out)
    rows = chosen(frame, unseen, positive, negative)
    manifest.refuse(lacking(rows, positive, negative))
    pair = frame[frame.label.isin([positive, negative])]
    away = {
        site: scored(model.bundle, where, pair[pair.source == site], data, positive, negative)
        for site, where in left_out.items()
    }
    averages = np.stack([average(model, data / image) for image in tqdm(rows.image, "films")])
    found = with_left_out(measure(model, rows, averages, unseen, positive, negative), away)
    values = manifest_values(folder)
    save(folder, found, model.bundle.digest)
    write_manifest(folder, values)
    return found


def linear(folder: Path) -> Classifier:
    """The bundle's network.

    Raises
    ------
    BundleError
        ``no_averages``: its answer is no linear function of its maps' averages.
    """
    model = Classifier(folder)
    if model.head_weights is None:
        raise BundleError(
            "no_averages",
            "The network's answer is no linear function of its feature maps' averages: a hospital "
            "profile can move its threshold, and nothing here can be measured.",
        )
    return model


def average(model: Classifier, path: Path) -> NDArray[np.float32]:
    """The averages of one film, float32 (K,)."""
    square = preprocess(read(path).eight_bit, model.preprocessing)
    averages: NDArray[np.float32] = model.averages(square[None])[0]
    return averages


def chosen(
    frame: pd.DataFrame, unseen: Sequence[str], positive: str, negative: str
) -> pd.DataFrame:
    """The rows that are measured, each with its ``part``: what it is measured for."""
    train = by_hash(frame[(frame.split == "train") & (frame.recommended != "0")])
    home = train[~train.source.isin(unseen)]
    pair = train[train.label.isin([positive, negative])]
    counts = pair.groupby(["source", "label"]).size().unstack(fill_value=0)
    both = counts.index[(counts.reindex(columns=[positive, negative]) >= LEAST).all(axis=1)]
    adults = home[home.label.isin([positive, negative]) & (home.age_group != "paediatric")]
    parts = {
        "scale": home.head(FILMS),
        "moments": adults.groupby(["source", "label"]).head(FILMS // 10),
        "both": pair[pair.source.isin(both)],
        "unseen": frame[frame.source.isin(unseen) & frame.label.isin([positive, negative])],
    }
    rows = pd.concat(parts.values()).drop_duplicates("image")
    for name, part in parts.items():
        rows[name] = rows.image.isin(part.image)
    return rows


def lacking(rows: pd.DataFrame, positive: str, negative: str) -> list[str]:
    """What rows of :func:`chosen` hold too little of, a sentence each."""
    adults = set(rows.label[rows.moments])
    return [
        f"train has no adult film of {label} in a known hospital"
        for label in (positive, negative)
        if label not in adults
    ] + [f"no hospital of train has {LEAST} films each of {positive} and {negative}"] * (
        not rows.both.any()
    )


def measure(
    model: Classifier,
    rows: pd.DataFrame,
    averages: NDArray[np.float32],
    unseen: Sequence[str],
    positive: str,
    negative: str,
) -> HospitalReference:
    """The reference, from rows of :func:`chosen` and their averages, float32 (n, K)."""
    assert model.head_weights is not None
    scale = averages[rows.scale.to_numpy()]
    mean, deviation = scale.mean(0, dtype=np.float64), scale.std(0, dtype=np.float64)
    deviation += deviation.mean() / 100
    there = (rows.label == positive).to_numpy()
    moments = {}
    for name, side in (("negative", ~there), ("positive", there)):
        of_label = rows.moments.to_numpy() & side
        parts = [
            averages[of_label & (rows.source == source).to_numpy()]
            for source in sorted(set(rows.source[of_label]))
        ]
        means = np.stack([part.mean(0, dtype=np.float64) for part in parts])
        within = np.stack([part.var(0, dtype=np.float64) for part in parts]).mean(0)
        moments[name] = means.mean(0), np.sqrt(within + means.var(0))
    both = rows.both.to_numpy()
    values = (averages[both] - mean) / deviation
    turned, axes = ridge.turned(values)
    line = ridge.fit(turned, there[both], STRENGTH)
    direction = axes.T @ line.weights
    direction /= (values @ direction).std()
    away = rows.unseen.to_numpy()
    score = _log_odds(model, averages, positive, negative)
    table_of = rows[away].groupby(["source", "label"]).size()
    f32 = np.float32
    return HospitalReference(
        positive=positive,
        negative=negative,
        mean=mean.astype(f32),
        deviation=deviation.astype(f32),
        direction=direction.astype(f32),
        negative_mean=moments["negative"][0].astype(f32),
        negative_deviation=moments["negative"][1].astype(f32),
        positive_mean=moments["positive"][0].astype(f32),
        positive_deviation=moments["positive"][1].astype(f32),
        unseen_negatives=np.sort(score[away & ~there]).astype(f32),
        unseen_positives=np.sort(score[away & there]).astype(f32),
        hospitals={
            source: {label: int(table_of[source, label]) for label in (negative, positive)}
            for source in sorted(set(unseen))
        },
        both=tuple(sorted(set(rows.source[both]))),
    )


def with_left_out(known: HospitalReference, away: Mapping[str, HoldOutScores]) -> HospitalReference:
    """`known`, and hospitals that other networks' scores are of."""
    sides = [
        np.sort(np.concatenate([own, *others])).astype(np.float32)
        for own, others in (
            (known.unseen_negatives, [each.negatives for each in away.values()]),
            (known.unseen_positives, [each.positives for each in away.values()]),
        )
    ]
    counts = {
        site: {known.negative: len(each.negatives), known.positive: len(each.positives)}
        for site, each in away.items()
    }
    return replace(
        known,
        unseen_negatives=sides[0],
        unseen_positives=sides[1],
        hospitals=dict(sorted({**known.hospitals, **counts}.items())),
        left_out={site: each.by for site, each in away.items()},
    )


def _log_odds(
    model: Classifier, averages: NDArray[np.float32], positive: str, negative: str
) -> NDArray[np.float64]:
    """As shipped; the bias is what a blank square's logits have beyond its averages' share."""
    assert model.head_weights is not None
    blank = np.zeros((1, model.size, model.size), np.uint8)
    weights = model.head_weights.astype(np.float64)
    bias = model.squares(blank)[0] - model.averages(blank)[0].astype(np.float64) @ weights
    first, second = model.labels.index(positive), model.labels.index(negative)
    logits = averages @ weights + bias
    return np.asarray((logits[:, first] - logits[:, second]) / model.bundle.temperature)


def learnt_from(bundle: Bundle) -> set[str]:
    """The hospitals of which the bundle's table has films in val or test."""
    home = table(bundle)
    return set(home[home.split.isin(["val", "test"])].source.astype(str))


def check_held_out(
    frame: pd.DataFrame,
    bundle: Bundle,
    unseen: Sequence[str],
    positive: str,
    negative: str,
    left_out: Collection[str] = (),
) -> None:
    """Refuse hospitals that the network learnt from, or, as those in `left_out`, that lack a
    label."""
    learnt = learnt_from(bundle)
    manifest.refuse(
        [
            f"{name} was learnt from: the bundle's table has films of it in val or test"
            for name in unseen
            if name in learnt
        ]
        + [
            f"{name} has no film of {label}"
            for name in (*unseen, *left_out)
            for label in (positive, negative)
            if not ((frame.source == name) & (frame.label == label)).any()
        ]
        + [f"{name} is named twice" for name in unseen if name in left_out]
        + ["name at least one hospital that was not learnt from"] * (not unseen and not left_out)
    )
