"""Gradients through TensorFlow, from ``model.keras``: what the gradients' own process works out.

Loads TensorFlow when it is imported, so only that process imports it; everybody else asks
:mod:`cxr.explain.gradient`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ..errors import BundleError, ExplainError
from ..imaging.preprocessing import enlargement
from ..model.bundle import open_bundle
from ..model.keras_archive import open_keras


def at_layer(
    folder: Path, digest: str, layer: str, square: NDArray[np.float32], column: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The maps of a layer and the gradient of a logit by them, each float32 (h, w, K).

    Parameters
    ----------
    folder, digest
        Of the bundle.
    layer : str
    square : float32 (size, size)
        As the network is fed.
    column : int
        Place of the class among the logits.

    Raises
    ------
    ExplainError
        ``no_layer``.
    BundleError
        Those of :func:`cxr.model.bundle.open_bundle` and
        :func:`cxr.model.keras_archive.open_keras`.
    """
    network = _network(folder, digest, layer)
    inputs = tf.constant(square[None, ..., None], tf.float32)
    with tf.GradientTape() as tape:
        # Weights are watched anyway, but there may be none before the maps.
        tape.watch(inputs)
        features, logits = network(inputs, training=False)
        logit = logits[0, column]
    gradient = tape.gradient(logit, features)
    return features.numpy()[0], gradient.numpy()[0]


def at_input(
    folder: Path,
    digest: str,
    squares: NDArray[np.float32],
    column: int,
    crop: int,
    site: tuple[str, NDArray[np.float32]] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A logit of each square, and its gradient by that square's pixels.

    Parameters
    ----------
    folder, digest, column
        See :func:`at_layer`.
    squares : float32 (n, size, size)
    crop : int
        Pixels at each edge that the network is not shown, and that so have no gradient.
    site : (str, float32 (K,)), optional
        A layer, and what a hospital's head adds to the logit for each of its maps' averages.

    Returns
    -------
    logits : float32 (n,)
    gradients : float32 (n, size, size)

    Raises
    ------
    ExplainError, BundleError
        See :func:`at_layer`.
    """
    network = _network(folder, digest, site[0] if site else None)
    enlarge = tf.constant(enlargement(squares.shape[1], crop))
    inputs = tf.constant(squares[..., None], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        films = tf.einsum("ij,njkc,lk->nilc", enlarge, inputs, enlarge)
        if site is None:
            logits = network(films, training=False)[:, column]
        else:
            maps, all_logits = network(films, training=False)
            share = tf.linalg.matvec(tf.reduce_mean(maps, (1, 2)), site[1])
            logits = all_logits[:, column] + share
    gradients = tape.gradient(logits, inputs)
    return logits.numpy(), gradients.numpy()[..., 0]


@lru_cache(maxsize=4)
def _network(folder: Path, digest: str, layer: str | None) -> Any:
    """The bundle's Keras model with outputs (maps of `layer`, logits), or logits alone where no
    layer is asked for; `digest` tells two apart that stood in the same folder."""
    if open_bundle(folder).digest != digest:
        raise BundleError(
            "altered_file", "The bundle is no longer the one that was loaded. Load it again."
        )
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
