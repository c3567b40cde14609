"""CXR Lens: chest radiographs scored by a network, with maps of what moved it.

>>> film = cxr.read("film.dcm")
>>> model = cxr.load("models/default")
>>> model.predict([film])[0].probabilities
>>> cxr.explain.occlusion(model, film, "T")

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
    UnreadableFile,
)
from .notice import NOTICE

if TYPE_CHECKING:
    from . import explain, overlay
    from .classifier import Classifier, Prediction, load
    from .radiograph import Radiograph, read

__all__ = [
    "NOTICE",
    "BundleError",
    "Cancelled",
    "Classifier",
    "CxrError",
    "DataError",
    "ExplainError",
    "NotARadiograph",
    "Prediction",
    "Radiograph",
    "UnreadableFile",
    "explain",
    "load",
    "overlay",
    "read",
]

_HOME = {
    "Classifier": "classifier",
    "Prediction": "classifier",
    "load": "classifier",
    "Radiograph": "radiograph",
    "read": "radiograph",
}


def __getattr__(name: str) -> Any:
    if name in ("explain", "overlay"):
        return import_module(f".{name}", __name__)
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
