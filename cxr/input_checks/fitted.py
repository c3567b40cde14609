"""What a bundle knows of the films that it learnt from: limits and small linear models.

``passport.json`` holds the limits, each with the rule that it was set by; ``passport.npz`` the
arrays. Both are written by ``python -m train passport``, hold for one network, and are among the
files whose hashes ``bundle.json`` keeps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model import fitted_files
from ..model.bundle import Bundle
from ..model.classifier import Classifier
from .measures import BITS, GRID

FORMAT = 1
STEM = "passport"
TEXT, ARRAYS = f"{STEM}.json", f"{STEM}.npz"
_LINES = ("inverted", "rotated", "cropped")
_LIMITS = (
    *("inverted", "noisy", "burnt_in_text", "rotated", "cropped"),
    *("under_exposed", "over_exposed", "too_small", "known_film"),
)
_FEATURE_LIMITS = ("outside", "child")
"""Of a network that has feature maps."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """Constants of one network's passport.

    Attributes
    ----------
    limits : mapping
        Code → limit, in the unit of its score.
    mean : float (K,)
        Of the roots of the averaged feature maps; K = 0 for a network without any.
    axes : float (K, d)
        Orthogonal; the directions in which the films of train differ most.
    lines : mapping
        "inverted", "rotated", "cropped" (and "child", where K > 0) → float (n + 1,): a linear
        model's weights and, last, its intercept.
    known : uint8 (films, 18)
        Hashes of the films of train.
    """

    limits: Mapping[str, float]
    mean: NDArray[np.float32]
    axes: NDArray[np.float32]
    lines: Mapping[str, NDArray[np.float32]]
    known: NDArray[np.uint8]

    def distance(self, averages: NDArray[np.floating]) -> NDArray[np.float64]:
        """How far from the films of train: the length of what `axes` leave unexplained.

        The residual of Wang et al. 2022 (ViM), on the roots of the averaged feature maps, which
        weigh strong and weak maps more alike.

        Parameters
        ----------
        averages : float (n, K)

        Returns
        -------
        float64 (n,), 0 or more
        """
        from_mean = roots(averages) - self.mean
        rest = from_mean - (from_mean @ self.axes) @ self.axes.T
        return np.asarray(np.linalg.norm(rest, axis=1), np.float64)

    def line(self, name: str, values: NDArray[np.floating]) -> float:
        """A linear model's answer to one film."""
        weights = self.lines[name]
        return float(values @ weights[:-1] + weights[-1])

    def probability(self, name: str, values: NDArray[np.floating]) -> float:
        """The same where the model is logistic, 0 to 1."""
        return float((1 + np.tanh(self.line(name, values) / 2)) / 2)


def roots(averages: NDArray[np.floating]) -> NDArray[np.float32]:
    """Square roots of averaged feature maps, float32; what is negative counts as 0."""
    out: NDArray[np.float32] = np.sqrt(np.maximum(averages, 0)).astype(np.float32)
    return out


def save(folder: Path, fitted: Fitted, network: str, rules: Mapping[str, str]) -> None:
    """Write both files into a bundle's folder; its ``bundle.json`` is then to be written anew.

    Parameters
    ----------
    network : str
        The bundle's digest.
    rules : mapping
        Code → how its limit was set.
    """
    text = {"format": FORMAT, "network": network, "limits": dict(fitted.limits)}
    whole = json.dumps({**text, "rules": dict(rules)}, indent=1)
    (folder / TEXT).write_text(whole + "\n", encoding="utf-8")
    lines: dict[str, Any] = {f"line_{name}": line for name, line in fitted.lines.items()}
    np.savez_compressed(
        folder / ARRAYS,
        mean=fitted.mean.astype(np.float16),
        axes=fitted.axes.astype(np.float16),
        known=fitted.known,
        **lines,
    )


def load(bundle: Bundle, maps: int) -> Fitted | None:
    """The constants of a checked bundle; None if none were ever fitted.

    Parameters
    ----------
    bundle : Bundle
    maps : int
        How many feature maps its network gives, K.

    Raises
    ------
    BundleError
        ``bad_passport``: they are another network's, or not what they should be.
    """
    return fitted_files.read(
        bundle, STEM, FORMAT, lambda text, arrays: _checked(text, arrays, maps)
    )


def limits_of(model: Classifier) -> Fitted | None:
    """The same of a loaded model, read once."""
    return _load_once(model.bundle, model.maps)


_load_once = fitted_files.once(load)


def _checked(text: Any, arrays: dict[str, NDArray[Any]], maps: int) -> Fitted:
    mean = arrays["mean"].astype(np.float32)
    axes = arrays["axes"].astype(np.float32)
    lines = {
        name.removeprefix("line_"): values.astype(np.float32)
        for name, values in arrays.items()
        if name.startswith("line_")
    }
    limits = {code: float(limit) for code, limit in text["limits"].items()}
    sizes = dict.fromkeys(_LINES, GRID * GRID + 1) | ({"child": maps + 1} if maps else {})
    if mean.shape != (maps,) or axes.ndim != 2 or len(axes) != maps:
        raise ValueError("arrays do not fit each other or the network's feature maps")
    if {name: line.shape for name, line in lines.items()} != {n: (k,) for n, k in sizes.items()}:
        raise ValueError("a linear model has the wrong size")
    if not all(np.isfinite(each).all() for each in (mean, axes, *lines.values())):
        raise ValueError("a number is missing or not finite")
    known = arrays["known"]
    if known.dtype != np.uint8 or known.ndim != 2 or known.shape[1] != -(-BITS // 8):
        raise ValueError("hashes have the wrong size")
    needed = {*_LIMITS, *(_FEATURE_LIMITS if maps else ())}
    if not needed <= set(limits) or not np.isfinite(list(limits.values())).all():
        raise ValueError("a limit is missing")
    return Fitted(limits, mean, axes, lines, known)
