"""LiteRT's forward pass alone: ``python -m benchmarks.ours.forward CASE THREADS``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from benchmarks.case import read_case
from benchmarks.worker import network_input, timed

REPEATS = {1: 50, 8: 10}  # by batch; cxr runs 1

case = read_case(sys.argv[1])


def forward(batch: int) -> Callable[[], object]:
    interpreter = Interpreter(str(Path(case.model) / "model.tflite"), num_threads=int(sys.argv[2]))
    (film,) = interpreter.get_input_details()
    squares = np.repeat(network_input(case), batch, 0)
    interpreter.resize_tensor_input(film["index"], squares.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(film["index"], squares)
    interpreter.invoke()
    return interpreter.invoke


print(json.dumps({str(batch): timed(forward(batch), n) for batch, n in REPEATS.items()}))
