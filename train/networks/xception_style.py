"""Separable convolutions in residual blocks, as in Xception (Chollet 2017) but a ninth of its size,
so that it can be trained from scratch."""

from __future__ import annotations

from typing import Any

import keras

from ._head import head


def _normalise(x: Any, name: str) -> Any:
    return keras.layers.BatchNormalization(epsilon=1e-3, momentum=0.9, name=f"{name}_bn")(x)


def _separable(x: Any, channels: int, name: str) -> Any:
    """ReLU, depthwise and pointwise convolution, batch normalisation."""
    x = keras.layers.ReLU(name=f"{name}_relu")(x)
    x = keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"{name}_depthwise")(x)
    x = keras.layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_pointwise")(x)
    return _normalise(x, name)


def build(
    size: int,
    classes: int,
    channels: tuple[int, ...] = (64, 128, 256, 512),
    middle: int = 2,
    hidden: int = 0,
    dropout: float = 0.5,
) -> Any:
    """Build the network.

    Parameters
    ----------
    size : int
        Side of the input, pixels; at least 32.
    classes : int
    channels : ints
        Of the blocks that halve the maps.
    middle : int
        Blocks of three separable convolutions at the last size.
    hidden, dropout
        See :func:`train.networks._head.head`.
    """
    if not channels:
        raise ValueError("channels must be at least one number")
    inputs = keras.Input((size, size, 1), name="film")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(inputs)
    x = keras.layers.Conv2D(32, 3, 2, padding="same", use_bias=False, name="stem")(x)
    x = _normalise(x, "stem")
    for i, n in enumerate(channels):
        shortcut = keras.layers.Conv2D(n, 1, 2, padding="same", use_bias=False, name=f"short{i}")(x)
        shortcut = _normalise(shortcut, f"short{i}")
        x = _separable(x, n, f"down{i}a")
        x = _separable(x, n, f"down{i}b")
        x = keras.layers.MaxPooling2D(3, 2, padding="same", name=f"down{i}_pool")(x)
        x = keras.layers.Add(name=f"down{i}_add")([x, shortcut])
    for i in range(middle):
        shortcut = x
        for part in "abc":
            x = _separable(x, channels[-1], f"middle{i}{part}")
        x = keras.layers.Add(name=f"middle{i}_add")([x, shortcut])
    x = keras.layers.ReLU(name="last_relu")(x)
    return keras.Model(inputs, head(x, classes, hidden, dropout), name="xception_style")
