"""Dense layers on the bare pixels."""

from __future__ import annotations

from typing import Any

import keras


def build(
    size: int,
    classes: int,
    hidden: tuple[int, ...] = (64, 32),
    l1: float = 0.0,
    l2: float = 0.0,
    dropout: float = 0.0,
) -> Any:
    """Build the network.

    Parameters
    ----------
    size, classes : int
    hidden : ints
        Units of each ReLU layer.
    l1, l2 : float
        Penalties on the hidden layers' weights.
    dropout : float
        Share left out after each hidden layer while training.
    """
    inputs = keras.Input((size, size, 1), name="film")
    x = keras.layers.Rescaling(1 / 255, name="scale")(inputs)
    x = keras.layers.Flatten(name="pixels")(x)
    for i, units in enumerate(hidden):
        x = keras.layers.Dense(
            units,
            activation="relu",
            kernel_regularizer=keras.regularizers.L1L2(l1, l2),
            name=f"dense{i}",
        )(x)
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"dropout{i}")(x)
    return keras.Model(inputs, keras.layers.Dense(classes, name="logits")(x), name="mlp")
