"""Occlusion as one would write it: batches of black patches through one compiled function."""

from __future__ import annotations

import sys
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.case import PATCH, STRIDE, read_case
from benchmarks.worker import network_input, report, summed_over_patches

BATCH = 32

case = read_case(sys.argv[1])
model = keras.models.load_model(case.keras_file, compile=False)
film = network_input(case)
size = film.shape[1]
starts = range(0, size - PATCH + 1, STRIDE)


@tf.function(input_signature=[tf.TensorSpec((None, size, size, 1), tf.float32)])
def score(squares: Any) -> Any:
    logits = model(squares, training=False)
    return tf.nn.softmax(logits / case.temperature)[:, case.column]


def once() -> Any:
    squares = np.repeat(film, 1 + len(starts) ** 2, 0)
    corners = [(top, left) for top in starts for left in starts]
    for square, (top, left) in zip(squares[1:], corners, strict=True):
        square[top : top + PATCH, left : left + PATCH] = 0
    parts = [score(squares[i : i + BATCH]).numpy() for i in range(0, len(squares), BATCH)]
    p = np.concatenate(parts)
    return (p[0] - p[1:]).reshape(len(starts), len(starts))


answer = {"effects": summed_over_patches(once()), "forwards": 1 + len(starts) ** 2}
report(once, int(sys.argv[2]), answer)
