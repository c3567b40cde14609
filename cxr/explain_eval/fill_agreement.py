"""How far an occlusion map is the fill's doing: the same film under every fill, their rank
correlation, and what the network says of each fill alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..explain.fill import FILLS, film_seed, whole
from ..explain.occlusion import occlusion
from ..explain.target import Progress, column_of, part_of, to_square
from ..imaging.preprocessing import preprocess
from ..imaging.radiograph import Radiograph
from ..model.classifier import Classifier
from .similarity import rank_correlation


@dataclass(frozen=True, eq=False)
class FillAgreement:
    """Occlusion of one film under several fills.

    Attributes
    ----------
    fills : tuple of str
    maps : tuple of float32 (H, W)
    rank : float64 (n, n)
        Spearman's correlation of each two maps on the network's square, 1 on the diagonal.
    alone : tuple of dict
        What the network says of a film that is nothing but the fill: label → calibrated
        probability. A fill that it is sure of is no neutral one.
    """

    fills: tuple[str, ...]
    maps: tuple[NDArray[np.float32], ...]
    rank: NDArray[np.float64]
    alone: tuple[dict[str, float], ...]


def compare_fills(
    model: Classifier,
    film: Radiograph,
    label: str,
    fills: tuple[str, ...] = FILLS,
    patch: int | None = None,
    stride: int | None = None,
    progress: Progress | None = None,
) -> FillAgreement:
    """Make the occlusion map of a film under each fill; as many times its forward passes.

    Raises
    ------
    ExplainError
        Those of :func:`cxr.explain.occlusion`.
    Cancelled
    """
    column_of(model, label)
    maps = [
        occlusion(model, film, label, patch, stride, fill, part_of(progress, k, len(fills)))
        for k, fill in enumerate(fills)
    ]
    squares = [to_square(each, model.size) for each in maps]
    rank = np.array([[rank_correlation(a, b) for b in squares] for a in squares])
    return FillAgreement(tuple(fills), tuple(maps), rank, answers_to_fills(model, film, fills))


def answers_to_fills(
    model: Classifier, film: Radiograph, fills: tuple[str, ...] = FILLS
) -> tuple[dict[str, float], ...]:
    """Calibrated probabilities of films that are nothing but the fill; one pass each."""
    square = preprocess(film.eight_bit, model.preprocessing)
    seed = film_seed(film.sha256)
    empty = np.stack([whole(square, fill, seed) for fill in fills])
    p = model.calibrate(model.squares(empty))
    return tuple(dict(zip(model.labels, row.tolist(), strict=True)) for row in p)
