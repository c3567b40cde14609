"""From a run's best weights to a complete bundle. Needs the TensorFlow backend."""

from __future__ import annotations

import platform
import shutil
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxr.errors import BundleError, DataError
from cxr.model.bundle import Bundle, open_bundle, write_manifest
from cxr.model.classifier import Classifier

from .. import networks
from ..data import manifest
from ..data.splits import LEFT_OUT, external_where_left_out
from ..fit import head_refit
from ..fit.runs import claim
from ..fit.training import build, predict
from ..recipes import plan
from ..recipes.recipe import Recipe, stored
from . import fit_on_val
from .network_files import export_fp32, write_network

LOGIT_LIMIT, PROBABILITY_LIMIT, SAME_CLASS_LIMIT = 1e-3, 0.01, 0.995


def export_run(
    recipe: Recipe, run: Path, films: NDArray[np.uint8], frame: pd.DataFrame, out: Path
) -> Bundle:
    """Write the bundle of a finished run: networks, predictions, calibration, figures.

    Parameters
    ----------
    recipe : Recipe
    run : Path
        As :func:`train.fit.training.fit` leaves it.
    films : uint8 (n, S, S)
        The cache, in the order of `frame`.
    frame : DataFrame
        Of a run that left sites out, with their films in the split "left_out": in the bundle they
        are external, their films of test too.
    out : Path
        The bundle's folder; replaced only when the new one is complete.

    Raises
    ------
    BundleError
        ``export_differs`` if the exported network does not agree with the Keras model on val.
    DataError
        See :func:`train.fit.runs.claim`.
    """
    claim(run, recipe, frame)
    model = build(recipe)
    model.load_weights(run / "best.weights.h5")
    return export_model(model, recipe, films, frame, run / "history.csv", out)


def refit(folder: Path, recipe: Recipe, films: NDArray[np.uint8], frame: pd.DataFrame) -> Bundle:
    """Give a bundle's network the last layer that a recipe asks for, and write the bundle anew.

    Parameters
    ----------
    folder : Path
    recipe : Recipe
        The bundle's own, but for its ``training.refit`` and ``refit_copies``, its card, operating
        points and search.
    films, frame
        See :func:`export_run`.

    Raises
    ------
    BundleError
        See :func:`export_run`, and what opening the bundle raises.
    DataError
        ``other_recipe``: the bundle was made by another; ``bad_recipe``: nothing is to be fitted,
        or the network's last layer cannot be.
    """
    bundle = open_bundle(folder)
    made = stored(bundle.provenance["recipe"]) if "recipe" in bundle.provenance else None
    differ = plan.differences(plan.decisive(made), plan.decisive(recipe)) if made else ["all of it"]
    if rest := [each for each in differ if not each.startswith("training.refit")]:
        raise DataError(
            "other_recipe",
            f"The bundle {bundle.name!r} is of another recipe: {', '.join(rest)}.",
        )
    if not recipe.training.refit:
        raise DataError(
            "bad_recipe", "The recipe's [training] has no refit: nothing is to be done."
        )
    if made and made.training.refit:
        raise DataError("bad_recipe", f"The last layer of {bundle.name!r} was fitted anew already.")
    size = bundle.preprocessing.size
    model = networks.build("bundle", size, len(recipe.labels), path=str(folder))
    return export_model(model, recipe, films, frame, folder / "history.csv", folder)


def export_model(
    model: Any,
    recipe: Recipe,
    films: NDArray[np.uint8],
    frame: pd.DataFrame,
    history: Path,
    out: Path,
) -> Bundle:
    """The same of a trained model and the history of its training; see :func:`export_run`."""
    head_refit.apply(model, recipe, films, frame)
    away = sorted(set(frame.source[frame.split == LEFT_OUT]))
    frame = external_where_left_out(frame)
    with tempfile.TemporaryDirectory(dir=_parent(out)) as scratch:
        folder = Path(scratch) / out.name
        values = write_network(model, recipe.labels, recipe.preprocessing, folder)
        shutil.copy(history, folder / "history.csv")
        fp32 = Path(scratch) / "fp32"
        export_fp32(model, values, folder, fp32)
        values["provenance"] = provenance(recipe, frame, "label")
        values["provenance"] |= {"left_out": away} if away else {}
        _evaluate(folder, fp32, model, values, films, frame)
        if out.exists():
            out.rename(Path(scratch) / "replaced")
        folder.rename(out)
    return open_bundle(out)


