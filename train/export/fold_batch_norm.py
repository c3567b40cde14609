"""The network that is shipped, as a Keras model: batch normalisation folded into the convolutions
before it, and every weight a float16 number.

LiteRT folds on its own and then rounds, after which the Keras file beside it is another network:
by up to .02 in a probability on this project's films. Folded and rounded first, both files hold
the same one.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)


def fold_and_round(model: Any) -> Any:
    """A copy of `model` for inference.

    Parameters
    ----------
    model : keras.Model
        Functional. A batch normalisation that does not directly follow a convolution of its own
        stays as it is.

    Returns
    -------
    keras.Model
        The same layers' names; folded normalisations have become ``Identity``.
    """
    folded = {
        layer: convolution
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization)
        and (convolution := _convolution_before(layer)) is not None
    }
    with_bias = set(folded.values())

    def clone(layer: Any) -> Any:
        if layer in folded:
            return keras.layers.Identity(name=layer.name)
        config = layer.get_config()
        if layer in with_bias:
            config["use_bias"] = True
        return type(layer).from_config(config)

    def call(layer: Any, *inputs: Any, **options: Any) -> Any:
        return (
            layer(*inputs)
            if isinstance(layer, keras.layers.Identity)
            else layer(*inputs, **options)
        )

    copy = keras.models.clone_model(model, clone_function=clone, call_function=call)
    normalisation_of = {convolution: layer for layer, convolution in folded.items()}
    for layer in model.layers:
        if layer in folded or not layer.weights:
            continue
        weights = layer.get_weights()
        if layer in normalisation_of:
            weights = _folded_weights(layer, normalisation_of[layer])
        rounded = [w.astype(np.float16).astype(np.float32) for w in weights]
        copy.get_layer(layer.name).set_weights(rounded)
    return copy


def _convolution_before(normalisation: Any) -> Any | None:
    """The convolution without activation whose only reader is `normalisation`."""
    before = normalisation.input._keras_history.operation
    if (
        type(before) in _CONVOLUTIONS
        and before.activation is keras.activations.linear
        and before.data_format == "channels_last"
        and len(before._outbound_nodes) == 1
    ):
        return before
    return None


def _folded_weights(convolution: Any, normalisation: Any) -> list[Any]:
    kernel, *rest = convolution.get_weights()
    bias = rest[0] if rest else 0.0
    variance = keras.ops.convert_to_numpy(normalisation.moving_variance)
    mean = keras.ops.convert_to_numpy(normalisation.moving_mean)
    gamma = keras.ops.convert_to_numpy(normalisation.gamma) if normalisation.scale else 1.0
    beta = keras.ops.convert_to_numpy(normalisation.beta) if normalisation.center else 0.0
    factor = gamma / np.sqrt(variance + normalisation.epsilon)
    per_kernel = (
        factor.reshape(kernel.shape[2:])
        if isinstance(convolution, keras.layers.DepthwiseConv2D)
        else factor
    )
    return [kernel * per_kernel, (bias - mean) * factor + beta]
