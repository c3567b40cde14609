"""The networks that ``keras.applications`` has, behind grey films and with a head of ours.

They start from scratch unless the recipe's ``weights`` says otherwise
(:mod:`train.fit.pretrained`). Their stems take three channels, so the grey one is repeated and
scaled as each base was trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from ._head import head


@dataclass(frozen=True)
class Base:
    """A network, and ``grey * scale + offset`` for each of its channels."""

    build: Callable[..., Any]
    scale: float
    offset: tuple[float, float, float]


# ImageNet's means, blue, green, red: the weights that were first published for Caffe want these.
CAFFE = (-103.939, -116.779, -123.68)
BASES = {
    "vgg19": Base(keras.applications.VGG19, 1.0, CAFFE),
    "resnet50": Base(keras.applications.ResNet50, 1.0, CAFFE),
    "resnet50v2": Base(keras.applications.ResNet50V2, 1 / 127.5, (-1.0, -1.0, -1.0)),
    "xception": Base(keras.applications.Xception, 1 / 127.5, (-1.0, -1.0, -1.0)),
}


def build(
    size: int, classes: int, base: str = "vgg19", hidden: int = 0, dropout: float = 0.0
) -> Any:
    """Build one of :data:`BASES`.

    Parameters
    ----------
    size : int
        Side of the input, pixels; at least 32, for ``xception`` 71.
    classes : int
    base : str
    hidden, dropout
        See :func:`train.networks._head.head`.
    """
    if base not in BASES:
        raise ValueError(f"no base {base!r}; there are {', '.join(BASES)}")
    parts = BASES[base]
    inputs = keras.Input((size, size, 1), name="film")
    channels = [
        keras.layers.Rescaling(parts.scale, offset=offset, name=f"scale_{name}")(inputs)
        for name, offset in zip("abc", parts.offset, strict=True)
    ]
    x = keras.layers.Concatenate(name="three_channels")(channels)
    x = parts.build(include_top=False, weights=None, input_tensor=x).output
    return keras.Model(inputs, head(x, classes, hidden, dropout), name=base)
