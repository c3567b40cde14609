"""What a bundle brings along of hospitals: the scale of its averages, what tells two labels apart
within a hospital, and how films of hospitals that it never learnt from scored.

``reference.json`` and ``reference.npz`` are written by ``python -m train reference``, hold for one
network, and are among the files whose hashes ``bundle.json`` keeps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import fitted_files
from .bundle import Bundle
from .classifier import Classifier

FORMAT = 1
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
"""Of quantiles."""
STEM = "reference"
TEXT, ARRAYS = f"{STEM}.json", f"{STEM}.npz"
_VECTORS = (
    *("mean", "deviation", "direction"),
    *("negative_mean", "negative_deviation", "positive_mean", "positive_deviation"),
)


@dataclass(frozen=True)
class HoldOutNetwork:
    """The network that a hospital's films were scored by, which never learnt from that hospital:
    another one, where the bundle's own did.

    Attributes
    ----------
    network : str
        The digest of its bundle, or the sha256 of its weights.
    films : int
        Adult films of the negative label, of known hospitals, that neither network learnt from.
    own, other : tuple of float
        Quantiles at :data:`LEVELS` of their log-odds by the bundle's network and by that one.
    """

    network: str
    films: int
    own: tuple[float, ...]
    other: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class HospitalReference:
    """Of one network, for one pair of its labels.

    Attributes
    ----------
    positive, negative : str
    mean, deviation : float32 (K,)
        Of the averages of the films of train; no deviation is 0.
    direction : float32 (K,)
        Of standardised averages: their product with it is what a head says that was fitted on
        hospitals that hold both labels, scaled to a deviation of 1 there.
    negative_mean, negative_deviation, positive_mean, positive_deviation : float32 (K,)
        Of the averages of adults' films of either label, every known hospital alike.
    unseen_negatives, unseen_positives : float32 (n,)
        Log-odds, as shipped, of films of hospitals that no film was learnt from, rising.
    hospitals : mapping
        Hospital that no film was learnt from → label → films.
    both : tuple of str
        The hospitals behind `direction`.
    left_out : mapping
        Of `hospitals`, those that another network's scores are of → that network.
    """

    positive: str
    negative: str
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    direction: NDArray[np.float32]
    negative_mean: NDArray[np.float32]
    negative_deviation: NDArray[np.float32]
    positive_mean: NDArray[np.float32]
    positive_deviation: NDArray[np.float32]
    unseen_negatives: NDArray[np.float32]
    unseen_positives: NDArray[np.float32]
    hospitals: Mapping[str, Mapping[str, int]]
    both: tuple[str, ...]
    left_out: Mapping[str, HoldOutNetwork] = field(default_factory=dict)


def save(folder: Path, reference: HospitalReference, network: str) -> None:
    """Write both files into a bundle's folder; its ``bundle.json`` is then to be written anew."""
    text = {
        "format": FORMAT,
        "network": network,
        "positive": reference.positive,
        "negative": reference.negative,
        "hospitals": {name: dict(films) for name, films in reference.hospitals.items()},
        "both": list(reference.both),
        "left_out": {name: asdict(by) for name, by in reference.left_out.items()},
    }
    (folder / TEXT).write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
    arrays: dict[str, Any] = {name: getattr(reference, name) for name in _VECTORS}
    np.savez_compressed(
        folder / ARRAYS,
        unseen_negatives=reference.unseen_negatives,
        unseen_positives=reference.unseen_positives,
        **arrays,
    )


def load(bundle: Bundle) -> HospitalReference | None:
    """That of a checked bundle; None if it has none.

    Raises
    ------
    BundleError
        ``bad_reference``: it is another network's, or not what it should be.
    """
    return fitted_files.read(
        bundle, STEM, FORMAT, lambda text, arrays: _checked(text, arrays, bundle)
    )


def reference_of(model: Classifier) -> HospitalReference | None:
    """The same of a loaded model, read once."""
    return _load_once(model.bundle)


_load_once = fitted_files.once(load)


def _checked(text: Any, stored: dict[str, NDArray[Any]], bundle: Bundle) -> HospitalReference:
    maps = len(np.load(bundle.folder / "head.npy", allow_pickle=False))
    arrays = {name: values.astype(np.float32) for name, values in stored.items()}
    positive, negative = text["positive"], text["negative"]
    if positive == negative or not {positive, negative} <= set(bundle.labels):
        raise ValueError("labels that the network does not have")
    if any(arrays[name].shape != (maps,) for name in _VECTORS):
        raise ValueError("arrays do not fit the network's feature maps")
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError("a number is missing or not finite")
    if not (arrays["deviation"] > 0).all():
        raise ValueError("a deviation is 0")
    sides = [np.sort(arrays.pop(name)) for name in ("unseen_negatives", "unseen_positives")]
    if any(side.ndim != 1 or not len(side) for side in sides):
        raise ValueError("there are no films of unseen hospitals")
    hospitals = {
        str(name): {str(label): int(n) for label, n in films.items()}
        for name, films in text["hospitals"].items()
    }
    both = tuple(str(name) for name in text["both"])
    left_out = {
        str(name): HoldOutNetwork(
            str(by["network"]),
            int(by["films"]),
            *(tuple(float(x) for x in by[whose]) for whose in ("own", "other")),
        )
        for name, by in text.get("left_out", {}).items()
    }
    if not set(left_out) <= set(hospitals):
        raise ValueError("a left-out hospital has no films")
    vectors = {name: arrays[name] for name in _VECTORS}
    return HospitalReference(
        positive=positive,
        negative=negative,
        unseen_negatives=sides[0],
        unseen_positives=sides[1],
        hospitals=hospitals,
        both=both,
        left_out=left_out,
        **vectors,
    )
