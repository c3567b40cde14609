"""Does a score hold when the film changes in ways that mean nothing? Small turns, shifts and crops,
lighter and darker, stored as JPEG: a reader would say of each what they said of the film.

Milder than :mod:`cxr.imaging.corruptions`, and in both directions: those are what is wrong with
films, these are what any two exposures of one patient differ by. Where a film is turned or shifted
off its edge, the edge is repeated: black wedges would be something new on it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..explain.target import Progress, tell
from ..imaging.preprocessing import preprocess
from ..imaging.radiograph import Radiograph
from ..model.classifier import Classifier

Film = NDArray[np.uint8]

CHANGES: dict[str, tuple[str, tuple[float, ...]]] = {
    "rotated": ("degrees, clockwise", (-5, -3, 3, 5)),
    "shifted": ("share of the width, to the right", (-0.05, -0.025, 0.025, 0.05)),
    "cropped": ("share of each side cut off", (0.02, 0.03, 0.04, 0.05)),
    "gamma": ("below 1 is lighter", (0.8, 0.9, 1.1, 1.25)),
    "jpeg": ("quality", (95, 80, 65, 50)),
}
"""Kind → what its amounts are, and their values."""

LIMIT = 0.1
"""How far the probability of the film's class may move."""

STABLE, UNSTABLE = "stable", "unstable"


@dataclass(frozen=True)
class Stability:
    """The scores of a film and of its changed copies.

    Attributes
    ----------
    base : dict of str to float
        Label → calibrated probability of the film as it is.
    changed : dict of (str, float) to dict
        Kind and amount, see :data:`CHANGES` → label → probability.
    """

    base: dict[str, float]
    changed: dict[tuple[str, float], dict[str, float]]

    @property
    def label(self) -> str:
        """The film's class: the likeliest as it is."""
        return _likeliest(self.base)

    @property
    def turned(self) -> list[tuple[str, float]]:
        """The changes after which another class is the likeliest."""
        return [each for each, p in self.changed.items() if _likeliest(p) != self.label]

    @property
    def move(self) -> float:
        """The most that any change moved the probability of the film's class, 0 to 1."""
        was = self.base[self.label]
        return max((abs(p[self.label] - was) for p in self.changed.values()), default=0.0)

    @property
    def word(self) -> str:
        """ "stable": no change gives the film another class, nor moves the probability of its class
        by more than :data:`LIMIT`. Otherwise "unstable"."""
        return UNSTABLE if self.turned or self.move > LIMIT else STABLE

    def of(self, kind: str, label: str) -> list[float]:
        """Probabilities of `label` after each change of a kind, in the order of its amounts."""
        return [p[label] for (each, _), p in self.changed.items() if each == kind]


def _likeliest(p: dict[str, float]) -> str:
    return max(p, key=lambda label: p[label])


def stability(model: Classifier, film: Radiograph, progress: Progress | None = None) -> Stability:
    """Score a film and its changed copies; a forward pass for each, 21.

    Parameters
    ----------
    model : Classifier
    film : Radiograph
    progress : callable, optional
        See :data:`cxr.explain.target.Progress`.

    Raises
    ------
    Cancelled
    """
    asked = [(kind, amount) for kind, (_, amounts) in CHANGES.items() for amount in amounts]
    base = _score(model, film.eight_bit)
    found = {}
    for done, (kind, amount) in enumerate(asked):
        tell(progress, done / len(asked))
        found[kind, amount] = _score(model, change(film.eight_bit, kind, amount))
    tell(progress, 1.0)
    return Stability(base, found)


def _score(model: Classifier, film: Film) -> dict[str, float]:
    p = model.calibrate(model.squares(preprocess(film, model.preprocessing)[None]))[0]
    return dict(zip(model.labels, p.tolist(), strict=True))


def change(film: Film, kind: str, amount: float) -> Film:
    """The film with one change.

    Parameters
    ----------
    film : uint8 (H, W)
        Not altered.
    kind : str
        A key of :data:`CHANGES`.
    amount : float
        0, or 1 for "gamma", changes nothing; "jpeg" always does.

    Returns
    -------
    uint8, (H, W) but for "cropped", which is smaller.
    """
    if kind in ("rotated", "shifted"):
        matrix = matrix_of(kind, amount, film.shape)[:2]
        moved = cv2.warpAffine(film, matrix, film.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        return moved.astype(np.uint8, copy=False)
    if kind == "cropped":
        height, width = film.shape
        rows, columns = round(amount * height), round(amount * width)
        return np.ascontiguousarray(film[rows : height - rows, columns : width - columns])
    if kind == "gamma":
        return np.rint(np.linspace(0, 1, 256) ** amount * 255).astype(np.uint8)[film]
    if kind == "jpeg":
        stored = cv2.imencode(".jpg", film, [cv2.IMWRITE_JPEG_QUALITY, int(amount)])[1]
        return np.asarray(cv2.imdecode(stored, cv2.IMREAD_GRAYSCALE), np.uint8)
    raise ValueError(f"no change called {kind!r}; there are {', '.join(CHANGES)}")


def matrix_of(kind: str, amount: float, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Where a change takes the film's pixels: (x, y, 1) of the film to (x, y, 1) of its copy.

    Parameters
    ----------
    kind, amount
        See :data:`CHANGES`.
    shape : (H, W)

    Returns
    -------
    float64 (3, 3)
    """
    height, width = shape
    matrix = np.eye(3)
    if kind == "rotated":
        middle = ((width - 1) / 2, (height - 1) / 2)
        matrix[:2] = cv2.getRotationMatrix2D(middle, -amount, 1.0)
    elif kind == "shifted":
        matrix[0, 2] = amount * width
    elif kind == "cropped":
        matrix[:2, 2] = -round(amount * width), -round(amount * height)
    return matrix
