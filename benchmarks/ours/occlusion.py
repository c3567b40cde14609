"""An occlusion map over the whole film, filled with the blurred surroundings as in the app.

The effects that are compared with the peers' are those of black patches, which peers use.
"""

from __future__ import annotations

import sys

import cxr
from benchmarks.case import PATCH, STRIDE, read_case
from benchmarks.worker import report, summed_over_patches
from cxr import explain

case = read_case(sys.argv[1])
model, film = cxr.load(case.model), cxr.read(case.film)


def once() -> object:
    return explain.occlusion(model, film, case.label, patch=PATCH, stride=STRIDE, fill="blur")


boxes = explain.patch_boxes(model.size, PATCH, STRIDE)
effects = explain.box_effects(model, film, case.label, boxes, fill="black")
side = int(len(boxes) ** 0.5)
answer = {
    "effects": summed_over_patches(effects.reshape(side, side)),
    "forwards": len(boxes) + 1,
}
report(once, int(sys.argv[2]), answer)
