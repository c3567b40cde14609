"""Does a map point at what the network used? Deletion and insertion (Petsiuk et al. 2018) of the
map beside maps that know nothing of the network.

Deletion takes the film away from the map's highest values on; a map that points at what counts
makes the probability fall early. Insertion puts it back in the same order. What is taken away is
filled (``fill.whole``); the area under each curve is its mean height. Neither says much alone: a
film that is half gone is no film, and any order of taking it away moves the score. So the same is
done with maps of smooth noise and with a Gaussian on the film's centre, where most findings are.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..explain.fill import film_seed, whole
from ..explain.target import Progress, column_of, tell, to_square
from ..imaging.preprocessing import preprocess
from ..imaging.radiograph import Radiograph
from ..model.classifier import Classifier

STEPS = 10
CONTROLS = 19
GRAIN = 7
FAITHFUL, WEAK, CHANCE = "faithful", "weak", "no better than chance"
EMPTY, UNTESTABLE = "empty", "cannot be tested"


@dataclass(frozen=True, eq=False)
class DeletionInsertion:
    """What happens to a probability as a film goes and comes in a map's order.

    Attributes
    ----------
    deletion, insertion : float64 (steps + 1,)
        Probability with 0, 1/steps … all of the pixels taken away, or put back.
    """

    deletion: NDArray[np.float64]
    insertion: NDArray[np.float64]

    @property
    def deletion_area(self) -> float:
        """Area under the curve by the trapezoidal rule, 0 to 1; a good map's is small."""
        return _area(self.deletion)

    @property
    def insertion_area(self) -> float:
        """0 to 1; a good map's is large."""
        return _area(self.insertion)

    @property
    def gain(self) -> float:
        """Insertion area less deletion area, −1 to 1: what maps are ranked by."""
        return self.insertion_area - self.deletion_area


@dataclass(frozen=True, eq=False)
class Faithfulness:
    """A map's curves beside those of maps that know nothing.

    Attributes
    ----------
    own, centre : DeletionInsertion
    random : tuple of DeletionInsertion
    word : {"faithful", "weak", "no better than chance", "empty", "cannot be tested"}
        See :func:`word_of`. "empty": the map is the same everywhere. "cannot be tested": the
        network gives the fill alone at least the film's score, so that nothing of the film speaks
        for the class; another fill may do.
    """

    own: DeletionInsertion
    centre: DeletionInsertion
    random: tuple[DeletionInsertion, ...]
    word: str

    @property
    def chance(self) -> float:
        """How often noise does at least as well, 1 / (n + 1) to 1: a permutation test's p."""
        return chance_of(self.own.gain, [each.gain for each in self.random])


def faithfulness(
    model: Classifier,
    film: Radiograph,
    label: str,
    values: NDArray[np.float32],
    steps: int = STEPS,
    controls: int = CONTROLS,
    fill: str = "blur",
    progress: Progress | None = None,
) -> Faithfulness:
    """Test a map. Takes ``2 · (steps − 1) · (controls + 2) + 2`` forward passes, 380 by default.

    Parameters
    ----------
    model : Classifier
    film : Radiograph
    label : str
        The class that the map is of.
    values : float32 (H, W)
        The map, over the whole film. Higher values go first; equal ones in the order of a map of
        noise. A signed map's values below 0 go last.
    steps : int
        Into which the film's pixels are divided.
    controls : int
        Maps of noise; 19 is the fewest that can leave chance at .05.
    fill : {"blur", "mean", "noise", "black"}
    progress : callable, optional

    Returns
    -------
    Faithfulness

    Raises
    ------
    ExplainError
        ``unknown_class``, ``unknown_fill``.
    Cancelled
    """
    column = column_of(model, label)
    square = preprocess(film.eight_bit, model.preprocessing)
    seed = film_seed(film.sha256)
    empty = whole(square, fill, seed)
    rng = np.random.default_rng(seed)
    noise = [noise_map(model.size, rng) for _ in range(controls + 1)]
    mine = to_square(values, model.size)
    maps = [mine, centre_map(model.size), *noise[1:]]
    ends = probabilities(model, [square, empty], column)
    found = []
    for done, each in enumerate(maps):
        tell(progress, done / len(maps))
        found.append(curve(model, square, empty, order_of(each, noise[0]), column, steps, ends))
    tell(progress, 1.0)
    own, centre, *random = found
    if np.ptp(mine) == 0:
        word = EMPTY
    elif ends[1] >= ends[0]:
        word = UNTESTABLE
    else:
        word = word_of(own.gain, centre.gain, [each.gain for each in random])
    return Faithfulness(own, centre, tuple(random), word)


