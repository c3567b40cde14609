"""Does a map depend on what the network has learnt? The same method on a network whose weights have
been shuffled (Adebayo et al. 2018). A method whose map stays draws the film, not the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..explain.methods import make_map
from ..explain.target import Progress, part_of, to_square
from ..imaging.radiograph import Radiograph
from ..model.classifier import Classifier
from .shuffled_weights import with_shuffled_weights
from .similarity import rank_correlation, ssim_of_shapes

LIMIT = 0.5
PASSES, FAILS, EMPTY = "depends on the weights", "hardly depends on the weights", "empty"


@dataclass(frozen=True, eq=False)
class Sanity:
    """A map beside those of the same network with shuffled weights.

    Attributes
    ----------
    randomised : float32 (H, W)
        The map after the first shuffle, in the units of the method.
    ssim : float
        Structural similarity to a map after a shuffle, each divided by its own greatest
        magnitude; the mean over shuffles, −1 to 1.
    rank : float
        Magnitude of Spearman's correlation with a map after a shuffle, the mean over shuffles,
        0 to 1.
    word : {"depends on the weights", "hardly depends on the weights", "empty"}
        See :func:`word_of`.
    """

    randomised: NDArray[np.float32]
    ssim: float
    rank: float
    word: str


def sanity(
    model: Classifier,
    film: Radiograph,
    label: str,
    method: str,
    values: NDArray[np.float32],
    shuffles: int = 3,
    progress: Progress | None = None,
) -> Sanity:
    """Make the same map after each shuffle of the weights and compare, on the network's square.

    Parameters
    ----------
    model : Classifier
    film : Radiograph
    label : str
    method : str
        One of :data:`cxr.explain.METHODS`.
    values : float32 (H, W)
        What `method` gave for `model`.
    shuffles : int
        How many, at least 1. They differ much, and a single one can resemble by chance.
    progress : callable, optional

    Returns
    -------
    Sanity

    Raises
    ------
    ExplainError
        Those of the method.
    Cancelled
    """
    maps = [
        make_map(
            with_shuffled_weights(model, seed),
            film,
            label,
            method,
            None,
            part_of(progress, seed, shuffles),
        )
        for seed in range(shuffles)
    ]
    mine = to_square(values, model.size)
    others = [to_square(each, model.size) for each in maps]
    ssim = float(np.mean([ssim_of_shapes(mine, each) for each in others]))
    rank = float(np.mean([abs(rank_correlation(mine, each)) for each in others]))
    return Sanity(maps[0], ssim, rank, EMPTY if np.ptp(mine) == 0 else word_of(ssim, rank))


def word_of(ssim: float, rank: float) -> str:
    """The plain word: a map that keeps half of its shape or of its order under other weights, by
    SSIM or by the magnitude of Spearman's correlation, hardly depends on them."""
    return FAILS if max(ssim, rank) >= LIMIT else PASSES
