"""CXR Lens: chest radiographs scored by a network, with maps of what moved it.

>>> model = cxr.load()
>>> found = cxr.assess("film.dcm", model)
>>> found.refusal or (found.before_scores, found.prediction.probabilities)
>>> cxr.explain.occlusion(model, found.film, "T")

Names are looked up on first use, so that ``import cxr`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import (
    BundleError,
    Cancelled,
    CxrError,
    DataError,
    ExplainError,
    NotARadiograph,
    ReportError,
    SiteError,
    UnreadableFile,
)
from .notice import NOTICE

if TYPE_CHECKING:
    from . import explain, report, site
    from .explain import overlay
    from .imaging.radiograph import Radiograph
    from .imaging.reader import read
    from .model.classifier import Classifier, Prediction, load
    from .screening.assess import Assessment, assess

__all__ = [
    "NOTICE",
    "Assessment",
    "BundleError",
    "Cancelled",
    "Classifier",
    "CxrError",
    "DataError",
    "ExplainError",
    "NotARadiograph",
    "Prediction",
    "Radiograph",
    "ReportError",
    "SiteError",
    "UnreadableFile",
    "assess",
    "explain",
    "load",
    "overlay",
    "read",
    "report",
    "site",
]

_HOME = {
    "Assessment": "screening.assess",
    "assess": "screening.assess",
    "Classifier": "model.classifier",
    "Prediction": "model.classifier",
    "load": "model.classifier",
    "Radiograph": "imaging.radiograph",
    "read": "imaging.reader",
}

_ROOMS = {
    "explain": "explain",
    "explain_eval": "explain_eval",
    "input_checks": "input_checks",
    "overlay": "explain.overlay",
    "lungs": "model.lungs",
    "passport": "input_checks",
    "report": "report",
    "site": "site",
}


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f".{_ROOMS[name]}", __name__)
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
