"""Depthwise convolutions in bfloat16 on a processor, learnt from faster. oneDNN has no quick kernel
for their gradients where they are wider than three or step by more than one: these took up to fifty
times the forward step. Here they are put together from kernels that it has.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.functional import conv2d

_WIDE = 3


def lacks_kernel(films: Any, weights: Any, steps: tuple[int, int]) -> bool:
    """Whether the gradients of such a convolution are slow: see above."""
    return (
        films.dtype == torch.bfloat16
        and films.device.type == "cpu"
        and (max(weights.shape[2:]) > _WIDE or max(steps) > 1)
    )


class Depthwise(torch.autograd.Function):
    """``conv2d(films, weights, None, steps, groups=channels)`` of films (n, channels, h, w) that
    are padded already, and weights (channels, 1, h, w), both channels last."""

    @staticmethod
    def forward(ctx: Any, films: Any, weights: Any, steps: tuple[int, int]) -> Any:
        ctx.save_for_backward(films, weights)
        ctx.steps = steps
        return conv2d(films, weights, None, steps, groups=len(weights))

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Any, Any, None]:
        films, weights = ctx.saved_tensors
        (grad,) = (each.contiguous(memory_format=torch.channels_last) for each in grads)
        to_films = _to_films(films, weights, grad, ctx.steps) if ctx.needs_input_grad[0] else None
        to_weights = _to_weights(films, weights, grad, ctx.steps)
        return to_films, to_weights, None


def _to_films(films: Any, weights: Any, grad: Any, steps: tuple[int, int]) -> Any:
    """A convolution forward, by the kernel turned round, over `grad` with noughts between."""
    high, wide = weights.shape[2:]
    n, channels, down, across = grad.shape
    apart = torch.zeros(
        (n, films.shape[2] + high - 1, films.shape[3] + wide - 1, channels), dtype=grad.dtype
    ).permute(0, 3, 1, 2)
    bottom, right = high - 1 + (down - 1) * steps[0] + 1, wide - 1 + (across - 1) * steps[1] + 1
    apart[:, :, high - 1 : bottom : steps[0], wide - 1 : right : steps[1]] = grad
    turned = weights.flip(2, 3).contiguous(memory_format=torch.channels_last)
    return conv2d(apart, turned, groups=channels)


def _to_weights(films: Any, weights: Any, grad: Any, steps: tuple[int, int]) -> Any:
    """Three rows and columns of the kernel at a time, each from the films moved as far."""
    found = torch.empty_like(weights)
    across = _from(weights.shape[3])
    for top in _from(weights.shape[2]):
        for left in across:
            high, wide = (min(_WIDE, side) for side in weights.shape[2:])
            part = films[
                :,
                :,
                top : top + (grad.shape[2] - 1) * steps[0] + high,
                left : left + (grad.shape[3] - 1) * steps[1] + wide,
            ].contiguous(memory_format=torch.channels_last)
            there = (slice(None), slice(None), slice(top, top + high), slice(left, left + wide))
            found[there] = torch.nn.grad.conv2d_weight(
                part, weights[there].shape, grad, steps, groups=len(weights)
            )
    return found


def _from(side: int) -> list[int]:
    """Where pieces of three begin that cover `side`, the last one flush with the end."""
    return sorted({*range(0, side - _WIDE, _WIDE), max(side - _WIDE, 0)})
