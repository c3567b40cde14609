"""The small drawn cases whose numbers peers have given; NumPy and Keras alone, so that the peers'
environment can read it too."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE, CLASSES, COLUMN = 16, 3, 1
STEPS = 10
PATCH, STRIDE = 4, 2
BASELINES = (0, 127)
LABELS = ("N", "P", "T")


def weights() -> list[NDArray[np.float32]]:
    """Kernel and bias of two 3×3 convolutions and one linear layer, in Keras' order."""
    rng = np.random.default_rng(17)
    shapes = [(3, 3, 1, 6), (6,), (3, 3, 6, 8), (8,), (8, CLASSES), (CLASSES,)]
    return [
        (rng.normal(0, 1 / np.sqrt(max(1, np.prod(shape[:-1]))), shape)).astype(np.float32)
        for shape in shapes
    ]


def network() -> Any:
    """Scale, convolve twice without shrinking, average, one linear layer; logits."""
    import keras

    inputs = keras.Input((SIZE, SIZE, 1), name="film")
    x = keras.layers.Rescaling(1 / 32, offset=-4, name="scale")(inputs)
    x = keras.layers.Conv2D(6, 3, padding="same", activation="relu", name="first")(x)
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="maps")(x)
    x = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    model = keras.Model(inputs, keras.layers.Dense(CLASSES, name="logits")(x), name="oracle")
    model.set_weights(weights())
    return model


def squares() -> NDArray[np.uint8]:
    """Three drawn films, uint8 (3, SIZE, SIZE)."""
    y, x = np.mgrid[:SIZE, :SIZE] / (SIZE - 1)
    lungs = 170 - 120 * (np.exp(-((x - 0.28) ** 2) / 0.02) + np.exp(-((x - 0.72) ** 2) / 0.02))
    spot = 90 * np.exp(-((x - 0.7) ** 2 + (y - 0.3) ** 2) / 0.02)
    drawn = [lungs, lungs + spot, 40 + 180 * y * x]
    return np.stack([np.clip(np.rint(each), 0, 255).astype(np.uint8) for each in drawn])


def maps() -> NDArray[np.float32]:
    """A map for each film in which no two values are equal, float32 (3, SIZE, SIZE)."""
    rng = np.random.default_rng(5)
    flat = [rng.permutation(SIZE * SIZE) for _ in range(3)]
    return np.stack(flat).reshape(3, SIZE, SIZE).astype(np.float32)
