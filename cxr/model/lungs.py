"""Where the lungs are on a film, and whether it has any.

A segmentation bundle (``models/lungs``) gives each pixel of the network's square a probability of
being lung. The square shows the whole film, so every array here covers the whole film whatever its
grid: go from one grid to another by resizing alone.

The lungs include what lies behind the heart and the diaphragm's domes are their lower end, as the
masks were drawn that the network learnt from.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import BundleError
from ..imaging.preprocessing import preprocess
from ..imaging.radiograph import Radiograph
from ..shipped import models
from .bundle import Bundle, open_bundle
from .interpreter import LiteRTNetwork

LABELS = ("surroundings", "lung")
FOLDER = models() / "lungs"
SPECK = 0.005  # of the film: smaller regions get no outline
LEAST = 0.1  # of the film: how much of it lungs are expected to fill

Probability = NDArray[np.float32]


class LungFinder:
    """A checked segmentation bundle, loaded once and safe to share between threads.

    Attributes
    ----------
    bundle : Bundle
    """

    def __init__(self, folder: str | Path = FOLDER) -> None:
        self.bundle: Bundle = open_bundle(folder)
        if self.bundle.task != "segmentation" or self.bundle.labels != LABELS:
            raise BundleError("wrong_task", "This bundle's network does not outline lungs.")
        size = self.bundle.preprocessing.size
        try:
            self._network = LiteRTNetwork((self.bundle.folder / "model.tflite").read_bytes(), size)
            blank = self._network(np.zeros((size, size), np.uint8))
        except (ValueError, RuntimeError, TypeError) as error:
            raise BundleError(
                "bad_model", "model.tflite does not take the film that bundle.json describes."
            ) from error
        if "logits" not in blank or blank["logits"].shape != (1, size, size, len(LABELS)):
            raise BundleError(
                "wrong_shape", "model.tflite does not give two logits for each pixel."
            )

    def find(self, film: Radiograph) -> Probability:
        """Probability of lung, float32 (size, size), 0 to 1, over the whole film."""
        return self.square(preprocess(film.eight_bit, self.bundle.preprocessing))

    def square(self, square: NDArray[np.uint8]) -> Probability:
        """The same for a film that is preprocessed already, uint8 (size, size).

        The mean of the network's answers to the film and to its mirror image: Dice rose by .001 on
        val, and a mirrored film gets the mirrored outline.
        """
        mirrored = self.once(np.ascontiguousarray(square[:, ::-1]))[:, ::-1]
        return (self.once(square) + mirrored) / np.float32(2)

    def once(self, square: NDArray[np.uint8]) -> Probability:
        """The network's answer to the film as it stands."""
        return probability_of(self._network(square)["logits"][0])

    def has_lungs(self, probability: Probability) -> bool:
        """Whether :func:`presence` reaches the bundle's threshold."""
        threshold = self.bundle.operating_points["lung"]["threshold"]
        return presence(probability) >= float(threshold)


def load(folder: str | Path = FOLDER) -> LungFinder:
    """Load a segmentation bundle, by default the one that ships.

    Raises
    ------
    BundleError
        When anything is off: a file missing or altered, another task, shapes that do not fit.
    """
    return LungFinder(folder)


def probability_of(logits: NDArray[np.floating]) -> Probability:
    """Softmax of (..., 2) logits in the order of :data:`LABELS`; lung's part, float32 (...)."""
    margin = np.subtract(logits[..., 1], logits[..., 0], dtype=np.float64)
    out: Probability = ((1 + np.tanh(margin / 2)) / 2).astype(np.float32)
    return out


def mask(probability: Probability, height: int, width: int) -> NDArray[np.bool_]:
    """What is lung on a grid over the film: probability .5 or more.

    Parameters
    ----------
    probability : float32 (S, S)
        As :meth:`LungFinder.find` gives it.
    height, width : int
        Of the grid, pixels; the film's own, or a map's.

    Returns
    -------
    bool (height, width)
    """
    fitted = cv2.resize(probability, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(fitted >= 0.5)


def outline(lungs: NDArray[np.bool_]) -> list[NDArray[np.float32]]:
    """The borders of a mask's regions, largest first; holes and specks are left out.

    Parameters
    ----------
    lungs : bool (H, W)
        The finer, the smoother: the film's own grid, or 512 pixels.

    Returns
    -------
    list of float32 (n, 2)
        Closed polygons of x and y as fractions of the film's width and height, off the border of
        the mask by a pixel at most.
    """
    height, width = lungs.shape
    found, _ = cv2.findContours(lungs.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    large = [c for c in found if cv2.contourArea(c) >= SPECK * height * width]
    large.sort(key=cv2.contourArea, reverse=True)
    return [
        ((cv2.approxPolyDP(c, 0.7, True)[:, 0] + 0.5) / (width, height)).astype(np.float32)
        for c in large
    ]


def presence(probability: Probability) -> float:
    """How sure the network is that the film shows lungs: the mean probability of the tenth of the
    film that looks most like lung.

    Photographs get a patch or two that is called lung, small or unsure; lungs are large and sure.

    Parameters
    ----------
    probability : float32 (S, S)

    Returns
    -------
    float, 0 to 1
    """
    tenth = max(1, int(probability.size * LEAST))
    return float(np.partition(probability, -tenth, axis=None)[-tenth:].mean(dtype=np.float64))


def share_inside(values: NDArray[np.floating], probability: Probability) -> float:
    """How much of what a map says for a class lies inside the lungs.

    Parameters
    ----------
    values : float (h, w)
        A map over the whole film; only what is above 0 counts.
    probability : float32 (S, S)

    Returns
    -------
    float
        0 to 1; NaN for a map that is nowhere above 0. A map that is the same everywhere gives
        the lungs' own share of the film, which is what to compare with.
    """
    height, width = values.shape
    lungs = (probability >= 0.5).astype(np.float32)
    shrinks = height <= lungs.shape[0] and width <= lungs.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    inside = cv2.resize(lungs, (width, height), interpolation=how)
    positive = np.maximum(values, 0).astype(np.float64)
    total = positive.sum()
    return float((positive * inside).sum() / total) if total > 0 else float("nan")
