"""Grad-CAM (Selvaraju et al. 2017, equations 1 and 2): which cells of the last feature maps raise
a class's logit.

Where the logits are linear in the maps' averages the gradient is known without differentiating:
d logit_c / d A_k(i, j) = w_kc / (h · w), and the map is one matrix product. Before its ReLU, its
cells then add up to the logit less its bias, so a cell's value is what this cell adds to the
logit. Any other head takes the gradient from TensorFlow, which is imported only then.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..classifier import Classifier, Prediction
from ..errors import ExplainError
from ..radiograph import Radiograph
from .target import column_of, to_film


def grad_cam(
    model: Classifier, film: Radiograph, label: str, prediction: Prediction | None = None
) -> NDArray[np.float32]:
    """Grad-CAM of the logit of `label`, over the whole film.

    Parameters
    ----------
    model : Classifier
    film : Radiograph
    label : str
        One of ``model.labels``, predicted or not.
    prediction : Prediction, optional
        What `model` said of `film`, if that is known: its feature maps save a second pass.

    Returns
    -------
    float32 (H, W) of the film, 0 and up, in logits per cell of the feature maps. Never scaled by
    the film's own minimum and maximum: two films' maps can be compared, and a map may be all 0.

    Raises
    ------
    ExplainError
        ``unknown_class``; ``no_convolution`` if the network has no feature maps;
        ``no_tensorflow`` if its head needs TensorFlow and there is none.
    """
    return to_film(grad_cam_cells(model, film, label, prediction), film.eight_bit.shape)


def grad_cam_cells(
    model: Classifier, film: Radiograph, label: str, prediction: Prediction | None = None
) -> NDArray[np.float32]:
    """The map of :func:`grad_cam` before it is stretched, float32 (h, w)."""
    column = column_of(model, label)
    if model.bundle.gradcam_layer is None:
        raise ExplainError(
            "no_convolution",
            "This network has no convolution, so Grad-CAM has nothing to show. Use occlusion.",
        )
    if model.head_weights is not None:
        features = prediction.features if prediction else None
        if features is None:
            features = model.predict([film])[0].features
        assert features is not None, "a gap_linear bundle gives features"
        return linear_cells(features, model.head_weights[:, column])
    from .gradient import gradient_cells

    return gradient_cells(model, film, column)


def linear_cells(
    features: NDArray[np.float32], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """``ReLU(Σ_k weights_k / (h · w) · features_k)``.

    Parameters
    ----------
    features : float32 (h, w, K)
    weights : float32 (K,)
        Of one class.

    Returns
    -------
    float32 (h, w)
    """
    height, width, _ = features.shape
    return np.maximum(features @ weights / np.float32(height * width), 0)
