"""Integrated gradients (Sundararajan et al. 2017): the gradient of the logit along the straight way
from an empty film to this one. What it gives the pixels adds up to the difference of the two
logits."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..imaging.preprocessing import preprocess
from ..imaging.radiograph import Radiograph
from ..model.classifier import Classifier
from .fill import film_seed, whole
from .gradient import at_input
from .target import Progress, column_of, tell, to_film

BATCH = 8


def integrated_gradients(
    model: Classifier,
    film: Radiograph,
    label: str,
    steps: int = 32,
    fill: str = "blur",
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Integrated gradients of the logit of `label`, over the whole film. Needs TensorFlow.

    Single pixels' values are grain. They are gathered under a Gaussian with a standard deviation of
    a 28th of the film and shown as what an occlusion patch's worth of film, a 49th, adds.

    Parameters
    ----------
    model : Classifier
    film : Radiograph
    label : str
    steps : int
        Points on the way, each the middle of its step.
    fill : {"blur", "mean", "noise", "black"}
        The empty film, see :func:`cxr.explain.fill.whole`.
    progress : callable, optional

    Returns
    -------
    float32 (H, W) of the film, logits per 49th of the film; below 0 where the film speaks against
    the class. Its mean times 49 is the difference of the logits.

    Raises
    ------
    ExplainError
        ``unknown_class``, ``unknown_fill``, ``no_tensorflow``, ``gradients_failed``.
    BundleError
        If the bundle was altered since it was loaded.
    Cancelled
    """
    pixels = pixel_shares(model, film, label, steps, fill, progress)
    size = len(pixels)
    gathered = cv2.GaussianBlur(pixels, (0, 0), size / 28, borderType=cv2.BORDER_REFLECT)
    return to_film(gathered * (size**2 / 49), film.eight_bit.shape)


def pixel_shares(
    model: Classifier,
    film: Radiograph,
    label: str,
    steps: int = 32,
    fill: str = "blur",
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """What each pixel of the network's square adds to the logit of `label`:
    ``(x − x') · mean over steps of ∂logit/∂x``, the paper's equation 3 with middles of the steps.

    Parameters
    ----------
    model, film, label, steps, fill, progress
        See :func:`integrated_gradients`.

    Returns
    -------
    float32 (size, size) of the network's square, in logits; the sum is the difference of the logits
    of the film and of the empty film, but for the steps' error.

    Raises
    ------
    ExplainError
        ``unknown_class``, ``unknown_fill``, ``no_tensorflow``, ``gradients_failed``.
    BundleError
        If the bundle was altered since it was loaded.
    Cancelled
    """
    column = column_of(model, label)
    square = preprocess(film.eight_bit, model.preprocessing)
    start = whole(square, fill, film_seed(film.sha256)).astype(np.float32)
    path = square - start
    total = np.zeros(square.shape, np.float64)
    places = (np.arange(steps, dtype=np.float32) + 0.5) / steps
    for first in range(0, steps, BATCH):
        share = first / steps
        tell(progress, share)
        films = start + places[first : first + BATCH, None, None] * path
        total += at_input(model, films, column, progress, share)[1].sum(0, dtype=np.float64)
    tell(progress, 1.0)
    return (path * total / steps).astype(np.float32)
