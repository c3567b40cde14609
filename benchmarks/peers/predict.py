"""Keras loads the same network and scores the same square: the whole of a process."""

from __future__ import annotations

import json
import sys

import keras

from benchmarks.case import read_case
from benchmarks.worker import network_input

case = read_case(sys.argv[1])
model = keras.models.load_model(case.keras_file, compile=False)
logits = model.predict(network_input(case), verbose=0)[0]
scores = keras.ops.convert_to_numpy(keras.ops.softmax(logits / case.temperature))
print(json.dumps({"probabilities": dict(zip(case.labels, scores.tolist(), strict=True))}))
