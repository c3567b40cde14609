"""Fit a bundle's passport: limits from ``val``, linear models and hashes from ``train``, and each
film's flags and scores in ``predictions.csv``. Films of ``test`` and ``external`` are flagged, not
fitted on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from cxr import input_checks
from cxr.errors import BundleError
from cxr.imaging.corruptions import corrupted, rotate
from cxr.imaging.preprocessing import preprocess, reduce_film
from cxr.imaging.reader import read
from cxr.input_checks import Fitted, measures
from cxr.input_checks.fitted import roots, save
from cxr.model import lungs
from cxr.model.bundle import manifest_values, write_manifest
from cxr.model.classifier import Classifier
from cxr.model.lungs import LungFinder

from ...data import manifest
from .. import evaluate

FEATURES, LINES = 3000, 600
"""Films of train that the distance, and the linear models, are fitted on."""
AXES = 32
SHARE = 0.01
"""Of val's films that each limit calls out."""
TURNS = 30.0
"""Degrees either way that films are turned by to learn how turned a film is."""

Film = NDArray[np.uint8]
RULES = {
    "outside": "above: 1 in 100 films of val",
    "inverted": "above: 1 in 100 films of val, .5 at least",
    "noisy": "above: 1 in 100 films of val",
    "burnt_in_text": "above: 1 in 100 films of val",
    "rotated": "above: 1 in 100 films of val",
    "cropped": "above: 1 in 100 films of val, .5 at least",
    "under_exposed": "above: 1 in 200 films of val",
    "over_exposed": "below: 1 in 200 films of val",
    "too_small": "below: 1 in 100 films of val at most",
    "child": "above: 1 in 100 films of val that are not known to be children's, .5 at least",
    "known_film": "below: nearer to a film of train than all but 1 in 1,000 films of val",
}


def fit(model: Classifier, finder: LungFinder, frame: pd.DataFrame, data: Path) -> Fitted:
    """The constants of one network's passport.

    Parameters
    ----------
    model : Classifier
    finder : LungFinder
    frame : DataFrame
        As :func:`train.data.manifest.of_bundle` gives it; rows of train and val are read.
    data : Path
        The folder that ``frame.image`` is relative to.

    Raises
    ------
    DataError
        ``bad_data``: fewer than two films of train, or none of val.
    """
    train, val = (frame[frame.split == split] for split in ("train", "val"))
    manifest.refuse(
        ["train needs two films of the bundle's labels at least"] * (len(train) < 2)
        + ["val has no film of the bundle's labels"] * val.empty
    )
    train = by_hash(train)
    known, averages = [], []
    for i, image in enumerate(tqdm(train.image, "train")):
        film = small(data / image)
        known.append(measures.fingerprint(film))
        if i < FEATURES:
            averages.append(average(model, film))
    lines = _film_lines(finder, [small(data / image) for image in train.image[:LINES]])
    mean, axes = _subspace(np.array(averages))
    if len(mean):
        lines["child"] = _child(np.array(averages), train.iloc[: len(averages)])
    fitted = Fitted({}, mean, axes, lines, np.array(known, np.uint8))
    measured = scores(model, finder, fitted, val.image, data)
    return replace(fitted, limits=limits(measured, _group(val) == "paediatric"))


