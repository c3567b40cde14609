"""Gradients of a network, taken in a process of their own: TensorFlow never enters this one."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ExplainError
from ..gradients.worker import WORKER, Arrays
from ..imaging.preprocessing import cropped, preprocess
from ..imaging.radiograph import Radiograph
from ..model.classifier import Classifier
from .target import Progress, tell


def at_layer(
    model: Classifier, film: Radiograph, column: int, progress: Progress | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The Grad-CAM layer's maps and the gradient of a logit by them, each float32 (h, w, K).

    Parameters
    ----------
    model : Classifier
        With a ``gradcam_layer``.
    film : Radiograph
    column : int
        Place of the class among the logits.
    progress : callable, optional
        Told 0 while waiting.

    Raises
    ------
    ExplainError
        ``no_tensorflow``, ``gradients_failed``, or ``no_layer`` if the Keras model lacks the
        Grad-CAM layer.
    BundleError
        If the bundle was altered since it was loaded, or Keras cannot open its model.
    Cancelled
    """
    how = model.preprocessing
    square = cropped(preprocess(film.eight_bit, how), how.crop).astype(np.float32)
    layer = model.bundle.gradcam_layer
    maps, gradient = _ask(model, [square], column, {"layer": layer}, progress, 0.0)
    return maps, gradient


def at_input(
    model: Classifier,
    squares: NDArray[np.float32],
    column: int,
    progress: Progress | None = None,
    share: float = 0.0,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A logit of each square, and its gradient by that square's pixels, which is 0 in what
    it is not shown; a hospital's share of the logit is part of both.

    Parameters
    ----------
    model : Classifier
    squares : float32 (n, size, size)
        0 to 255.
    column : int
    progress : callable, optional
    share : float
        What `progress` is told while waiting.

    Returns
    -------
    logits : float32 (n,)
    gradients : float32 (n, size, size)
        Logits per grey level.

    Raises
    ------
    ExplainError, BundleError, Cancelled
        See :func:`at_layer`.
    """
    how: dict[str, Any] = {"layer": None, "crop": model.preprocessing.crop}
    head = None if model.site is None else model.site.head
    if head is None:
        logits, gradients = _ask(model, [squares], column, how, progress, share)
        return logits, gradients
    how["maps"] = model.bundle.gradcam_layer
    added = np.ascontiguousarray(head.weights[:, column])
    logits, gradients = _ask(model, [squares, added], column, how, progress, share)
    return logits + head.offset[column], gradients


def _ask(
    model: Classifier,
    arrays: Arrays,
    column: int,
    how: dict[str, Any],
    progress: Progress | None,
    share: float,
) -> Arrays:
    if find_spec("tensorflow") is None:
        raise ExplainError(
            "no_tensorflow", "This map needs TensorFlow, which is not installed. Use occlusion."
        )
    folder, digest = str(model.bundle.folder.absolute()), model.bundle.digest
    header = {"folder": folder, "digest": digest, "column": column, **how}
    return WORKER.ask(header, arrays, lambda: tell(progress, share))
