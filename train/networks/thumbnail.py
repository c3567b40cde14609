"""Logistic regression on the bare pixels: what can be told from a film without seeing anatomy.

At 16 × 16 pixels it is the reference that a network's score must beat before it means anything.
"""

from __future__ import annotations

from typing import Any

import keras


def build(size: int, classes: int, decay: float = 1e-4) -> Any:
    """Build ``softmax(W · pixels + b)``.

    Parameters
    ----------
    size, classes : int
    decay : float
        L2 penalty on ``W``.
    """
    inputs = keras.Input((size, size, 1), name="film")
    x = keras.layers.Rescaling(1 / 64, offset=-127 / 64, name="scale")(inputs)
    x = keras.layers.Flatten(name="pixels")(x)
    head = keras.layers.Dense(
        classes, kernel_regularizer=keras.regularizers.L2(decay), name="logits"
    )
    return keras.Model(inputs, head(x), name="thumbnail")
