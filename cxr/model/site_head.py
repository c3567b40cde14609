"""What a classifier asks of a hospital profile. The profile itself, how it is fitted and kept, is
``cxr.site``'s."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class SiteHead:
    """What is added to a network's logits at a hospital: ``averages @ weights + offset``.

    Linear in the averages of the last feature maps, as the head itself is: the sum of both is
    again a linear head, and Grad-CAM stays one matrix product.

    Attributes
    ----------
    weights : float32 (K, classes)
    offset : float32 (classes,)
    """

    weights: NDArray[np.float32]
    offset: NDArray[np.float32]

    def added(self, averages: NDArray[np.floating]) -> NDArray[np.float32]:
        """float32 (n, classes), from averages (n, K)."""
        return np.asarray(averages @ self.weights + self.offset, np.float32)


class Site(Protocol):
    """A hospital profile, as far as scores go by it: :mod:`cxr.site_profiles.profile`."""

    @property
    def name(self) -> str: ...
    @property
    def identity(self) -> str: ...
    @property
    def network(self) -> str: ...
    @property
    def preprocessing(self) -> Mapping[str, Any]: ...
    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def positive(self) -> str: ...
    @property
    def negative(self) -> str: ...
    @property
    def threshold(self) -> float: ...
    @property
    def kind(self) -> str: ...
    @property
    def wanted(self) -> Mapping[str, float]: ...
    @property
    def report(self) -> Mapping[str, Any]: ...
    @property
    def head(self) -> SiteHead | None: ...
    @property
    def negatives(self) -> NDArray[np.float32]: ...
    @property
    def positives(self) -> NDArray[np.float32]: ...


def log_odds(probabilities: Mapping[str, float], positive: str, negative: str) -> float:
    """Natural logarithm of one label's calibrated probability over another's."""
    tiny = np.finfo(np.float64).tiny
    first, second = (max(float(probabilities[label]), tiny) for label in (positive, negative))
    return float(np.log(first) - np.log(second))
