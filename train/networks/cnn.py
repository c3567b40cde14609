"""A plain convolutional network: convolution, ReLU and max-pooling by turns, then dense layers."""

from __future__ import annotations

from typing import Any

import keras


def build(
    size: int,
    classes: int,
    channels: tuple[int, ...] = (32, 64, 128, 128),
    hidden: int = 512,
    l1: float = 0.0,
    l2: float = 0.0,
    dropout: float = 0.0,
    normalise: bool = False,
) -> Any:
    """Build the network.

    Parameters
    ----------
    size, classes : int
    channels : ints
        Of each 3 × 3 convolution; each is followed by 2 × 2 max-pooling.
    hidden : int
        Units of the ReLU layer on the flattened maps; 0 = average them instead, and Grad-CAM is
        then a matrix product.
    l1, l2 : float
        Penalties on all weights but the last layer's.
    dropout : float
        Share of the last layer's inputs left out while training.
    normalise : bool
        Batch normalisation after each convolution.
    """
    penalty = keras.regularizers.L1L2(l1, l2) if l1 or l2 else None
    inputs = keras.Input((size, size, 1), name="film")
    x = keras.layers.Rescaling(1 / 255, name="scale")(inputs)
    for i, n in enumerate(channels):
        x = keras.layers.Conv2D(
            n,
            3,
            padding="same" if normalise else "valid",
            use_bias=not normalise,
            kernel_regularizer=penalty,
            name=f"conv{i}",
        )(x)
        if normalise:
            x = keras.layers.BatchNormalization(name=f"norm{i}")(x)
        x = keras.layers.ReLU(name=f"relu{i}")(x)
        x = keras.layers.MaxPooling2D(name=f"pool{i}")(x)
    x = keras.layers.Identity(name="features")(x)
    if hidden:
        x = keras.layers.Flatten(name="flat")(x)
        x = keras.layers.Dense(
            hidden, activation="relu", kernel_regularizer=penalty, name="hidden"
        )(x)
    else:
        x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, keras.layers.Dense(classes, name="logits")(x), name="cnn")
