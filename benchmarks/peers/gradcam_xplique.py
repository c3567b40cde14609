"""Grad-CAM by xplique 2.0.2: ``python -m benchmarks.peers.gradcam_xplique CASE REPEATS HOW``.

HOW is ``usual``: scores from ``model.predict``, the explainer made beforehand; ``anew``: the same,
but an explainer for each film, so that xplique traces its function again; or ``compiled``: scores
from a tf.function and the explainer made beforehand, the least that xplique costs.
"""

from __future__ import annotations

import sys
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from xplique.attributions import GradCAM

from benchmarks.case import read_case
from benchmarks.worker import network_input, report

case = read_case(sys.argv[1])
model = keras.models.load_model(case.keras_file, compile=False)
film = tf.constant(network_input(case))
one_hot = np.eye(len(case.labels), dtype=np.float32)[[case.column]]
how = sys.argv[3]
ready = GradCAM(model, conv_layer=case.layer)
compiled = tf.function(lambda squares: model(squares, training=False))


def once() -> tuple[Any, Any]:
    scores = compiled(film).numpy() if how == "compiled" else model.predict(film, verbose=0)
    explainer = GradCAM(model, conv_layer=case.layer) if how == "anew" else ready
    return scores[0], explainer(film, one_hot).numpy()[0, ..., 0]


logits, values = once()
side = model.get_layer(case.layer).output.shape[1]
pixels = len(values) // side
middle = slice(pixels // 2 - 1, pixels // 2 + 1)  # a cell's centre lies between two pixels
cells = values.reshape(side, pixels, side, pixels)[:, middle, :, middle].mean((1, 3))
report(once, int(sys.argv[2]), {"logits": logits.tolist(), "cells": cells.ravel().tolist()})
