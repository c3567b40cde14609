"""From a network's last maps to its logits."""

from __future__ import annotations

from typing import Any

import keras


def head(maps: Any, classes: int, hidden: int = 0, dropout: float = 0.0) -> Any:
    """Global average pooling, a hidden layer where one is asked for, a linear layer.

    Parameters
    ----------
    maps : (batch, h, w, channels)
        Named ``features`` here: training may freeze what comes before it.
    classes : int
    hidden : int
        Units of a ReLU layer before the logits; 0 = none, and Grad-CAM is then a matrix product.
    dropout : float
        Share of the last layer's inputs that is left out while training.
    """
    x = keras.layers.Identity(name="features")(maps)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    if hidden:
        x = keras.layers.Dense(hidden, activation="relu", name="hidden")(x)
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    return keras.layers.Dense(classes, name="logits")(x)
