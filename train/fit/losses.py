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


def cross_entropy(label_smoothing: float = 0.0) -> Any:
    """Cross-entropy among the labels that a film is asked about: those whose target isn't below 0.

    Parameters
    ----------
    label_smoothing : float
        Share of the target that is spread over the labels asked about.
    """

    def loss(truth: Any, logits: Any) -> Any:
        asked = truth >= 0
        among = keras.ops.cast(asked, "float32")
        logits = keras.ops.where(asked, keras.ops.cast(logits, "float32"), -1e9)
        spread = label_smoothing * among / keras.ops.sum(among, -1, keepdims=True)
        target = (1 - label_smoothing) * among * truth + spread
        return -keras.ops.sum(target * keras.ops.log_softmax(logits, -1), -1)

    return loss


def named(name: str, label_smoothing: float = 0.0) -> Any:
    """The loss that :class:`train.recipes.recipe.Training` calls `name`."""
    if name == "cross_entropy":
        return cross_entropy(label_smoothing)
    return {"hinge": hinge, "sigmoid_hinge": sigmoid_hinge}[name]
