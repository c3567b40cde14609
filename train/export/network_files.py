"""A Keras model as the files of a bundle: LiteRT, Keras, and the head by itself. Needs the
TensorFlow backend."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cxr.errors import BundleError
from cxr.imaging.preprocessing import Preprocessing
from cxr.model.bundle import write_manifest

from ..fit import head_refit
from .fold_batch_norm import fold_and_round


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
