"""A hospital's films without labels: their averages' moments moved to those of known hospitals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..model.classifier import Classifier
from ..model.reference import Reference
from ..model.site_head import SiteHead

LEAST = 50
"""Films without labels below which nothing is moved: their moments are too unsure."""


def aligned_head(
    model: Classifier, reference: Reference, averages: NDArray[np.floating], share: float
) -> SiteHead:
    """The shipped head on averages moved so that mean and deviation of each are those that adults'
    films of known hospitals would have, were `share` of them positive.

    Parameters
    ----------
    model : Classifier
        As shipped, with a linear head.
    reference : Reference
    averages : float32 (n, K)
        Of the hospital's films.
    share : float, 0 to 1
        Of the positive label, as stated by the user. An assumption that nothing here can check.
    """
    assert model.head_weights is not None
    r = reference
    mean = (1 - share) * r.negative_mean + share * r.positive_mean
    apart = share * (1 - share) * (r.positive_mean - r.negative_mean) ** 2
    within = (1 - share) * r.negative_deviation**2 + share * r.positive_deviation**2
    there = averages.std(0, dtype=np.float64)
    floor = r.deviation / 10
    scale = np.sqrt(within + apart) / np.maximum(there, floor)
    scale = np.clip(scale, 0.2, 5.0)
    moved = mean - scale * averages.mean(0, dtype=np.float64)
    weights = model.head_weights.astype(np.float64)
    return SiteHead(
        ((scale - 1)[:, None] * weights).astype(np.float32), (moved @ weights).astype(np.float32)
    )
