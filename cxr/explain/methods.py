"""Every method under one call, for the lab, the evidence and the benchmarks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from ..errors import ExplainError
from ..imaging.radiograph import Radiograph
from ..model.classifier import Classifier, Prediction
from .gradcam import grad_cam, grad_cam_pp
from .integrated import integrated_gradients
from .occlusion import occlusion
from .scorecam import score_cam
from .target import Progress, tell

Map = NDArray[np.float32]
Known = Prediction | None
Told = Progress | None


@dataclass(frozen=True)
class Method:
    """A way to make a map.

    Attributes
    ----------
    make : callable
        ``(model, film, label, prediction, progress)`` → float32 (H, W) of the film.
    maps : bool
        Reads the maps of a convolution.
    gradients : bool
        Always needs TensorFlow; the others need it at most for a head that is not linear.
    """

    make: Callable[[Classifier, Radiograph, str, Known, Told], Map]
    maps: bool = False
    gradients: bool = False


def _at_once(
    method: Callable[[Classifier, Radiograph, str, Known, Told], Map],
) -> Callable[..., Map]:
    def make(model: Classifier, film: Radiograph, label: str, known: Known, told: Told) -> Map:
        tell(told, 0.0)
        values = method(model, film, label, known, told)
        tell(told, 1.0)
        return values

    return make


METHODS = {
    "gradcam": Method(_at_once(grad_cam), maps=True),
    "gradcam_pp": Method(_at_once(grad_cam_pp), maps=True),
    "scorecam": Method(lambda m, f, c, known, told: score_cam(m, f, c, known, progress=told), True),
    "occlusion": Method(lambda m, f, c, known, told: occlusion(m, f, c, progress=told)),
    "integrated": Method(
        lambda m, f, c, known, told: integrated_gradients(m, f, c, progress=told), gradients=True
    ),
}
"""By the names that :data:`cxr.explain.overlay.KINDS` colours them under."""


def methods_of(model: Classifier) -> tuple[str, ...]:
    """The methods that `model` can be asked for on this machine, in the order of METHODS."""
    tensorflow = find_spec("tensorflow") is not None
    maps = model.bundle.gradcam_layer is not None and (model.head_weights is not None or tensorflow)
    return tuple(
        name
        for name, method in METHODS.items()
        if (maps or not method.maps) and (tensorflow or not method.gradients)
    )


def make_map(
    model: Classifier,
    film: Radiograph,
    label: str,
    method: str,
    prediction: Prediction | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """A film's map by the name of its method.

    Parameters
    ----------
    model : Classifier
    film : Radiograph
    label : str
    method : str
        One of METHODS.
    prediction : Prediction, optional
        What `model` said of `film`, if that is known.
    progress : callable, optional
        See :data:`cxr.explain.target.Progress`.

    Returns
    -------
    float32 (H, W) of the film

    Raises
    ------
    ExplainError
        ``unknown_method``, and those of the method.
    Cancelled
    """
    if method not in METHODS:
        raise ExplainError(
            "unknown_method", f"There is no method {method!r}; there are {', '.join(METHODS)}."
        )
    return METHODS[method].make(model, film, label, prediction, progress)
