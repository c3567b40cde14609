"""On the torch backend, layers of images by torch's own kernels, channels last all the way: batch
normalisation in one instead of Keras' six operations, convolutions without Keras' two copies of
what goes in. The weights stay the same Keras weights.
"""

from __future__ import annotations

from typing import Any

import keras


class BatchNormalization(keras.layers.BatchNormalization):
    """Has the name of Keras' own, as all here do, since saved weights are found by it."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        import torch

        if not (training and self.trainable):
            return super().call(inputs, training=False)
        normal = torch.nn.functional.batch_norm(
            inputs.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last),
            self.moving_mean.value.data,
            self.moving_variance.value.data,
            self.gamma.value,
            self.beta.value,
            True,
            1 - self.momentum,
            self.epsilon,
        )
        return normal.permute(0, 2, 3, 1)


class Conv2D(keras.layers.Conv2D):
    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        return _convolved(self, inputs, keras.ops.convert_to_tensor(kernel), 1)


class DepthwiseConv2D(keras.layers.DepthwiseConv2D):
    def call(self, inputs: Any) -> Any:
        kernel = keras.ops.convert_to_tensor(self.kernel).permute(0, 1, 3, 2)
        out = _convolved(self, inputs, kernel, kernel.shape[3])
        if self.bias is not None:
            out = out + keras.ops.convert_to_tensor(self.bias)
        return self.activation(out)


def _convolved(layer: Any, inputs: Any, kernel: Any, groups: int) -> Any:
    """`kernel` (height, width, channels in of a group, channels out) over (n, h, w, channels)."""
    import torch

    from . import depthwise

    films = inputs.permute(0, 3, 1, 2)
    sides = zip(films.shape[2:], kernel.shape[:2], layer.strides, strict=True)
    whole = [
        max((-(-side // step) - 1) * step + width - side, 0) if layer.padding == "same" else 0
        for side, width, step in sides
    ]
    around = tuple(each // 2 for each in whole)
    weights = kernel.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
    slow = groups > 1 and depthwise.lacks_kernel(films, weights, layer.strides)
    if any(whole) and (slow or any(each % 2 for each in whole)):
        (above, below), (left, right) = ((each // 2, each - each // 2) for each in whole)
        films = torch.nn.functional.pad(films, (left, right, above, below))
        around = (0, 0)
    films = films.contiguous(memory_format=torch.channels_last)
    if slow:
        out = depthwise.Depthwise.apply(films, weights, layer.strides)
    else:
        out = torch.nn.functional.conv2d(films, weights, None, layer.strides, around, 1, groups)
    return out.permute(0, 2, 3, 1)


_FUSED = {
    keras.layers.BatchNormalization: BatchNormalization,
    keras.layers.Conv2D: Conv2D,
    keras.layers.DepthwiseConv2D: DepthwiseConv2D,
}


def fuse(model: Any) -> None:
    """Switch such layers of `model`; nothing happens on other backends."""
    if keras.backend.backend() != "torch":
        return
    for layer in model.layers:
        if type(layer) in _FUSED and len(layer.input.shape) == 4 and _plain(layer):
            layer.__class__ = _FUSED[type(layer)]


def _plain(layer: Any) -> bool:
    """As convolutions mostly are; a batch normalisation has none of these."""
    usual = {
        "groups": 1,
        "depth_multiplier": 1,
        "dilation_rate": (1, 1),
        "data_format": "channels_last",
    }
    return all(getattr(layer, name, value) == value for name, value in usual.items())
