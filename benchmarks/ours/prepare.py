"""``python -m benchmarks.ours.prepare MODEL FILM SQUARE`` writes the film's square and prints the
case. The class to explain is the one that the network scores highest."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import numpy as np

import cxr
from benchmarks.case import BenchmarkCase
from cxr.imaging.preprocessing import preprocess


def main() -> None:
    folder, file, square = sys.argv[1:]
    model, film = cxr.load(folder), cxr.read(file)
    np.save(square, preprocess(film.eight_bit, model.preprocessing))
    bundle = model.bundle
    if bundle.gradcam_layer is None or model.size != 224:
        sys.exit("The claims are about a convolutional network at 224 pixels.")
    label = model.predict([film])[0].label
    case = BenchmarkCase(
        folder, file, square, list(model.labels), label, bundle.gradcam_layer, bundle.temperature
    )
    about = {"sha256": bundle.digest, "shape": film.eight_bit.shape}
    print(json.dumps({"case": asdict(case), **about}))


main()
