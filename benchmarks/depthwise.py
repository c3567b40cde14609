"""What `train/fit/depthwise.py` saves in bfloat16 on a processor, beside torch's own gradients.

    KERAS_BACKEND=torch PYTHON -m benchmarks.depthwise [--rounds N]

PYTHON is that of an environment with torch 2.13.0. First each kind of depthwise layer of the
default recipe that has no quick kernel, forward and back; then a step of the whole network. 32
drawn films, one thread, both sides in one process by turns. Told are ratios, and the seconds of our
step.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import keras
import numpy as np
import torch

from benchmarks.app import load
from train.fit import depthwise, losses
from train.fit.fused import fuse
from train.fit.training import build, optimizer_of
from train.recipes import recipe

FILMS = 32


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.depthwise")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    plan = recipe.load("default")
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = build(plan)
    print("| channels, side, kernel, step | ours beside torch's | torch's, back beside forward |")
    print("| --- | ---: | ---: |")
    for kind in sorted(kinds(model), key=lambda kind: -kind[1]):
        print(f"| {' · '.join(map(str, kind))} | {' | '.join(layer(*kind, asked.rounds))} |")
    ours, theirs = step(model, plan, asked.rounds)
    print(f"a step of the network: {told(ours, theirs)}; ours {median(ours):.2f} s")
    print(load())


def kinds(model: Any) -> set[tuple[int, int, int, int]]:
    """Channels, side, kernel and step of the layers that have no quick kernel."""
    layers = [each for each in model.layers if isinstance(each, keras.layers.DepthwiseConv2D)]
    return {
        (each.input.shape[3], each.input.shape[1], each.kernel_size[0], each.strides[0])
        for each in layers
        if each.kernel_size[0] > 3 or each.strides[0] > 1
    }


def layer(channels: int, side: int, kernel: int, steps: int, rounds: int) -> tuple[str, str]:
    last = torch.channels_last
    around = side + kernel - steps
    films, weights = (
        torch.randn(shape).bfloat16().to(memory_format=last).requires_grad_()
        for shape in ((FILMS, channels, around, around), (channels, 1, kernel, kernel))
    )
    back = torch.ones_like(torch.nn.functional.conv2d(films, weights, None, steps, groups=channels))

    def torchs() -> Any:
        return torch.nn.functional.conv2d(films, weights, None, steps, groups=channels)

    ours, theirs, forward = by_turns(
        rounds,
        lambda: depthwise.Depthwise.apply(films, weights, (steps, steps)).backward(back),
        lambda: torchs().backward(back),
        torchs,
    )
    return told(ours, theirs), told([a - b for a, b in zip(theirs, forward, strict=True)], forward)


def step(model: Any, plan: recipe.Recipe, rounds: int) -> tuple[list[float], list[float]]:
    fuse(model)
    model.compile(
        optimizer_of(plan.training, plan.training.learning_rate, 100),
        losses.named(plan.training.loss, plan.training.label_smoothing),
    )
    rng, size, classes = np.random.default_rng(0), plan.preprocessing.size, len(plan.labels)
    films = rng.integers(0, 256, (FILMS, size, size, 1)).astype(np.float32)
    truth = np.eye(classes, dtype=np.float32)[np.arange(FILMS) % classes]
    lacks = depthwise.lacks_kernel

    def without() -> None:
        depthwise.lacks_kernel = lambda *_: False
        try:
            model.train_on_batch(films, truth)
        finally:
            depthwise.lacks_kernel = lacks

    ours, theirs = by_turns(rounds, lambda: model.train_on_batch(films, truth), without)
    return ours, theirs


def by_turns(rounds: int, *sides: Callable[[], Any]) -> list[list[float]]:
    """Seconds of each side in each round, after one that does not count."""
    spent: list[list[float]] = [[] for _ in sides]
    for turn in range(rounds + 1):
        for side, seconds in zip(sides, spent, strict=True):
            began = perf_counter()
            side()
            if turn:
                seconds.append(perf_counter() - began)
    return spent


def told(ones: list[float], others: list[float]) -> str:
    ratios = [one / other for one, other in zip(ones, others, strict=True)]
    return f"{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"


if __name__ == "__main__":
    main()
