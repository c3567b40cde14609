"""An occlusion map over the whole film, filled with the blurred surroundings as in the app:
``full``, a drill-down's ``first`` map, or one that goes on to the strongest quarter (``quarter``).

The effects that are compared with the peers' are those of black patches, which peers use.
"""

from __future__ import annotations

import sys

import cxr
from benchmarks.case import PATCH, STRIDE, read_case
from benchmarks.worker import report, summed_over_patches
from cxr import explain

case, how = read_case(sys.argv[1]), sys.argv[3]
model, film = cxr.load(case.model), cxr.read(case.film)


def once() -> explain.PartialMap | None:
    options = {"patch": PATCH, "stride": STRIDE, "fill": "blur"}
    if how == "full":
        explain.occlusion(model, film, case.label, **options)
        return None
    maps = explain.drill_down(model, film, case.label, **options, share=0.25)
    return next(maps) if how == "first" else list(maps)[-1]


boxes = explain.patch_boxes(model.size, PATCH, STRIDE)
effects = explain.box_effects(model, film, case.label, boxes, fill="black")
side = int(len(boxes) ** 0.5)
last = once()
answer = {
    "effects": summed_over_patches(effects.reshape(side, side)),
    "forwards": last.forwards if last else len(boxes) + 1,
}
report(once, int(sys.argv[2]), answer)
