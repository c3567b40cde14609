"""Makes the foreign networks that tests adopt: they tell drawn films with a light patch in the
middle (P) from those with one above (N), by one unit.

    PYTHONPATH=.:tests python tests/bundles/make_students.py

They are committed, since what a training gives is not the same on every processor. Each gets every
film of N and P that it was not trained on right, by a log-odds of at least 2: so no test's outcome
hangs on the last digits of a sum. ``averaged.keras`` brings the state of its training along, as
students save it; ``flat.keras`` has a head that is not linear in the averages of its maps.
"""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from kerasfiles import members, written
from numpy.typing import NDArray
from traindata import make_data

import cxr
from cxr.imaging.preprocessing import Preprocessing, preprocess
from train.data import manifest

STUDENTS = Path(__file__).parent / "students"
SIZE = 24
HEADS = {"averaged": keras.layers.GlobalAveragePooling2D, "flat": keras.layers.Flatten}


def fed(data: Path, learnt: bool) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Films of 0 to 1 and whether each is P, from the split train or from all others."""
    frame = manifest.load(data)
    frame = frame[((frame.split == "train") == learnt) & frame.label.isin(["N", "P"])]
    how = Preprocessing(size=SIZE)
    films = [preprocess(cxr.read(data / image).eight_bit, how) for image in frame.image]
    squares = np.repeat(np.stack(films)[..., None] / np.float32(255), 3, -1)
    return squares, (frame.label == "P").to_numpy(float)


def taught(data: Path, head: str, seed: int = 0, epochs: int = 40) -> Any:
    """The Keras network of a drawn data folder, nested as students build them."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Conv2D(4, 5, strides=2, name="first")(inputs)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.8)(x))
    maps = keras.layers.Conv2D(8, 5, strides=2, activation="relu", name="maps")(x)
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            keras.Model(inputs, maps, name="backbone"),
            HEADS[head](),
            keras.layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    model.fit(*fed(data, learnt=True), batch_size=8, epochs=epochs, verbose=0)
    return model


def margins(model: Any, data: Path) -> Any:
    """The log-odds of the own label of each film that was not learnt from; float (88,)."""
    films, truth = fed(data, learnt=False)
    said = np.clip(model.predict(films, verbose=0)[:, 0].astype(float), 1e-7, 1 - 1e-7)
    return np.log(said / (1 - said)) * np.where(truth == 1, 1, -1)


if __name__ == "__main__":
    STUDENTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        drawn = make_data(Path(scratch) / "films")
        for head in HEADS:
            for seed in itertools.count():
                network = taught(drawn, head, seed)
                least = float(margins(network, drawn).min())
                print(f"{head}, seed {seed}: least log-odds {least:.2f}")
                if least > 2:
                    break
            if head == "flat":
                network.optimizer = None
            path = STUDENTS / f"{head}.keras"
            network.save(path)
            written(path, members(path))  # a third of the size
