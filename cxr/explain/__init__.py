"""Maps over a film: what in it moved the network. Evidence about the network, not about disease."""

from .fill import FILLS, Box, filler
from .gradcam import grad_cam
from .occlusion import box_effects, occlusion, patch_and_stride, patch_boxes

__all__ = [
    "FILLS",
    "Box",
    "box_effects",
    "filler",
    "grad_cam",
    "occlusion",
    "patch_and_stride",
    "patch_boxes",
]
