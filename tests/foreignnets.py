"""Networks as they come from elsewhere, and the command that adopts them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import cxr
from cxr.imaging.preprocessing import Preprocessing, preprocess
from train.data import manifest

SIZE = 24
HOW = Preprocessing(size=SIZE)


def backbone(channels: int = 3) -> Any:
    """A residual network with names that the outer network uses too."""
    import keras

    inputs = keras.Input((SIZE, SIZE, channels), name="input")
    x = keras.layers.Conv2D(6, 3, strides=2, padding="same", name="conv")(inputs)
    x = keras.layers.BatchNormalization(name="norm")(x)
    y = keras.layers.SeparableConv2D(6, 3, padding="same", activation="relu", name="conv2")(x)
    return keras.Model(inputs, keras.layers.Add(name="add")([x, y]), name="backbone")


def nested(head: list[Any], channels: int = 3) -> Any:
    """As students build them: a Sequential around a backbone."""
    import keras

    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, channels)),
            layers.RandomFlip("horizontal"),
            backbone(channels),
            layers.GlobalAveragePooling2D(name="add"),
            layers.Dropout(0.5),
            *head,
        ]
    )


def functional(head: Callable[[Any], Any]) -> Any:
    import keras

    inputs = keras.Input((SIZE, SIZE, 3))
    x = backbone()((inputs + 0.5) * 2, training=False)
    return keras.Model(inputs, head(keras.layers.GlobalAveragePooling2D()(x)))


def taught(data: Path, path: Path, head: str = "sigmoid") -> Path:
    """A nested network of one unit that has learnt N from P on films of 0 to 1."""
    import keras

    keras.utils.set_random_seed(0)
    frame = manifest.load(data)
    frame = frame[(frame.split == "train") & frame.label.isin(["N", "P"])]
    films = [preprocess(cxr.read(data / image).eight_bit, HOW) for image in frame.image]
    fed = np.repeat(np.stack(films)[..., None] / np.float32(255), 3, -1)
    middle = [keras.layers.Flatten()] if head == "flat" else []
    inputs = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Conv2D(8, 5, strides=2, name="first")(inputs)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.8)(x))
    maps = keras.layers.Conv2D(16, 5, strides=2, activation="relu", name="maps")(x)
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            keras.Model(inputs, maps, name="backbone"),
            *(middle or [keras.layers.GlobalAveragePooling2D()]),
            keras.layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    model.fit(fed, (frame.label == "P").to_numpy(float), 8, epochs=40, verbose=0)
    model.save(path)
    return path


def command(model: Path, data: Path, out: Path, *more: str) -> list[str]:
    labels = "N=NORMAL,P=PNEUMONIA"
    return ["adopt", str(model), "--labels", labels, "--data", str(data), "--out", str(out), *more]
