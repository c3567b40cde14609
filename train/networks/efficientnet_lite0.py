"""EfficientNet-Lite0 (Tan and Le 2019, the Lite variant of Liu 2020): mobile inverted
bottlenecks with ReLU6 and no squeeze-and-excitation, then global average pooling and one linear
layer, so that Grad-CAM is a matrix product.

The stem takes one grey channel: its ImageNet kernels are summed over red, green and blue, which
gives the same answer as three equal channels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

IMAGENET = Path(__file__).parents[1] / "weights" / "efficientnet_lite0.npz"

# (blocks, kernel, stride of the first, expansion, channels)
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def _normalise(x: Any, name: str, relu: bool = True, last: str | None = None) -> Any:
    x = keras.layers.BatchNormalization(epsilon=1e-3, momentum=0.99, name=f"{name}_bn")(x)
    return keras.layers.ReLU(max_value=6.0, name=last or f"{name}_relu")(x) if relu else x


def _block(x: Any, name: str, kernel: int, stride: int, expansion: int, channels: int) -> Any:
    shortcut, inside = x, x.shape[-1] * expansion
    if expansion != 1:
        x = keras.layers.Conv2D(inside, 1, use_bias=False, name=f"{name}_expand")(x)
        x = _normalise(x, f"{name}_expand")
    x = keras.layers.DepthwiseConv2D(
        kernel, stride, padding="same", use_bias=False, name=f"{name}_depthwise"
    )(x)
    x = _normalise(x, f"{name}_depthwise")
    x = keras.layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_project")(x)
    x = _normalise(x, f"{name}_project", relu=False)
    if stride == 1 and shortcut.shape[-1] == channels:
        x = keras.layers.Add(name=f"{name}_add")([x, shortcut])
    return x


@keras.saving.register_keras_serializable("cxr")
class MixStyle(keras.layers.Layer):
    """While training, half the time, give each film's maps the mean and spread, channel by channel,
    that lie between its own and another film's of the batch (Zhou et al. 2021)."""

    def call(self, x: Any, training: bool = False) -> Any:
        if not training:
            return x
        ops, random = keras.ops, keras.random
        mean = ops.stop_gradient(ops.mean(x, (1, 2), keepdims=True))
        spread = ops.stop_gradient(ops.sqrt(ops.var(x, (1, 2), keepdims=True) + 1e-5))
        order = random.shuffle(ops.arange(ops.shape(x)[0]))
        share = random.beta((ops.shape(x)[0], 1, 1, 1), 0.1, 0.1)
        share = ops.cast(ops.where(random.uniform(()) < 0.5, 1.0, share), x.dtype)
        other_mean, other_spread = ops.take(mean, order, 0), ops.take(spread, order, 0)
        mixed_mean = share * mean + (1 - share) * other_mean
        return (x - mean) / spread * (share * spread + (1 - share) * other_spread) + mixed_mean


def build(
    size: int,
    classes: int,
    dropout: float = 0.2,
    imagenet: bool = True,
    mixstyle: bool = False,
    frozen: int = 0,
) -> Any:
    """Build the network, from ImageNet weights unless `imagenet` is false.

    Parameters
    ----------
    size : int
        Side of the input, pixels; at least 32.
    classes : int
    dropout : float
        Share of the pooled features left out while training.
    imagenet : bool
        Start from ``train/weights/efficientnet_lite0.npz``.
    mixstyle : bool
        Put a :class:`MixStyle` behind the first blocks of 24, 40 and 80 channels.
    frozen : int
        The stem and so many of the 16 blocks do not learn; 0 = all learn.
    """
    if not 0 <= frozen <= 16:
        raise ValueError(f"frozen must be 0 to 16 blocks, not {frozen}")
    inputs = keras.Input((size, size, 1), name="film")
    x = keras.layers.Rescaling(1 / 128, offset=-127 / 128, name="scale")(inputs)
    x = keras.layers.Conv2D(32, 3, 2, padding="same", use_bias=False, name="stem")(x)
    x = _normalise(x, "stem")
    index = 0
    for blocks, kernel, stride, expansion, channels in STAGES:
        for i in range(blocks):
            x = _block(x, f"block{index}", kernel, stride if i == 0 else 1, expansion, channels)
            index += 1
            if mixstyle and index in (2, 4, 6):
                x = MixStyle(name=f"mixstyle{index}")(x)
    x = keras.layers.Conv2D(1280, 1, use_bias=False, name="head")(x)
    x = _normalise(x, "head", last="features")
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    x = keras.layers.Dense(classes, name="logits")(x)
    model = keras.Model(inputs, x, name=Path(__file__).stem)
    if imagenet:
        load_imagenet(model)
    fixed = ("stem", *(f"block{i}_" for i in range(frozen))) if frozen else ()
    for layer in model.layers:
        layer.trainable = not layer.name.startswith(fixed) if fixed else True
    return model


def load_imagenet(model: Any) -> None:
    """Fill every layer but the last from the converted ImageNet arrays."""
    with np.load(IMAGENET, allow_pickle=False) as arrays:
        for layer in model.layers:
            if layer.name != "logits" and layer.weights:
                layer.set_weights([arrays[f"{layer.name}/{w.name}"] for w in layer.weights])
