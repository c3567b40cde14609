"""numpy's product of two fp32 matrices of 2048×2048."""

from __future__ import annotations

import json

import numpy as np

from benchmarks.worker import timed

SIDE = 2048

a, b = np.random.default_rng(0).random((2, SIDE, SIDE), np.float32)
product = np.empty_like(a)
np.matmul(a, b, out=product)
print(json.dumps({"seconds": timed(lambda: np.matmul(a, b, out=product), 6), "flop": 2 * SIDE**3}))
