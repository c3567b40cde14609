"""How far scores of the sample films move when nothing but their grain changes.

    python -m benchmarks.grain [BUNDLE]

The figures are in docs/model_card.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

import cxr
from cxr.imaging.preprocessing import reduce_film
from cxr.imaging.radiograph import Radiograph

ROOT = Path(__file__).parents[1]


def main() -> None:
    model = cxr.load(sys.argv[1] if sys.argv[1:] else ROOT / "models" / "default")
    moved: dict[str, list[float]] = {}
    for path in sorted((ROOT / "samples").glob("*.jpg")):
        film = cxr.read(path)
        before = model.predict([film])[0].probabilities
        for name, pixels in _copies(film.eight_bit).items():
            after = model.predict([Radiograph(pixels, 8, film.sha256, "PNG")])[0].probabilities
            worst = max(abs(before[label] - after[label]) for label in model.labels)
            moved.setdefault(name, []).append(worst)
    print(
        "| copy | worst change of a probability | median over films |",
        "| --- | --- | --- |",
        sep="\n",
    )
    for name, values in moved.items():
        print(f"| {name} | {max(values):.3f} | {np.median(values):.3f} |")


def _copies(film: np.ndarray) -> dict[str, np.ndarray]:
    small = reduce_film(film, 256)
    jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
    lanczos = Image.fromarray(film).resize(small.shape[::-1], Image.Resampling.LANCZOS)
    return {
        "256 pixels by area averaging, lossless": small,
        "the same as JPEG of quality 95": cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE),
        "256 pixels by Lanczos": np.ascontiguousarray(lanczos),
        "512 pixels by area averaging": reduce_film(film, 512),
    }


if __name__ == "__main__":
    main()
