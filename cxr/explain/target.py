"""What every map shares: the class it is asked for, and the film it is laid over."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..classifier import Classifier
from ..errors import ExplainError


def column_of(model: Classifier, label: str) -> int:
    """Place of `label` among the logits.

    Raises
    ------
    ExplainError
        ``unknown_class``.
    """
    if label not in model.labels:
        raise ExplainError(
            "unknown_class", f"The model has no class {label!r}; it has {', '.join(model.labels)}."
        )
    return model.labels.index(label)


def to_film(cells: NDArray[np.floating], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Stretch a map over a whole film, linearly between the centres of its cells.

    The inverse of the stretch in :func:`cxr.preprocess.preprocess`: the centre of cell (i, j) of
    an (h, w) map falls on ``((i + .5) * H / h - .5, (j + .5) * W / w - .5)`` of the film.

    Parameters
    ----------
    cells : float (h, w)
    shape : (H, W)

    Returns
    -------
    float32 (H, W)
    """
    height, width = shape
    stretched: Any = cv2.resize(
        cells.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR
    )
    return stretched