def word_of(own: float, centre: float, random: list[float]) -> str:
    """The plain word for a map's gain.

    "faithful": noise does as well at most one time in twenty (:func:`chance_of` is .05 or less) and
    the centre does less well. "weak": noise does as well at most one time in four. Otherwise "no
    better than chance".
    """
    chance = chance_of(own, random)
    if chance <= 0.05 and own > centre:
        return FAITHFUL
    return WEAK if chance <= 0.25 else CHANCE


def chance_of(own: float, random: list[float]) -> float:
    """``(1 + how many of random are at least own) / (1 + how many there are)``."""
    return (1 + sum(gain >= own for gain in random)) / (1 + len(random))


def curve(
    model: Classifier,
    square: NDArray[np.uint8],
    empty: NDArray[np.uint8],
    order: NDArray[np.intp],
    column: int,
    steps: int = STEPS,
    ends: NDArray[np.float64] | None = None,
) -> DeletionInsertion:
    """Deletion and insertion as xplique 2.0.2 computes them.

    Parameters
    ----------
    square, empty : uint8 (S, S)
        The film, and what takes its place.
    order : int (S · S,)
        Flat places, the first to go first.
    column : int
        Place of the class.
    ends : float64 (2,), optional
        Probability of `square` and of `empty`, if they are known.
    """
    counts = np.linspace(0, order.size, steps + 1, dtype=np.int32)[1:-1]
    if ends is None:
        ends = probabilities(model, [square, empty], column)
    inner = []
    for start, end in ((square, empty), (empty, square)):
        changed = start.copy()
        pictures = []
        for first, last in zip([0, *counts], counts, strict=False):
            places = order[first:last]
            changed.flat[places] = end.flat[places]
            pictures.append(changed.copy())
        inner.append(probabilities(model, pictures, column))
    deletion = np.concatenate([ends[:1], inner[0], ends[1:]])
    return DeletionInsertion(deletion, np.concatenate([ends[1:], inner[1], ends[:1]]))


def probabilities(
    model: Classifier, squares: list[NDArray[np.uint8]], column: int
) -> NDArray[np.float64]:
    """Calibrated, float64 (n,)."""
    if not squares:
        return np.zeros(0)
    return model.calibrate(model.squares(np.stack(squares)))[:, column]


def order_of(values: NDArray[np.floating], ties: NDArray[np.floating]) -> NDArray[np.intp]:
    """Flat places from the highest value to the lowest; among equal ones, from the highest of
    `ties`, so that the empty part of a map does not go row by row."""
    return np.lexsort((-ties.ravel(), -values.ravel()))


def noise_map(size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Smooth noise with about as many bumps as a map has, 7 along a side; float32 (size, size).
    Noise of single pixels would break the film up and move any network."""
    cells = rng.standard_normal((GRAIN, GRAIN)).astype(np.float32)
    return np.asarray(cv2.resize(cells, (size, size), interpolation=cv2.INTER_CUBIC))


def centre_map(size: int) -> NDArray[np.float32]:
    """A Gaussian on the centre with a standard deviation of a quarter of the side, 1 at its top;
    float32 (size, size)."""
    along = np.exp(-(((np.arange(size) + 0.5) / size - 0.5) ** 2) / (2 * 0.25**2))
    return np.outer(along, along).astype(np.float32)


def _area(heights: NDArray[np.float64]) -> float:
    return float((heights[:-1] + heights[1:]).mean() / 2)
