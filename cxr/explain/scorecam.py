"""Score-CAM (Wang et al. 2020): each feature map shows a part of the film, and weighs what the
network says of that part alone. No gradient is taken.

The original runs one film for each of the layer's maps, 1,280 for EfficientNet-Lite0. As in
Faster-Score-CAM only the maps that vary most over the film are asked; on the others there is
little to show. What a map does not show is filled, not black: black says much here (``fill``).
A map's weight is the softmax of the logits, as in the paper, less what each would have if all were
the same: a network that gives every film one score has an empty map.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..imaging.preprocessing import preprocess
from ..imaging.radiograph import Radiograph
from ..model.classifier import Classifier, Prediction
from .fill import film_seed, whole
from .gradcam import maps_and_gradient
from .target import Progress, column_of, tell, to_film


def score_cam(
    model: Classifier,
    film: Radiograph,
    label: str,
    prediction: Prediction | None = None,
    channels: int = 64,
    fill: str = "blur",
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Score-CAM of the logit of `label`, over the whole film.

    Parameters
    ----------
    model : Classifier
    film : Radiograph
    label : str
    prediction : Prediction, optional
        See :func:`cxr.explain.grad_cam`.
    channels : int
        How many maps are asked; as many forward passes.
    fill : {"blur", "mean", "noise", "black"}
        What takes the place of the hidden part, see :func:`cxr.explain.fill.whole`.
    progress : callable, optional

    Returns
    -------
    float32 (H, W) of the film, 0 and up: the maps' activation, weighted.

    Raises
    ------
    ExplainError
        As :func:`cxr.explain.grad_cam`; ``unknown_fill``.
    Cancelled
    """
    column = column_of(model, label)
    maps, _ = maps_and_gradient(model, film, label, prediction, progress)
    square = preprocess(film.eight_bit, model.preprocessing)
    empty = whole(square, fill, film_seed(film.sha256))
    asked = np.argsort(-maps.var((0, 1)), kind="stable")[:channels]
    asked = asked[maps[..., asked].var((0, 1)) > 0]
    if not len(asked):
        return np.zeros(film.eight_bit.shape, np.float32)
    logits = []
    for done, k in enumerate(asked):
        tell(progress, done / len(asked))
        shown = _partly(square, empty, maps[..., k], model.preprocessing.cut)
        logits.append(model.squares(shown[None])[0, column])
    tell(progress, 1.0)
    weights = np.exp(np.array(logits, np.float64) - max(logits))
    cells = np.maximum(maps[..., asked] @ (weights / weights.sum() - 1 / len(asked)), 0)
    return to_film(cells, film.eight_bit.shape, model.preprocessing.cut)


def _partly(
    square: NDArray[np.uint8], empty: NDArray[np.uint8], cells: NDArray[np.float32], cut: float
) -> NDArray[np.uint8]:
    """The film where the map is high, the fill where it is low; uint8 (S, S)."""
    share = (cells - cells.min()) / (cells.max() - cells.min())
    share = to_film(share, square.shape, cut)
    shown = empty + (square.astype(np.float32) - empty) * share
    out: NDArray[np.uint8] = np.rint(shown).astype(np.uint8)
    return out
