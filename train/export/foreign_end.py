"""How a foreign network ends, and how logits are had of it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from cxr.errors import BundleError

_LEAST = 1e-7
"""Least probability of which a logarithm is taken: the logits of a network whose end cannot be
taken off lie within 16 of 0."""


def _step(tensor: Any) -> tuple[Any, Any]:
    """What made a tensor, and what of: None for an input."""
    history = tensor._keras_history
    node = history.operation._inbound_nodes[history.node_index]
    return history.operation, next(iter(node.input_tensors), None)


def without_end(output: Any) -> tuple[Any, str | None]:
    """Take the softmax or sigmoid off an output.

    Returns
    -------
    output : KerasTensor
        The one before it; a linear layer's own activation is taken off in place.
    end : {"softmax", "sigmoid", "logits"} or None
        None where the layers do not tell.

    Raises
    ------
    BundleError
        ``unknown_head`` if the last layer is linear but for another activation.
    """
    layer, before = _step(output)
    activation = getattr(layer, "activation", None)
    kinds = {keras.activations.softmax: "softmax", keras.activations.sigmoid: "sigmoid"}
    kind = kinds.get(activation) or {"Softmax": "softmax", "Sigmoid": "sigmoid"}.get(
        type(layer).__name__
    )
    if kind == "softmax" and getattr(layer, "axis", -1) not in (-1, len(output.shape) - 1):
        return output, None
    if kind and isinstance(layer, keras.layers.Dense):
        layer.activation = keras.activations.linear  # a copy, made by lay()
        return output, kind
    if kind and (type(layer).__name__ in ("Activation", "Softmax", "Sigmoid")):
        return before, kind
    if isinstance(layer, keras.layers.Dense):
        if activation is not keras.activations.linear:
            raise BundleError(
                "unknown_head",
                "The network ends in neither logits, softmax nor sigmoid, so its outputs cannot be "
                "calibrated. Give it a linear last layer and train that.",
            )
        return output, "logits"
    return output, None


def answers(network: Any) -> str:
    """Whether a network's outputs are probabilities: asked with noise of several strengths."""
    rng = np.random.default_rng(0)
    shape = network.input_shape[1:]
    films = [rng.normal(0, strength, (4, *shape)) for strength in (0.5, 5, 50, 255)]
    said = network.predict_on_batch(np.concatenate(films).astype(np.float32))
    if not np.isfinite(said).all() or said.min() < 0 or said.max() > 1 + 1e-4:
        return "logits"
    return "probabilities" if said.shape[1] == 1 or np.ptp(said.sum(1)) < 1e-3 else "logits"


def logarithm(p: Any) -> Any:
    """Logarithms of probabilities, of a single one and what it leaves."""
    if p.shape[-1] == 1:
        p = keras.layers.Concatenate(name="both_probabilities")([1 - p, p])
    return keras.ops.log(keras.ops.maximum(p, _LEAST))


def two_logits(z: Any) -> Any:
    """(batch, 1) to (batch, 2): 0 and z. Folded into a linear layer that made z."""
    layer, before = _step(z)
    folds = isinstance(layer, keras.layers.Dense)
    two = keras.layers.Dense(2, use_bias=bool(folds and layer.use_bias), name="two_logits")
    logits = two(before if folds else z)
    weights = layer.get_weights() if folds else [np.ones((1, 1), np.float32)]
    two.set_weights([np.concatenate([0 * w, w], axis=-1) for w in weights])
    return logits


def is_closed(output: Any) -> bool:
    """Whether the output is linear in the averages of a layer's maps, with nothing between."""
    head, averages = _step(output)
    if not isinstance(head, keras.layers.Dense):
        return False
    pool, maps = _step(averages)
    if maps is None:
        return False
    source = _step(maps)[0]
    return (
        isinstance(pool, keras.layers.GlobalAveragePooling2D)
        and not pool.keepdims
        and pool.data_format == "channels_last"
        and isinstance(source, keras.Layer)
        and not isinstance(source, keras.layers.InputLayer)
    )
