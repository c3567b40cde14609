"""Maps over a film: what in it moved the network. Evidence about the network, not about disease.
Whether a map is to be believed is asked in `explain_eval`; gradients come from `gradients`."""

from importlib import import_module
from typing import Any

from .drilldown import PartialMap, drill_down
from .fill import FILLS, Box, filler
from .gradcam import grad_cam, grad_cam_pp
from .integrated import integrated_gradients
from .methods import METHODS, make_map, methods_of
from .occlusion import box_effects, occlusion, patch_and_stride, patch_boxes
from .scorecam import score_cam
from .target import contours, worth_a_map

__all__ = [
    "FILLS",
    "METHODS",
    "Box",
    "PartialMap",
    "box_effects",
    "contours",
    "drill_down",
    "filler",
    "grad_cam",
    "grad_cam_pp",
    "integrated_gradients",
    "make_map",
    "methods_of",
    "occlusion",
    "patch_and_stride",
    "patch_boxes",
    "score_cam",
    "worth_a_map",
]

_MOVED = {
    "Faithfulness": "deletion",
    "faithfulness": "deletion",
    "Sanity": "weight_randomisation",
    "sanity": "weight_randomisation",
    "FillAgreement": "fill_agreement",
    "answers_to_fills": "fill_agreement",
    "compare_fills": "fill_agreement",
}


def __getattr__(name: str) -> Any:
    """Names of before: of maps that are not finished, and of the evidence about maps."""
    if name == "Stage":
        return PartialMap
    if name == "words":
        return import_module("cxr.explain_eval.words")
    if name in _MOVED:
        return getattr(import_module(f"cxr.explain_eval.{_MOVED[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
