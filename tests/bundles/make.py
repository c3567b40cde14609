"""Makes the network that most tests look at: it tells drawn films with a lesion (T) from those
without (N).

    PYTHONPATH=.:tests python tests/bundles/make.py

It is committed, since what a training gives is not the same on every processor. It gets every one
of 1,000 fresh films right, by a log-odds of at least 1, and the peak of its Grad-CAM lies on the
lesion: so no test's outcome hangs on the last digits of a sum.
"""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
from networks import LABELS, PHANTOM_SIZE, phantom, phantoms, small_network

from cxr.imaging.preprocessing import Preprocessing, preprocess
from train.export.network_files import write_network

PHANTOM = Path(__file__).parent / "phantom"


def trained(films: int = 1600, epochs: int = 10, seed: int = 1) -> Any:
    """The Keras network of so many drawn films, trained so long."""
    squares, truth = phantoms(films, seed=1)
    model = small_network(seed=seed)
    rate = keras.optimizers.schedules.CosineDecay(1e-2, epochs * -(-films // 32))
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    model.compile(keras.optimizers.Adam(rate), loss)
    model.fit(squares[..., None].astype(np.float32), np.eye(2)[truth], 32, epochs, verbose=0)
    return model


def margins(model: Any) -> Any:
    """The log-odds of each of 1,000 fresh films' own label; float (1000,)."""
    squares, truth = phantoms(1000, seed=2)
    logits = model.predict(squares[..., None].astype(np.float32), verbose=0)
    return (logits[:, 1] - logits[:, 0]) * np.where(truth == 1, 1, -1)


def farthest_peak(model: Any) -> float:
    """How far the peak of Grad-CAM lies from the lesion on the worst of 60 films, as a share of the
    film's side."""
    maps = keras.Model(model.input, model.get_layer("relu2").output)
    weights = model.get_layer("logits").get_weights()[0][:, 1]
    rng, worst = np.random.default_rng(7), 0.0
    for height, width in ((150, 110), (240, 150)):
        for _ in range(30):
            pixels, (row, column) = phantom(rng, True, height, width)
            square = preprocess(pixels, Preprocessing(size=PHANTOM_SIZE))
            cam = maps(square[None, ..., None].astype(np.float32)).numpy()[0] @ weights
            peak = (np.array(np.unravel_index(cam.argmax(), cam.shape)) + 0.5) / len(cam)
            worst = max(worst, *np.abs(peak - (row / height, column / width)))
    return worst


if __name__ == "__main__":
    for seed in itertools.count(1):
        network = trained(seed=seed)
        least, farthest = float(margins(network).min()), farthest_peak(network)
        print(f"seed {seed}: least log-odds {least:.2f}, farthest peak {farthest:.3f}")
        if least > 1 and farthest < 0.14:
            break
    shutil.rmtree(PHANTOM, ignore_errors=True)
    write_network(network, LABELS, Preprocessing(size=PHANTOM_SIZE), PHANTOM)
