"""2,541 parameters and no convolution: a film as 10 × 14 light spots.

As published, a film is brought to 1000 × 1300 pixels, a tenth of each side is cut off as margin,
each cell of a 10 × 14 grid keeps its lightest pixel, and three dense layers judge the 140 numbers.
Films of this project have at most 256 pixels a side, so bringing them to that size is upsampling
and adds no detail; here the margin goes first and what is left becomes 800 × 1040, which is the
same but at the very edge and costs a third less.

The one output is a margin s; the logits are (-s/2, s/2), so that their softmax is sigmoid(s).
"""

from __future__ import annotations

from typing import Any

import keras

HEIGHT, WIDTH = 800, 1040
CELL = (HEIGHT // 10, WIDTH // 14)


def build(size: int, classes: int) -> Any:
    """Build the network.

    Parameters
    ----------
    size : int
        Side of the input, pixels; a multiple of 10 lets the margin be a tenth.
    classes : int
        2.
    """
    if classes != 2:
        raise ValueError(f"tiny_mlp tells two labels apart, not {classes}")
    layers = keras.layers
    inputs = keras.Input((size, size, 1), name="film")
    x = layers.Rescaling(1 / 255, name="scale")(inputs)
    x = layers.Cropping2D(size // 10, name="margin")(x)
    x = layers.Resizing(HEIGHT, WIDTH, name="upsample")(x)
    x = layers.MaxPooling2D(CELL, name="cells")(x)
    x = layers.Flatten(name="vector")(x)
    x = layers.Dense(16, kernel_initializer="he_uniform", name="dense16")(x)
    x = layers.LeakyReLU(0.1, name="leaky_relu")(x)
    x = layers.BatchNormalization(name="norm16")(x)
    x = layers.Dense(10, activation="tanh", name="dense10")(x)
    x = layers.BatchNormalization(name="norm10")(x)
    s = layers.Dense(1, name="margin_score")(x)
    halves = [
        layers.Rescaling(-0.5, name="against")(s),
        layers.Rescaling(0.5, name="for")(s),
    ]
    return keras.Model(inputs, layers.Concatenate(name="logits")(halves), name="tiny_mlp")
