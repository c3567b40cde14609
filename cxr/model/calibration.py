"""Temperature scaling, and whether a probability of .8 comes true in 8 of 10 films."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15
Floats = NDArray[np.floating]
TEMPERATURES = (0.05, 20.0)
"""Least and greatest that is tried."""


@dataclass(frozen=True)
class Reliability:
    """Films by their probability, in bins of equal width.

    Attributes
    ----------
    edges : float64 (bins + 1,), 0 to 1
    films : int64 (bins,)
        In the bin; its upper edge belongs to it, and 0 to the first.
    said, came : float64 (bins,)
        Mean probability, and share of films where it came true; NaN in an empty bin.
    error : float
        Expected calibration error: the mean of ``|said - came|`` over films (Naeini et al. 2015).
    """

    edges: NDArray[np.float64]
    films: NDArray[np.int64]
    said: NDArray[np.float64]
    came: NDArray[np.float64]
    error: float


def reliability(said: Floats, came: NDArray[np.bool_], bins: int = BINS) -> Reliability:
    """Bin films by probability.

    Parameters
    ----------
    said : float (n,), 0 to 1
    came : bool (n,)
    bins : int
    """
    said = np.asarray(said, np.float64)
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, said) - 1, 0, bins - 1)
    films = np.bincount(place, minlength=bins)
    total_said = np.bincount(place, said, minlength=bins)
    total_came = np.bincount(place, np.asarray(came, np.float64), minlength=bins)
    with np.errstate(invalid="ignore"):
        error = np.abs(total_said - total_came).sum() / np.float64(len(said))
        return Reliability(edges, films, total_said / films, total_came / films, float(error))


def brier(p: Floats, truth: NDArray[np.integer]) -> float:
    """Mean squared distance of the probabilities from the truth, summed over classes, 0 to 2
    (Brier 1950).

    Parameters
    ----------
    p : float (n, classes)
    truth : int (n,)
    """
    return float(np.mean(((p - np.eye(p.shape[1])[truth]) ** 2).sum(1)))


def softmax(logits: Floats, temperature: float = 1.0) -> NDArray[np.float64]:
    """``softmax(logits / temperature)`` over the last axis, float64."""
    z = np.asarray(logits, np.float64) / temperature
    z = np.exp(z - z.max(-1, keepdims=True))
    out: NDArray[np.float64] = z / z.sum(-1, keepdims=True)
    return out


def log_loss(
    logits: Floats, truth: NDArray[np.integer], temperature: float = 1.0
) -> NDArray[np.float64]:
    """-log of the probability of each film's label, natural, float64 (n,); finite also where the
    probability rounds to 0.

    Parameters
    ----------
    logits : float (n, classes)
    truth : int (n,)
    temperature : float
    """
    z = np.asarray(logits, np.float64) / temperature
    z -= z.max(-1, keepdims=True)
    out: NDArray[np.float64] = np.log(np.exp(z).sum(-1)) - z[np.arange(len(z)), truth]
    return out


def fit_temperature(logits: NDArray[np.floating], truth: NDArray[np.integer]) -> float:
    """The temperature with the least negative log-likelihood (Guo et al. 2017).

    Parameters
    ----------
    logits : float (n, classes)
    truth : int (n,)

    Returns
    -------
    float, 0.05 to 20
    """
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        return float(log_loss(logits, truth, float(np.exp(log_temperature))).mean())

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded")
    return float(np.exp(found.x))
