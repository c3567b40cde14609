"""Depthwise convolutions under torch: their gradients are torch's own, found another way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed: only training under it needs it"
)


def gradients(run: Any, films: Any, weights: Any) -> tuple[Any, Any, Any]:
    films, weights = (each.detach().clone().requires_grad_() for each in (films, weights))
    out = run(films, weights)
    out.backward(torch.linspace(-1, 1, out.numel(), dtype=out.dtype).reshape(out.shape))
    return out, films.grad, weights.grad


@pytest.mark.parametrize(
    ("sides", "kernel", "steps"),
    [
        ((14, 11), (3, 3), (2, 2)),
        ((13, 16), (5, 5), (1, 1)),
        ((15, 14), (5, 5), (2, 2)),
        ((17, 12), (7, 7), (3, 3)),
        ((9, 10), (2, 5), (1, 2)),
        ((9, 9), (4, 4), (1, 1)),
    ],
)
def test_gradients_are_those_of_torch(
    sides: tuple[int, int], kernel: tuple[int, int], steps: tuple[int, int]
) -> None:
    from train.fit.depthwise import Depthwise

    torch.manual_seed(0)
    films = torch.randn(3, 6, *sides, dtype=torch.float64)
    weights = torch.randn(6, 1, *kernel, dtype=torch.float64)
    found = gradients(lambda f, w: Depthwise.apply(f, w, steps), films, weights)
    wanted = gradients(
        lambda f, w: torch.nn.functional.conv2d(f, w, None, steps, groups=6), films, weights
    )
    for one, other in zip(found, wanted, strict=True):
        assert torch.allclose(one, other, rtol=1e-10, atol=1e-10)


def test_only_what_has_no_kernel_goes_this_way() -> None:
    from train.fit.depthwise import lacks_kernel

    films = torch.zeros(1, 6, 9, 9, dtype=torch.bfloat16)
    three, five = (torch.zeros(6, 1, side, side) for side in (3, 5))
    assert lacks_kernel(films, five, (1, 1))
    assert lacks_kernel(films, three, (2, 2))
    assert not lacks_kernel(films, three, (1, 1))
    assert not lacks_kernel(films.float(), five, (2, 2))


FUSED = """
import keras, numpy as np
from train.fit.fused import fuse
keras.config.set_dtype_policy("mixed_bfloat16")
keras.utils.set_random_seed(0)
x = inputs = keras.Input((15, 14, 6))
for kernel, steps, padding in ((5, 1, "same"), (3, 2, "same"), (5, 2, "same"), (3, 1, "valid")):
    x = keras.layers.DepthwiseConv2D(kernel, steps, padding)(x)
model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))
films, target = np.random.default_rng(0).normal(size=(2, 8, 15, 14, 6))[0], np.zeros((8, 6))
before = model.get_weights()
taught = []
for fused in (False, True):
    model.set_weights(before)
    if fused:
        fuse(model)
    model.compile(keras.optimizers.SGD(1.0), "mse")
    said = model.predict_on_batch(films)
    model.train_on_batch(films, target)
    taught.append([said, *model.get_weights()])
for one, other, start in zip(*taught, [0, *before]):
    assert np.abs(one - start).max() > 0
    np.testing.assert_allclose(one - start, other - start, atol=0.05 * np.abs(one - start).max())
"""


def test_layers_under_torch_give_and_learn_what_those_of_keras_do() -> None:
    own = {**os.environ, "KERAS_BACKEND": "torch"}
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", FUSED], cwd=root, env=own, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
