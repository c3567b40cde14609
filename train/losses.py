"""What a step of training makes smaller.

The hinges have no probability in them, yet a bundle's probabilities come from logits in one way,
``softmax(logits / temperature)``: for two labels that is a sigmoid of the margin, so the
temperature, fitted on `val`, is the slope of Platt's scaling without its offset.
"""

from __future__ import annotations

from typing import Any

import keras


def hinge(truth: Any, logits: Any) -> Any:
    """``max(0, 1 - margin)``, the margin being the film's own logit less the highest other
    (Crammer and Singer 2001); float (batch,)."""
    logits = keras.ops.cast(logits, "float32")
    own = keras.ops.sum(truth * logits, -1)
    other = keras.ops.max(logits - 1e9 * truth, -1)
    return keras.ops.relu(1 - own + other)


def sigmoid_hinge(truth: Any, logits: Any) -> Any:
    """1 less the probability of the film's own label; float (batch,).

    This is, but for a constant, what a hinge loss becomes when it is given a sigmoid's output
    instead of a margin: it never reaches its corner.
    """
    probability = keras.ops.softmax(keras.ops.cast(logits, "float32"), -1)
    return 1 - keras.ops.sum(truth * probability, -1)


def named(name: str, label_smoothing: float = 0.0) -> Any:
    """The loss that :class:`train.recipe.Training` calls `name`."""
    if name == "cross_entropy":
        return keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=label_smoothing
        )
    return {"hinge": hinge, "sigmoid_hinge": sigmoid_hinge}[name]
