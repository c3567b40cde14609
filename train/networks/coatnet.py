"""CoAtNet (Dai, Liu, Le and Tan 2021, arXiv 2106.04803), sizes 0 to 4: convolutions, then mobile
inverted bottlenecks, then transformers with relative attention (C-M-M-T-T).

Made of Keras' own layers and operations alone, so that ``model.keras`` opens without this file. The
relative bias, one number a head for each offset (row, column) between two cells, is an embedding of
that offset. The attention's input is a square of a size known when it is built.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from ._head import head


@dataclass(frozen=True)
class Size:
    """Blocks and channels of the stages S0 to S4 (table 3 of the paper)."""

    blocks: tuple[int, ...]
    channels: tuple[int, ...]


SIZES = (
    Size((2, 2, 3, 5, 2), (64, 96, 192, 384, 768)),
    Size((2, 2, 6, 14, 2), (64, 96, 192, 384, 768)),
    Size((2, 2, 6, 14, 2), (128, 128, 256, 512, 1024)),
    Size((2, 2, 6, 14, 2), (192, 192, 384, 768, 1536)),
    Size((2, 2, 12, 28, 2), (192, 192, 384, 768, 1536)),
)
EXPANSION, HEAD, SQUEEZE = 4, 32, 4  # HEAD: channels a head; SQUEEZE: channels / inner channels
MOMENTUM = 0.9
"""Of the batch statistics. At Keras' .99 they lag behind for more than 600 steps, and an epoch of
the recipe has 43: films shown one by one all got the same class."""


def build(
    size: int,
    classes: int,
    coatnet: int = 0,
    hidden: int = 128,
    dropout: float = 0.2,
    blocks: tuple[int, ...] = (),
    channels: tuple[int, ...] = (),
) -> Any:
    """Build the network.

    Parameters
    ----------
    size : int
        Side of the input, pixels; a multiple of 32.
    classes : int
    coatnet : int
        Which of the paper's sizes, 0 to 4.
    hidden, dropout
        See :func:`train.networks._head.head`.
    blocks, channels : five ints
        In place of the paper's, for a smaller network; channels are multiples of 32 from S3 on.
    """
    if size % 32:
        raise ValueError(f"size must be a multiple of 32 pixels, not {size}")
    if not 0 <= coatnet < len(SIZES):
        raise ValueError(f"coatnet must be 0 to {len(SIZES) - 1}, not {coatnet}")
    of = Size(tuple(blocks) or SIZES[coatnet].blocks, tuple(channels) or SIZES[coatnet].channels)
    if {len(of.blocks), len(of.channels)} != {5}:
        raise ValueError("blocks and channels must be five numbers each")
    inputs = keras.Input((size, size, 1), name="film")
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(inputs)
    for i in range(of.blocks[0]):
        x = layers.Conv2D(
            of.channels[0], 3, 1 if i else 2, padding="same", use_bias=False, name=f"s0_{i}"
        )(x)
        x = layers.BatchNormalization(momentum=MOMENTUM, name=f"s0_{i}_bn")(x)
        x = layers.Activation("gelu", name=f"s0_{i}_gelu")(x)
    for stage, block in ((1, _bottleneck), (2, _bottleneck), (3, _transformer), (4, _transformer)):
        for i in range(of.blocks[stage]):
            x = block(x, of.channels[stage], 1 if i else 2, f"s{stage}_{i}")
    x = layers.LayerNormalization(epsilon=1e-5, name="last_norm")(x)
    return keras.Model(inputs, head(x, classes, hidden, dropout), name=f"coatnet{coatnet}")


def _shortcut(x: Any, channels: int, stride: int, name: str) -> Any:
    """``Proj(Pool(x))``, or `x` where a block changes nothing about its shape."""
    if stride == 1:
        return x
    x = layers.MaxPooling2D(2, name=f"{name}_short_pool")(x)
    return layers.Conv2D(channels, 1, name=f"{name}_short")(x)


def _bottleneck(x: Any, channels: int, stride: int, name: str) -> Any:
    """MBConv with pre-activation; the stride is the depthwise convolution's."""
    inner = channels * EXPANSION
    shortcut = _shortcut(x, channels, stride, name)
    x = layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_pre_bn")(x)
    x = layers.Conv2D(inner, 1, use_bias=False, name=f"{name}_expand")(x)
    x = layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_expand_bn")(x)
    x = layers.Activation("gelu", name=f"{name}_expand_gelu")(x)
    x = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False, name=f"{name}_depthwise")(
        x
    )
    x = layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_depthwise_bn")(x)
    x = layers.Activation("gelu", name=f"{name}_depthwise_gelu")(x)
    s = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(x)
    s = layers.Dense(channels // SQUEEZE, activation="gelu", name=f"{name}_reduce")(s)
    s = layers.Dense(inner, activation="sigmoid", name=f"{name}_excite")(s)
    x = layers.Multiply(name=f"{name}_gate")([x, s])
    x = layers.Conv2D(channels, 1, name=f"{name}_project")(x)
    return layers.Add(name=f"{name}_add")([shortcut, x])


def _transformer(x: Any, channels: int, stride: int, name: str) -> Any:
    """``x + Attention(Norm(x))``, then ``x + FFN(Norm(x))``; the first of a stage pools both of
    the attention's branches."""
    shortcut = _shortcut(x, channels, stride, name)
    x = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm")(x)
    if stride > 1:
        x = layers.MaxPooling2D(2, name=f"{name}_pool")(x)
    x = layers.Add(name=f"{name}_attended")([shortcut, _attention(x, channels, name)])
    y = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_ffn_norm")(x)
    y = layers.Dense(channels * EXPANSION, activation="gelu", name=f"{name}_ffn1")(y)
    y = layers.Dense(channels, name=f"{name}_ffn2")(y)
    return layers.Add(name=f"{name}_add")([x, y])


def _attention(x: Any, channels: int, name: str) -> Any:
    """``softmax(q · k / √d + bias of the offset) · v`` over all cells (equation 3, y_pre)."""
    side, heads = x.shape[1], channels // HEAD
    cells = side * side

    def part(what: str) -> Any:
        y = layers.Dense(channels, name=f"{name}_{what}")(x)
        y = layers.Reshape((cells, heads, HEAD), name=f"{name}_{what}_heads")(y)
        return layers.Permute((2, 1, 3), name=f"{name}_{what}_turned")(y)

    query, key, value = part("query"), part("key"), part("value")
    score = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) * HEAD**-0.5
    score = score + _relative_bias(x, side, heads, name)
    y = ops.matmul(layers.Softmax(name=f"{name}_softmax")(score), value)
    y = layers.Permute((2, 1, 3), name=f"{name}_turned_back")(y)
    y = layers.Reshape((side, side, channels), name=f"{name}_joined")(y)
    return layers.Dense(channels, name=f"{name}_out")(y)


def _relative_bias(x: Any, side: int, heads: int, name: str) -> Any:
    """One number a head and pair of cells, the same for pairs with the same offset, (1, heads,
    side², side²).

    Cell i has the number ``row * (2 side - 1) + column``; the difference of two cells' numbers,
    moved to start at 0, then numbers their offset.
    """
    row, column = np.divmod(np.arange(side * side), side)
    number = (row * (2 * side - 1) + column).astype(np.int32)
    # Only what grows from the input is part of the graph: zeros of it carry the constants.
    zero = ops.cast(ops.zeros_like(x[:1, 0, 0, :1]), "int32")
    numbers = zero + number
    offset = ops.expand_dims(numbers, 2) - ops.expand_dims(numbers, 1) + int(number.max())
    table = layers.Embedding((2 * side - 1) ** 2, heads, name=f"{name}_relative_bias")
    return ops.transpose(table(offset), (0, 3, 1, 2))
