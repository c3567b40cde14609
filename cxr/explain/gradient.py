"""Gradients through TensorFlow, from ``model.keras``. Imported only when a map needs them."""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..classifier import Classifier
from ..errors import ExplainError
from ..keras_file import open_keras
from ..preprocess import preprocess, shown_places
from ..radiograph import Radiograph

_LOCK = threading.Lock()


def at_layer(
    model: Classifier, film: Radiograph, column: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The Grad-CAM layer's maps and the gradient of a logit by them, each float32 (h, w, K).

    Parameters
    ----------
    model : Classifier
        With a ``gradcam_layer``.
    film : Radiograph
    column : int
        Place of the class among the logits.

    Raises
    ------
    ExplainError
        ``no_tensorflow``, or ``no_layer`` if the Keras model lacks the Grad-CAM layer.
    """
    tf = _tensorflow()
    square = preprocess(film.eight_bit, model.preprocessing)
    inputs = tf.constant(square[None, ..., None], tf.float32)
    with _LOCK:
        network = _network(model.bundle.folder, model.bundle.digest, model.bundle.gradcam_layer)
        with tf.GradientTape() as tape:
            # Weights are watched anyway, but there may be none before the maps.
            tape.watch(inputs)
            features, logits = network(inputs, training=False)
            logit = logits[0, column]
        gradient = tape.gradient(logit, features)
    return features.numpy()[0], gradient.numpy()[0]


def at_input(
    model: Classifier, squares: NDArray[np.float32], column: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A logit of each square, and its gradient by that square's pixels, which is 0 in a hidden rim.

    Parameters
    ----------
    squares : float32 (n, size, size)
        0 to 255.
    column : int

    Returns
    -------
    logits : float32 (n,)
    gradients : float32 (n, size, size)
        Logits per grey level.

    Raises
    ------
    ExplainError
        ``no_tensorflow``.
    """
    tf = _tensorflow()
    inputs = tf.constant(squares[..., None], tf.float32)
    shown = shown_places(model.size, model.preprocessing.rim)
    with _LOCK:
        network = _network(model.bundle.folder, model.bundle.digest, None)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            films = tf.gather(tf.gather(inputs, shown, axis=1), shown, axis=2)
            logits = network(films, training=False)[:, column]
        gradients = tape.gradient(logits, inputs)
    return logits.numpy(), gradients.numpy()[..., 0]


def _tensorflow() -> Any:
    try:
        import tensorflow as tf
    except ImportError as error:
        raise ExplainError(
            "no_tensorflow",
            "This map needs TensorFlow, which is not installed. Use occlusion.",
        ) from error
    return tf


@lru_cache(maxsize=4)
def _network(folder: Path, digest: str, layer: str | None) -> Any:
    """The bundle's Keras model with outputs (maps of `layer`, logits), or logits alone where no
    layer is asked for; `digest` tells two apart that stood in the same folder."""
    model = open_keras(folder / "model.keras")
    if layer is None:
        return model
    path = _path_to(model, layer)
    if not path:
        raise ExplainError(
            "no_layer", f"model.keras has no layer {layer!r}. Export the bundle again."
        )
    return _with_maps(model, path)


def _path_to(model: Any, name: str) -> list[Any]:
    """The layers from `model` down to the one called `name`, through nested models."""
    for layer in model.layers:
        if layer.name == name:
            return [layer]
        if below := _path_to(layer, name) if hasattr(layer, "layers") else []:
            return [layer, *below]
    return []


def _with_maps(model: Any, path: list[Any]) -> Any:
    """`model` with the output of the last layer of `path` as a first output; weights are shared.

    The graph is laid anew and the tensor taken while it is: a nested model is a graph of its own,
    of which the outer one has no tensors, and ``layer.output`` is the layer's first call, which in
    a loaded ``Sequential`` is not the one that leads to the output.
    """
    import keras

    nested = _with_maps(path[0], path[1:]) if path[1:] else None
    maps = []

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        if layer is not path[0]:
            return layer(*args, **kwargs)
        found = nested(*args, **kwargs) if nested else [layer(*args, **kwargs)] * 2
        maps.append(found[0])
        return found[1]

    graph = keras.models.clone_model(
        keras.Model(model.inputs, model.outputs),
        clone_function=lambda layer: layer,
        call_function=call,
    )
    return keras.Model(graph.inputs, [maps[-1], graph.outputs[0]])
