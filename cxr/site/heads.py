"""A site's line turned into what is added to a network's head."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..model.classifier import Classifier
from ..model.reference import HospitalReference
from ..model.site_head import SiteHead
from .ridge import Line

CANDIDATES = ((0.0, 0.001), (0.0, 0.003), (10.0, 0.001), (10.0, 0.003))
"""How much cheaper the known answer is than one average, whose weight is paid for by the square of
this more, and scikit-learn's C. The folds choose one."""


class Values:
    """What a site's line is fitted on: standardised averages and, last, an answer that is known
    already, either that of a head fitted within known hospitals (where the bundle brings a
    reference) or the network's own log-odds.

    Parameters
    ----------
    model : Classifier
        As shipped, with a linear head.
    reference : HospitalReference or None
        Used where it is of the same two labels.
    averages : float32 (n, K)
        Of the site's films, whose own scale is taken where there is no reference.
    positive, negative : str
    """

    def __init__(
        self,
        model: Classifier,
        reference: HospitalReference | None,
        averages: NDArray[np.floating],
        positive: str,
        negative: str,
    ) -> None:
        assert model.head_weights is not None
        self._labels = model.labels
        self._temperature = model.bundle.temperature
        self._pair = model.labels.index(positive), model.labels.index(negative)
        weights = model.head_weights.astype(np.float64)
        self._shipped = weights
        own = (weights[:, self._pair[0]] - weights[:, self._pair[1]]) / self._temperature
        if reference is not None and (reference.positive, reference.negative) == (
            positive,
            negative,
        ):
            self.mean = reference.mean.astype(np.float64)
            self.deviation = reference.deviation.astype(np.float64)
            known = reference.direction.astype(np.float64)
        else:
            self.mean = averages.mean(0, dtype=np.float64)
            spread = averages.std(0, dtype=np.float64)
            self.deviation = spread + max(float(spread.mean()), 1e-6) / 10
            known = own * self.deviation
            known = known / max(float(((averages - self.mean) @ own).std()), 1e-6)
        self._known = known

    def __call__(self, averages: NDArray[np.floating], gain: float) -> NDArray[np.float64]:
        """float64 (n, K + 1)."""
        scaled = (averages - self.mean) / self.deviation
        return np.column_stack([scaled, gain * (scaled @ self._known)])

    def head(self, line: Line, gain: float, bias: NDArray[np.floating]) -> SiteHead:
        """What has to be added to the logits so that the log-odds of the two labels are the line's,
        with their mean, and so every other label's logit against it, as it was.

        Parameters
        ----------
        line : Line
        gain : float
            Of the values that it was fitted on.
        bias : float (classes,)
            Of the shipped head.
        """
        slope = (line.weights[:-1] + line.weights[-1] * gain * self._known) / self.deviation
        start = line.intercept - float(self.mean @ slope)
        first, second = self._pair
        now = self._shipped[:, first] - self._shipped[:, second]
        half = (self._temperature * slope - now) / 2
        level = (self._temperature * start - float(bias[first] - bias[second])) / 2
        weights = np.zeros((len(slope), len(self._labels)), np.float32)
        offset = np.zeros(len(self._labels), np.float32)
        for column, sign in ((first, 1), (second, -1)):
            weights[:, column] = sign * half
            offset[column] = sign * level
        return SiteHead(weights, offset)


def bias_of(
    model: Classifier, averages: NDArray[np.floating], logits: NDArray[np.floating]
) -> NDArray[np.float64]:
    """The shipped head's bias, float64 (classes,): what logits have beyond the averages' share."""
    assert model.head_weights is not None
    rest = logits - averages.astype(np.float64) @ model.head_weights.astype(np.float64)
    return np.asarray(rest.mean(0), np.float64)
