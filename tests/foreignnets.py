"""Networks as they come from elsewhere, and the command that adopts them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

SIZE = 24
STUDENT, FLAT = (
    Path(__file__).parent / "bundles" / "students" / name
    for name in ("averaged.keras", "flat.keras")
)
"""Nested networks of one unit that tell N from P on films of 0 to 1: ``bundles/make_students.py``
made them. The head of the second is not linear in the averages of its maps."""


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


def command(model: Path, data: Path, out: Path, *more: str) -> list[str]:
    labels = "N=NORMAL,P=PNEUMONIA"
    return ["adopt", str(model), "--labels", labels, "--data", str(data), "--out", str(out), *more]
