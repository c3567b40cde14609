"""On the torch backend, batch normalisation in torch's one fused kernel instead of Keras' six
operations: about a third off a training step on a CPU. The weights stay the same Keras weights.
"""

from __future__ import annotations

from typing import Any

import keras


class BatchNormalization(keras.layers.BatchNormalization):
    """Has the name of Keras' own, since saved weights are found by it."""

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


def fuse(model: Any) -> None:
    """Switch the batch normalisations of images in `model`; nothing happens on other backends."""
    if keras.backend.backend() != "torch":
        return
    for layer in model.layers:
        if type(layer) is keras.layers.BatchNormalization and len(layer.input.shape) == 4:
            layer.__class__ = BatchNormalization
