"""A film's score and its Grad-CAM over the whole film, as a program that uses the library asks."""

from __future__ import annotations

import sys

import cxr
from benchmarks.case import read_case
from benchmarks.worker import report
from cxr import explain
from cxr.explain.gradcam import grad_cam_cells

case = read_case(sys.argv[1])
model, film = cxr.load(case.model), cxr.read(case.film)


def once() -> object:
    prediction = model.predict([film])[0]
    return prediction, explain.grad_cam(model, film, case.label, prediction)


answer = {
    "logits": list(model.predict([film])[0].logits.values()),
    "cells": grad_cam_cells(model, film, case.label).ravel().tolist(),
}
report(once, int(sys.argv[2]), answer)
