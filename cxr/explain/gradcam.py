"""Grad-CAM and its kin: which cells of the last feature maps raise a class's logit.

Each method is a few lines over the same two arrays, the layer's maps A and the gradient of the
logit by them (:func:`maps_and_gradient`). Where the logits are linear in the maps' averages that
gradient is known without differentiating: d logit_c / d A_k(i, j) = w_kc / (h · w). Grad-CAM is
then one matrix product and, before its ReLU, its cells add up to the logit less its bias, so that a
cell's value is what it adds to the logit. Any other head takes the gradient from TensorFlow, in a
process of its own (:mod:`cxr.gradients.worker`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import ExplainError
from ..imaging.radiograph import Radiograph
from ..model.classifier import Classifier, Prediction
from .gradient import at_layer
from .target import Progress, column_of, to_film

Cells = NDArray[np.float32]


def grad_cam(
    model: Classifier,
    film: Radiograph,
    label: str,
    prediction: Prediction | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Grad-CAM (Selvaraju et al. 2017, equations 1 and 2) of the logit of `label`.

    Parameters
    ----------
    model : Classifier
    film : Radiograph
    label : str
        One of ``model.labels``, predicted or not.
    prediction : Prediction, optional
        What `model` said of `film`, if that is known: its feature maps save a second pass.
    progress : callable, optional
        Told 0 while another process takes the gradient.

    Returns
    -------
    float32 (H, W) of the film, 0 and up, in logits per cell of the feature maps. Never scaled by
    the film's own minimum and maximum: two films' maps can be compared, and a map may be all 0.

    Raises
    ------
    ExplainError
        ``unknown_class``; ``no_convolution`` if the network has no feature maps;
        ``no_tensorflow`` if its head needs TensorFlow and there is none; ``gradients_failed``.
    BundleError
        If its head needs TensorFlow and the bundle was altered since it was loaded.
    Cancelled
    """
    cells = grad_cam_cells(model, film, label, prediction, progress)
    return to_film(cells, film.eight_bit.shape, model.preprocessing.cut)


def grad_cam_pp(
    model: Classifier,
    film: Radiograph,
    label: str,
    prediction: Prediction | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Grad-CAM++ (Chattopadhay et al. 2018), parameters and errors as of :func:`grad_cam`.

    Returns
    -------
    float32 (H, W) of the film, 0 and up: the maps' activation, weighted. It has no unit that means
    anything by itself.
    """
    cells = plus_plus_cells(*maps_and_gradient(model, film, label, prediction, progress))
    return to_film(cells, film.eight_bit.shape, model.preprocessing.cut)


def grad_cam_cells(
    model: Classifier,
    film: Radiograph,
    label: str,
    prediction: Prediction | None = None,
    progress: Progress | None = None,
) -> Cells:
    """The map of :func:`grad_cam` before it is stretched, float32 (h, w): of what the network is
    shown of the film."""
    return cells_of(*maps_and_gradient(model, film, label, prediction, progress))


def maps_and_gradient(
    model: Classifier,
    film: Radiograph,
    label: str,
    prediction: Prediction | None = None,
    progress: Progress | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The Grad-CAM layer's maps of a film, and the gradient of the logit of `label` by them.

    Returns
    -------
    maps, gradient : float32 (h, w, K)
        The gradient may be a read-only view.

    Raises
    ------
    ExplainError
        See :func:`grad_cam`.
    """
    column = column_of(model, label)
    if model.bundle.gradcam_layer is None:
        raise ExplainError(
            "no_convolution",
            "This network has no convolution, or no maps that all of its answer goes through, so "
            "this method has nothing to show. Use occlusion.",
        )
    if model.head_weights is None:
        return at_layer(model, film, column, progress)
    maps = prediction.features if prediction else None
    if maps is None:
        maps = model.predict([film])[0].features
    assert maps is not None, "a gap_linear bundle gives features"
    height, width, _ = maps.shape
    weights = model.head_weights[:, column] / np.float32(height * width)
    return maps, np.broadcast_to(weights, maps.shape)


def cells_of(maps: NDArray[np.float32], gradient: NDArray[np.float32]) -> Cells:
    """``ReLU(Σ_k α_k · A_k)``, α_k the mean of the gradient by map k.

    Parameters
    ----------
    maps, gradient : float32 (h, w, K)

    Returns
    -------
    float32 (h, w)
    """
    out: Cells = np.maximum(maps @ gradient.mean((0, 1)), 0)
    return out


def plus_plus_cells(maps: NDArray[np.float32], gradient: NDArray[np.float32]) -> Cells:
    """Grad-CAM++: ``ReLU(Σ_k w_k · A_k)`` with ``w_k = Σ_ij α_kij · ReLU(g_kij)`` and
    ``α = g² / (2 g² + g³ Σ_ij A_k)``, the paper's equations 10 to 19 for an exponential on top of
    the logit. Where the gradient is 0, or the denominator is not above 0, α is 0.

    Parameters
    ----------
    maps, gradient : float32 (h, w, K)

    Returns
    -------
    float32 (h, w)
    """
    g = gradient.astype(np.float64)
    # Divided by g² above and below, so that small gradients do not vanish when squared.
    below = 2 + g * maps.sum((0, 1), dtype=np.float64)
    alpha = np.where((g != 0) & (below > 0), 1 / np.where(below > 0, below, 1), 0)
    weights = (alpha * np.maximum(g, 0)).sum((0, 1))
    out: Cells = np.maximum(maps @ weights, 0).astype(np.float32)
    return out
