"""Makes the network that most tests look at: it tells drawn films with a lesion (T) from those
without (N).

    PYTHONPATH=.:tests python tests/bundles/make.py

It is committed, since what a training gives is not the same on every processor. It gets every one
of 1,000 fresh films right, by a log-odds of at least 2, so that no test's outcome hangs on the last
digits of a sum.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
from networks import LABELS, PHANTOM_SIZE, phantoms, small_network

from cxr.imaging.preprocessing import Preprocessing
from train.export.classifier import write_network

PHANTOM = Path(__file__).parent / "phantom"


def trained(films: int = 1600, epochs: int = 25) -> Any:
    """The Keras network of so many drawn films, trained so long."""
    squares, truth = phantoms(films, seed=1)
    model = small_network()
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


if __name__ == "__main__":
    network = trained()
    least = float(margins(network).min())
    if least < 1:
        raise SystemExit(f"This training leaves a film at {least:.2f}; make it longer.")
    shutil.rmtree(PHANTOM, ignore_errors=True)
    write_network(network, LABELS, Preprocessing(size=PHANTOM_SIZE), PHANTOM)
    print(f"least log-odds of a film's own label: {least:.2f}")
