"""How alike two maps of one film are."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating]


def ssim(a: Values, b: Values, span: float) -> float:
    """Mean structural similarity (Wang et al. 2004, equation 13), with the paper's Gaussian window
    of 11 pixels and 1.5 of standard deviation, K1 = .01 and K2 = .03.

    Parameters
    ----------
    a, b : float (H, W)
    span : float
        From the lowest value that there can be to the highest, above 0.

    Returns
    -------
    float, −1 to 1; 1 for equal maps
    """
    if a.shape != b.shape or not span > 0:
        raise ValueError("two maps of one shape and a span above 0 are needed")
    x, y = a.astype(np.float64), b.astype(np.float64)
    low, contrast = (0.01 * span) ** 2, (0.03 * span) ** 2
    mean_a, mean_b = _local(x), _local(y)
    spread = _local(x * x) - mean_a**2 + _local(y * y) - mean_b**2
    together = _local(x * y) - mean_a * mean_b
    above = (2 * mean_a * mean_b + low) * (2 * together + contrast)
    return float((above / ((mean_a**2 + mean_b**2 + low) * (spread + contrast))).mean())


def _local(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.GaussianBlur(x, (11, 11), 1.5, borderType=cv2.BORDER_REFLECT))


def ssim_of_shapes(a: Values, b: Values) -> float:
    """:func:`ssim` of two maps whose units differ: each is divided by its own greatest magnitude.
    0 if either is 0 everywhere."""
    tops = float(np.abs(a).max()), float(np.abs(b).max())
    if min(tops) == 0:
        return 0.0
    signed = min(float(a.min()), float(b.min())) < 0
    return ssim(a / tops[0], b / tops[1], 2.0 if signed else 1.0)


def rank_correlation(a: Values, b: Values) -> float:
    """Spearman's correlation of two maps' values, −1 to 1; 0 if either is flat."""
    from scipy.stats import rankdata

    ranks = [rankdata(x) - (x.size + 1) / 2 for x in (a, b)]
    below = float(np.sqrt((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum()))
    return float((ranks[0] * ranks[1]).sum() / below) if below > 0 else 0.0