def _parent(out: Path) -> Path:
    out.parent.mkdir(parents=True, exist_ok=True)
    return out.parent


def provenance(recipe: Recipe, frame: pd.DataFrame, by: str) -> dict[str, Any]:
    """What a bundle says it came from; films are counted for each split by a column of `frame`."""
    return {
        "recipe": recipe.to_dict(),
        "data": manifest.fingerprint(frame),
        "films": (frame.split + " " + frame[by]).value_counts(sort=False).to_dict(),
        "python": platform.python_version(),
        "keras": keras.__version__,
    }


def _evaluate(
    folder: Path,
    fp32: Path,
    trained: Any,
    values: dict[str, Any],
    films: NDArray[np.uint8],
    frame: pd.DataFrame,
) -> None:
    labels, crop = tuple(values["labels"]), values["preprocessing"]["crop"]
    keep = np.flatnonzero(frame.split != "train")
    rows = manifest.described(frame).iloc[keep].copy()
    write_manifest(folder, values)
    logits = Classifier(folder).squares(films[row] for row in keep)
    for k, label in enumerate(labels):
        rows[f"logit_{label}"] = logits[:, k]
    rows.to_csv(folder / "predictions.csv", index=False, float_format="%.6f", lineterminator="\n")
    wish = fit_on_val.wished(values["provenance"]["recipe"])
    values |= fit_on_val.fitted(rows, labels, wish)
    write_manifest(folder, values)
    classifier = Classifier(folder)
    val = (rows.split == "val").to_numpy()
    on_val = keep[val]
    shipped = keras.models.load_model(folder / "model.keras", compile=False)
    values["agreement"] = agreement(
        classifier,
        trained=predict(trained, films, on_val, crop=crop),
        fp32=Classifier(fp32).squares(films[row] for row in on_val),
        shipped=logits[val],
        shipped_keras=predict(shipped, films, on_val, crop=crop),
    )
    write_manifest(folder, values)


def agreement(
    classifier: Classifier,
    trained: NDArray[np.float32],
    fp32: NDArray[np.float32],
    shipped: NDArray[np.float32],
    shipped_keras: NDArray[np.float32],
) -> dict[str, float]:
    """How far the exports are from the Keras models on the same films.

    Parameters
    ----------
    classifier : Classifier
        Calibrates.
    trained, fp32, shipped, shipped_keras : float32 (n, classes)
        Logits of the trained model, of its float32 export, of ``model.tflite`` and of
        ``model.keras``.

    Returns
    -------
    dict
        ``rounding_…``: what folding and float16 changed against the trained model.

    Raises
    ------
    BundleError
        ``export_differs``: fp32 logits by more than 1e-3 from the trained model's, shipped
        probabilities by .01 from ``model.keras``, or another class on more than 0.5 % of the
        films than either.
    """
    ours, same, before = (classifier.calibrate(x) for x in (shipped, shipped_keras, trained))
    found = {
        "films": len(shipped),
        "fp32_logit_difference": float(np.abs(fp32 - trained).max()),
        "shipped_probability_difference": float(np.abs(ours - same).max()),
        "shipped_same_class": float((ours.argmax(1) == same.argmax(1)).mean()),
        "rounding_probability_difference": float(np.abs(ours - before).max()),
        "rounding_same_class": float((ours.argmax(1) == before.argmax(1)).mean()),
    }
    if (
        found["fp32_logit_difference"] > LOGIT_LIMIT
        or found["shipped_probability_difference"] >= PROBABILITY_LIMIT
        or min(found["shipped_same_class"], found["rounding_same_class"]) < SAME_CLASS_LIMIT
    ):
        raise BundleError("export_differs", f"The export does not agree with the model: {found}.")
    return found
