"""Grad-CAM with tf.GradientTape, after Keras' own example, examples/vision/grad_cam.py.

    python -m benchmarks.peers.gradcam_example CASE REPEATS example|once

``example`` does what that file does for each film: ``model.predict`` for the scores, then a model
with two outputs is built and taped. ``once`` builds that model beforehand and takes the scores from
the taped pass too: the least that the recipe costs without being compiled.
"""

from __future__ import annotations

import sys
from typing import Any

import keras
import tensorflow as tf

from benchmarks.case import read_case
from benchmarks.worker import network_input, report

case = read_case(sys.argv[1])
variant = sys.argv[3]
model = keras.models.load_model(case.keras_file, compile=False)
film = network_input(case)


def two_outputs() -> Any:
    return keras.Model(model.inputs, [model.get_layer(case.layer).output, model.outputs[0]])


ready = two_outputs()


def heat_map(network: Any) -> tuple[Any, Any]:
    with tf.GradientTape() as tape:
        features, logits = network(film)
        logit = logits[:, case.column]
    gradient = tape.gradient(logit, features)
    weights = tf.reduce_mean(gradient, axis=(0, 1, 2))
    cells = tf.squeeze(features[0] @ weights[..., tf.newaxis])
    cells = tf.maximum(cells, 0) / tf.math.reduce_max(cells)
    return logits.numpy()[0], cells.numpy()


def once() -> tuple[Any, Any]:
    if variant == "once":
        return heat_map(ready)
    logits = model.predict(film, verbose=0)[0]
    return logits, heat_map(two_outputs())[1]


logits, cells = once()
report(once, int(sys.argv[2]), {"logits": logits.tolist(), "cells": cells.ravel().tolist()})
