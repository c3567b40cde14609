"""From a run's best weights to a complete bundle. Needs the TensorFlow backend."""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxr.errors import BundleError, DataError
from cxr.imaging.preprocessing import Preprocessing
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
from .fold_batch_norm import fold_and_round

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
        The bundle's own, but for its ``training.refit`` and what training does not see.
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
    if rest := [each for each in differ if each != "training.refit"]:
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


def write_network(
    model: Any,
    labels: tuple[str, ...],
    how: Preprocessing,
    folder: Path,
    half: bool = True,
    maps_of: Callable[[Any], str | None] | None = None,
) -> dict[str, Any]:
    """Write a loadable bundle of a Keras model that gives logits, not yet calibrated or evaluated.

    Parameters
    ----------
    model : keras.Model
        Input float32 (batch, how.size, how.size, 1), 0 to 255; output logits.
    labels : tuple of str
    how : Preprocessing
    folder : Path
        Made anew.
    half : bool
        Ship the network that :func:`train.export.fold_batch_norm.fold_and_round` makes of `model`,
        with float16 weights; otherwise `model` itself in float32.
    maps_of : callable, optional
        Names the layer that Grad-CAM reads where the head is not linear in averages of maps: by
        default one called "features", else the last convolution.

    Returns
    -------
    dict
        What :func:`cxr.model.bundle.write_manifest` was given.

    Raises
    ------
    BundleError
        ``not_logits`` if the model ends in a softmax or sigmoid.
    """
    folder.mkdir(parents=True)
    model = fold_and_round(model) if half else model
    layer, head = _find_head(model)
    if head is None and maps_of:
        layer = maps_of(model)
    (folder / "model.tflite").write_bytes(_to_tflite(model, layer, how.size, half))
    model.save(folder / "model.keras", include_optimizer=False)
    if head is not None:
        np.save(folder / "head.npy", head)
    (folder / "history.csv").write_text("epoch\n")
    (folder / "predictions.csv").write_text("image,split,source,label\n")
    values: dict[str, Any] = {
        "name": folder.name,
        "created": date.today().isoformat(),
        "labels": list(labels),
        "preprocessing": how.to_dict(),
        "gradcam_layer": layer,
        "head": "gap_linear" if head is not None else "other",
        "temperature": 1.0,
        "operating_points": {},
        "metrics": {},
        "agreement": {},
        "provenance": {},
    }
    write_manifest(folder, values)
    return values


def _find_head(model: Any) -> tuple[str | None, NDArray[np.float32] | None]:
    """The layer that Grad-CAM reads, and the head's weights (K, classes) if the logits are linear
    in the averages of that layer's maps."""
    layers = [layer for layer in model.layers if "dropout" not in type(layer).__name__.lower()]
    last = layers[-1]
    if isinstance(last, keras.layers.Softmax) or getattr(last, "activation", None) in (
        keras.activations.softmax,
        keras.activations.sigmoid,
    ):
        raise BundleError(
            "not_logits",
            "The model ends in probabilities. Calibration needs logits: leave the last activation "
            "out.",
        )
    if (end := head_refit.linear_end(model)) is not None:
        last, before = end
        source = before.input._keras_history.operation
        return source.name, keras.ops.convert_to_numpy(last.kernel).astype(np.float32)
    named = next((x for x in layers if x.name == "features" and len(x.output.shape) == 4), None)
    return named.name if named else _last_convolution(model), None


def _last_convolution(model: Any) -> str | None:
    for layer in reversed(model.layers):
        if isinstance(layer, keras.Model):
            if name := _last_convolution(layer):
                return name
        elif isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            out: str | None = layer.name
            return out
    return None


def _to_tflite(model: Any, layer: str | None, size: int, half: bool) -> bytes:
    import tensorflow as tf

    outputs = {"logits": model.output}
    if layer and layer in {each.name for each in model.layers}:
        outputs["features"] = model.get_layer(layer).output
    both = keras.Model(model.input, outputs)
    archive = keras.export.ExportArchive()
    archive.track(both)
    archive.add_endpoint(
        "serve",
        lambda film: both(film, training=False),
        input_signature=[tf.TensorSpec((None, size, size, 1), tf.float32, name="film")],
    )
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if half:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        return bytes(converter.convert())


def export_fp32(trained: Any, values: Mapping[str, Any], folder: Path, target: Path) -> None:
    """A copy of the bundle in `folder`, `target`, with the trained network in float32: the
    conversion can be measured apart from the rounding."""
    shutil.copytree(folder, target)
    size, layer = values["preprocessing"]["size"], values["gradcam_layer"]
    (target / "model.tflite").write_bytes(_to_tflite(trained, layer, size, half=False))
    write_manifest(target, values)


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
