"""Occlusion by xplique with its own batches of 32, its explainer made beforehand."""

from __future__ import annotations

import sys
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from xplique.attributions import Occlusion

from benchmarks.case import PATCH, STRIDE, read_case
from benchmarks.worker import network_input, report

case = read_case(sys.argv[1])
model = keras.models.load_model(case.keras_file, compile=False)
scores = keras.layers.Softmax()(model.outputs[0] / case.temperature)
network = keras.Model(model.inputs, scores)
film = tf.constant(network_input(case))
one_hot = np.eye(len(case.labels), dtype=np.float32)[[case.column]]
explainer = Occlusion(network, patch_size=PATCH, patch_stride=STRIDE, occlusion_value=0.0)


def once() -> Any:
    return explainer(film, one_hot).numpy()[0, ..., 0]


values = once()
side = (len(values) - PATCH) // STRIDE + 1
effects = values[STRIDE // 2 :: STRIDE, STRIDE // 2 :: STRIDE].ravel().tolist()
report(once, int(sys.argv[2]), {"effects": effects, "forwards": side * side + 1})
