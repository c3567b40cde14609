"""How high maps of the called class get on films of val, which says where colours should end.

    CXR_DATA=DIR python -m benchmarks.map_heights

The figures are in docs/explaining.md.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

import cxr
from cxr.explain.gradcam import grad_cam_cells

BUNDLE = Path(__file__).parents[1] / "models" / "default"
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def main() -> None:
    data, model = Path(os.environ["CXR_DATA"]), cxr.load(BUNDLE)
    rows = pd.read_csv(BUNDLE / "predictions.csv")
    sample = rows[rows.split == "val"].sample(300, random_state=1)
    cells, effects = [], []
    for image in sample.image:
        film = cxr.read(data / image)
        prediction = model.predict([film])[0]
        cells.append(grad_cam_cells(model, film, prediction.label, prediction).max())
        if len(effects) < 24:
            effects.append(np.abs(cxr.explain.occlusion(model, film, prediction.label)).max())
    for name, values in (("Grad-CAM, logits a cell", cells), ("occlusion, |Δp|", effects)):
        print(name, len(values), "films:", np.quantile(values, QUANTILES).round(3), "at", QUANTILES)


if __name__ == "__main__":
    main()
