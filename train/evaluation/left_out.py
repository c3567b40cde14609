"""How films of a hospital score where a network like a bundle's never learnt from it: by a run of
``python -m train sites``, or by another bundle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from cxr.errors import DataError
from cxr.imaging.preprocessing import preprocess
from cxr.imaging.reader import read
from cxr.metrics.predictions import table
from cxr.model.bundle import MANIFEST, Bundle, open_bundle, sha256
from cxr.model.calibration import fit_temperature
from cxr.model.classifier import Classifier
from cxr.model.reference import LEVELS, HoldOutNetwork

from ..data import manifest
from ..data.splits import LEFT_OUT
from ..recipes import plan, recipe
from . import evaluate


@dataclass(frozen=True, eq=False)
class HoldOutScores:
    """A hospital's films by a network that never learnt from it.

    Attributes
    ----------
    by : HoldOutNetwork
    negatives, positives : float64 (n,)
        Log-odds at that network's own temperature.
    """

    by: HoldOutNetwork
    negatives: NDArray[np.float64]
    positives: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _ScoredNetwork:
    """Attributes
    ----------
    digest : str
    labels : tuple of str
    temperature : float
    val, films : DataFrame
        What it was chosen by, and the hospital's films; with their logits.
    learnt : bool
        From that hospital, as far as its tables say.
    """

    digest: str
    labels: tuple[str, ...]
    temperature: float
    val: pd.DataFrame
    films: pd.DataFrame
    learnt: bool


def scored(
    bundle: Bundle, where: Path, films: pd.DataFrame, data: Path, positive: str, negative: str
) -> HoldOutScores:
    """
    Parameters
    ----------
    bundle : Bundle
        That is to bring the scores along.
    where : Path
        The other network: a bundle, or a finished run of ``sites``.
    films : DataFrame
        The rows of one hospital, under the bundle's labels.
    data : Path

    Raises
    ------
    DataError
        ``bad_data``: the other network learnt from the hospital, has other labels or is of another
        recipe, or both networks' val share no adult film of `negative`; ``no_recipe``, ``no_run``.
    BundleError
    """
    site = str(films.source.iloc[0])
    _alike(bundle, where)
    other = _of_bundle(where, films, data) if (where / MANIFEST).is_file() else _of_run(where, site)
    manifest.refuse(
        [f"{site} was learnt from by the network in {where.name!r} too"] * other.learnt
        + [f"the network in {where.name!r} has other labels"] * (other.labels != bundle.labels)
    )
    own, its = (_adults(rows, negative) for rows in (table(bundle), other.val))
    both = set(own.image) & set(its.image)
    none = f"no adult film of {negative} is in val of the bundle and of {where.name!r}"
    manifest.refuse([none] * (not both))
    quantiles = [
        np.quantile(_odds(rows[rows.image.isin(both)], positive, negative, by), LEVELS)
        for rows, by in ((own, bundle.temperature), (its, other.temperature))
    ]
    odds = _odds(other.films, positive, negative, other.temperature)
    return HoldOutScores(
        HoldOutNetwork(
            other.digest, len(both), *(tuple(each.round(4).tolist()) for each in quantiles)
        ),
        odds[(other.films.label == negative).to_numpy()],
        odds[(other.films.label == positive).to_numpy()],
    )


def _alike(bundle: Bundle, where: Path) -> None:
    """Refuse a network that was not made as the bundle's was: its scores say nothing of this one's
    elsewhere."""
    own = _plan_of(bundle)
    other = _plan_of(open_bundle(where)) if (where / MANIFEST).is_file() else plan.of_run(where)
    differ = plan.differences(other, own)
    said = f"the network in {where.name!r} is not of the bundle's recipe: {', '.join(differ)}"
    manifest.refuse([said] * bool(differ))


def _plan_of(bundle: Bundle) -> dict[str, Any]:
    if "recipe" not in bundle.provenance:
        raise DataError(
            "no_recipe", f"No recipe led to the bundle {bundle.name!r}, so none is like it."
        )
    return plan.decisive(recipe.stored(bundle.provenance["recipe"]))


def _of_bundle(folder: Path, films: pd.DataFrame, data: Path) -> _ScoredNetwork:
    model = Classifier(folder)
    rows = table(model.bundle)
    site = films.source.iloc[0]
    squares = (
        preprocess(read(data / image).eight_bit, model.preprocessing)
        for image in tqdm(films.image, f"{site} by {folder.name}")
    )
    logits = pd.DataFrame(
        model.squares(squares), films.index, [f"logit_{label}" for label in model.labels]
    )
    return _ScoredNetwork(
        model.bundle.digest,
        model.labels,
        model.bundle.temperature,
        rows[rows.split == "val"],
        films.join(logits),
        bool(rows.split[rows.source == site].isin(["val", "test"]).any()),
    )


def _of_run(run: Path, site: str) -> _ScoredNetwork:
    rows = evaluate.scores(run)
    names = [str(name) for name in rows]
    labels = tuple(name.removeprefix("logit_") for name in names if name.startswith("logit_"))
    val = rows[rows.split == "val"]
    manifest.refuse([f"{run.name!r} holds no score of a film of val"] * val.empty)
    films = rows[(rows.source == site) & (rows.split == LEFT_OUT)]
    truth = evaluate.truth_of(val, labels)
    return _ScoredNetwork(
        sha256(run / "best.weights.h5"),
        labels,
        fit_temperature(evaluate.logits_of(val, labels), truth),
        val,
        films,
        films.empty,
    )


def _adults(rows: pd.DataFrame, label: str) -> pd.DataFrame:
    """Those of val with a label."""
    return rows[
        (rows.split == "val") & (rows.label == label) & (rows.age_group != "paediatric")
    ].drop_duplicates("image")


def _odds(rows: pd.DataFrame, positive: str, negative: str, by: float) -> NDArray[np.float64]:
    found = rows[f"logit_{positive}"] - rows[f"logit_{negative}"]
    return found.to_numpy(np.float64) / by
