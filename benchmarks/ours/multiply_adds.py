"""Count the multiply–adds of one film through a bundle's Keras model, by kind of layer."""

from __future__ import annotations

import json
import sys
from collections import Counter
from math import prod

import keras

from benchmarks.case import read_case


def multiply_adds(layer: keras.Layer) -> int:
    """Of one film. Normalisation folds into the convolutions and the rest is counted as nothing."""
    if isinstance(layer, keras.layers.Dense):
        return prod(layer.kernel.shape)
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        _, height, width, _ = layer.output.shape
        return height * width * prod(layer.kernel.shape)
    if isinstance(layer, keras.layers.Conv2D):
        _, height, width, _ = layer.output.shape
        return height * width * prod(layer.kernel.shape)  # kernel: (h, w, in / groups, out)
    if hasattr(layer, "kernel") or hasattr(layer, "layers"):
        raise TypeError(f"no rule for {type(layer).__name__}")
    return 0


model = keras.models.load_model(read_case(sys.argv[1]).keras_file, compile=False)
count: Counter[str] = Counter()
for layer in model.layers:
    if found := multiply_adds(layer):
        pointwise = layer.__class__ is keras.layers.Conv2D and layer.kernel_size == (1, 1)
        count["Conv2D 1×1" if pointwise else type(layer).__name__] += found
print(json.dumps(count))
