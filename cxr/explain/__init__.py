"""Maps over a film: what in it moved the network. Evidence about the network, not about disease."""

from . import words
from .agreement import FillAgreement, answers_to_fills, compare_fills
from .drilldown import Stage, drill_down
from .faithfulness import Faithfulness, faithfulness
from .fill import FILLS, Box, filler
from .gradcam import grad_cam, grad_cam_pp
from .integrated import integrated_gradients
from .methods import METHODS, make_map, methods_of
from .occlusion import box_effects, occlusion, patch_and_stride, patch_boxes
from .sanity import Sanity, sanity
from .scorecam import score_cam
from .target import contours, worth_a_map

__all__ = [
    "FILLS",
    "METHODS",
    "Box",
    "Faithfulness",
    "FillAgreement",
    "Sanity",
    "Stage",
    "answers_to_fills",
    "box_effects",
    "compare_fills",
    "contours",
    "drill_down",
    "faithfulness",
    "filler",
    "grad_cam",
    "grad_cam_pp",
    "integrated_gradients",
    "make_map",
    "methods_of",
    "occlusion",
    "patch_and_stride",
    "patch_boxes",
    "sanity",
    "score_cam",
    "words",
    "worth_a_map",
]
