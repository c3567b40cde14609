"""A small U-Net (Ronneberger et al. 2015) on the first eleven blocks of EfficientNet-Lite0: where
each pixel's class is asked for, not the film's.

The encoder stops at a sixteenth of the film's side and starts from ImageNet; the decoder ends at
half of it, and the logits are brought to the full square by interpolation, so that an outline moves
by less than a pixel and the network by a third of the work.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from . import efficientnet_lite0

# The encoder's maps at 1/2, 1/4, 1/8 and 1/16 of the side.
SKIPS = ("block0_project_bn", "block2_add", "block4_add")
DEEPEST = "block10_add"


def _convolve(x: Any, channels: int, name: str) -> Any:
    x = keras.layers.Conv2D(channels, 3, padding="same", use_bias=False, name=name)(x)
    x = keras.layers.BatchNormalization(epsilon=1e-3, momentum=0.95, name=f"{name}_bn")(x)
    return keras.layers.ReLU(max_value=6.0, name=f"{name}_relu")(x)


def build(
    size: int,
    classes: int,
    channels: tuple[int, ...] = (24, 48, 64, 80),
    dropout: float = 0.1,
    imagenet: bool = True,
) -> Any:
    """Build the network.

    Parameters
    ----------
    size : int
        Side of the input, pixels; a multiple of 16.
    classes : int
    channels : four ints
        Of the decoder at 1/2, 1/4, 1/8 and 1/16 of the side.
    dropout : float
        Share of the deepest maps left out while training.
    imagenet : bool
        Start the encoder from ``train/weights/efficientnet_lite0.npz``.

    Returns
    -------
    keras.Model
        Output: logits (batch, size, size, classes).
    """
    if size % 16:
        raise ValueError(f"size must be a multiple of 16 pixels, not {size}")
    if len(channels) != 4:
        raise ValueError(f"channels must be four numbers, not {len(channels)}")
    encoder = efficientnet_lite0.build(size, classes, imagenet=imagenet)
    x = encoder.get_layer(DEEPEST).output
    x = keras.layers.SpatialDropout2D(dropout, name="dropout")(x)
    x = _convolve(x, channels[-1], "decoder16")
    for level in (2, 1, 0):
        skip = encoder.get_layer(SKIPS[level]).output
        side = 2 ** (level + 1)
        x = keras.layers.UpSampling2D(interpolation="bilinear", name=f"up{side}")(x)
        x = keras.layers.Concatenate(name=f"join{side}")([x, skip])
        x = _convolve(x, channels[level], f"decoder{side}")
    x = keras.layers.Conv2D(classes, 1, name="scores")(x)
    x = keras.layers.UpSampling2D(interpolation="bilinear", name="logits")(x)
    return keras.Model(encoder.input, x, name=Path(__file__).stem)