def by_hash(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows in the order of the sha256 of their paths: the first n are the same on every machine."""
    key = rows.image.map(lambda image: sha256(image.encode()).hexdigest())
    return rows.loc[key.sort_values().index]


def small(path: Path) -> Film:
    """A film as it is measured, uint8, at most 256 pixels."""
    return reduce_film(read(path).eight_bit, input_checks.LONGER_SIDE)


def average(model: Classifier, film: Film) -> NDArray[np.float32]:
    """The last feature maps' averages of a film, float32 (K,)."""
    out: NDArray[np.float32] = model.averages(preprocess(film, model.preprocessing)[None])[0]
    return out


def _subspace(averages: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and the first :data:`AXES` principal axes, rounded as they will be stored."""
    values = roots(averages)
    mean = values.mean(0)
    if not len(mean):
        return mean, np.zeros((0, 0), np.float32)
    _, axes = np.linalg.eigh(np.cov((values - mean).T))
    kept = axes[:, ::-1][:, :AXES]
    return mean.astype(np.float16).astype(np.float32), kept.astype(np.float16).astype(np.float32)


def _film_lines(finder: LungFinder, films: Sequence[Film]) -> dict[str, NDArray[np.float32]]:
    """Linear models of corruptions made from sound films."""
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(0)
    sound = [measures.thumbnail(film) for film in films]
    negative = [
        measures.thumbnail(corrupted(film, "inverted", s)) for film in films for s in (1, 5)
    ]
    upright = [_grid(finder, film) for film in tqdm(films, "lungs")]
    degrees = rng.uniform(-TURNS, TURNS, len(films))
    turned = [
        _grid(finder, rotate(film, turn))
        for film, turn in tqdm(zip(films, degrees, strict=True), "turned", len(films))
    ]
    cut = [_grid(finder, _cut(film, rng)) for film in tqdm(films, "cut")]
    turn = Ridge(alpha=10.0).fit(
        np.array([*upright, *turned]), np.concatenate([np.zeros(len(films)), degrees])
    )
    return {
        "inverted": _logistic(sound, negative),
        "rotated": np.append(turn.coef_, turn.intercept_).astype(np.float32),
        "cropped": _logistic(upright, cut),
    }


def _grid(finder: LungFinder, film: Film) -> NDArray[np.float32]:
    square = preprocess(film, finder.bundle.preprocessing)
    return measures.lung_grid(finder.square(square))


def _cut(film: Film, rng: np.random.Generator) -> Film:
    """A film that lacks .1 to .3 of one side, or of the top and one side."""
    width = film.shape[1]
    down, across = (int(rng.uniform(0.1, 0.3) * side) for side in film.shape)
    kind = rng.integers(3)
    if kind == 0:
        across = 0
    elif kind == 1:
        down = 0
    part = film[down:, across:] if rng.integers(2) else film[down:, : width - across]
    return np.ascontiguousarray(part)


def _logistic(no: Sequence[Any], yes: Sequence[Any], strength: float = 0.01) -> Any:
    from sklearn.linear_model import LogisticRegression

    truth = np.repeat([0, 1], [len(no), len(yes)])
    found = LogisticRegression(C=strength, max_iter=2000, class_weight="balanced").fit(
        np.array([*no, *yes]), truth
    )
    return np.append(found.coef_[0], found.intercept_).astype(np.float32)


def _child(averages: NDArray[np.float32], rows: pd.DataFrame) -> NDArray[np.float32]:
    """Children against adults, of films whose age group is known."""
    group, values = _group(rows), roots(averages)
    children, adults = values[group == "paediatric"], values[group == "adult"]
    if not len(children) or not len(adults):
        never = np.zeros(values.shape[1] + 1, np.float32)
        never[-1] = -10
        return never
    return np.asarray(_logistic(adults, children, 0.1))


def _group(rows: pd.DataFrame) -> NDArray[Any]:
    """Age groups as the manifest gives them, "" where it doesn't."""
    return rows.reindex(columns=["age_group"], fill_value="").age_group.to_numpy()


def scores(
    model: Classifier, finder: LungFinder, fitted: Fitted, images: Iterable[str], data: Path
) -> pd.DataFrame:
    """What each film of a data folder measures, one column a code, in the order of `images`."""
    return pd.DataFrame(
        score(model, finder, fitted, read(data / image).eight_bit)
        for image in tqdm(images, "passports")
    )


def score(model: Classifier, finder: LungFinder, fitted: Fitted, film: Film) -> dict[str, float]:
    """What one film measures, by code."""
    averages = average(model, film) if len(fitted.mean) else None
    return input_checks.scores(film, averages, fitted, finder)


def limits(val: pd.DataFrame, children: NDArray[np.bool_]) -> dict[str, float]:
    """Limits from the scores of val's films, and which are known to be children's, by
    :data:`RULES`."""
    found = {
        code: float(val[code].quantile(1 - SHARE))
        for code in ("outside", "inverted", "noisy", "burnt_in_text", "rotated", "cropped")
        if code in val
    }
    for code in ("inverted", "cropped"):
        found[code] = max(0.5, found[code])
    if "child" in val:
        found["child"] = max(0.5, float(val.child[~children].quantile(1 - SHARE)))
    return found | {
        "under_exposed": float(val.under_exposed.quantile(1 - SHARE / 2)),
        "over_exposed": float(val.over_exposed.quantile(SHARE / 2)),
        "too_small": float(val.too_small.quantile(SHARE)),
        "known_film": float(val.known_film.quantile(0.001)),
    }


def flags(scored: pd.DataFrame, fitted: Fitted, finder: LungFinder) -> NDArray[np.bool_]:
    """What is flagged: bool (films, codes), in the order of the columns of `scored`."""
    threshold = float(finder.bundle.operating_points["lung"]["threshold"])
    limit = {**fitted.limits, "not_chest": threshold}
    return np.column_stack(
        [
            [input_checks.Finding(code, value, limit[code]).flagged for value in scored[code]]
            for code in map(str, scored)
        ]
    )


def store(
    folder: Path, frame: pd.DataFrame, data: Path, finder: LungFinder | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit a bundle's passport and write it into the bundle: constants, and what its films measure.

    Parameters
    ----------
    folder : Path
    frame : DataFrame
        As :func:`train.data.manifest.of_bundle` gives it.
    data : Path
        The folder that ``frame.image`` is relative to.
    finder : LungFinder, optional
        By default the one that ships.

    Returns
    -------
    The rows of ``predictions.csv``, with their flags in ``passport`` and each check's score in
    ``check_<code>`` (four digits); and the scores.

    Raises
    ------
    BundleError
        ``no_predictions`` if the bundle was never evaluated.
    DataError
        See :func:`fit`.
    """
    model, finder = Classifier(folder), finder or lungs.load()
    rows = evaluate.predictions(folder)
    if not (rows.split == "val").any():
        raise BundleError(
            "no_predictions",
            "The bundle holds no predictions of val, which the limits come from. Export it first: "
            "python -m train export --recipe NAME --data DIR --out models/NAME",
        )
    fitted = fit(model, finder, frame, data)
    scored = scores(model, finder, fitted, rows.image, data)
    flagged = flags(scored, fitted, finder)
    rows["passport"] = [";".join(scored.columns[each]) for each in flagged]
    for code in scored:
        rows[f"check_{code}"] = scored[code].map("{:.4g}".format)
    values = manifest_values(folder)
    save(folder, fitted, model.bundle.digest, RULES)
    rows.to_csv(folder / "predictions.csv", index=False, float_format="%.6f", lineterminator="\n")
    write_manifest(folder, values)
    return rows, scored
