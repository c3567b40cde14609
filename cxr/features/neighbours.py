"""Which other film a network finds most alike: cosine of the last feature maps' averages.

Vectors of all films that may be shown are worked out once for a network and a data folder, in
shards of 256 films. Each shard is one file of the user's cache, put in its place whole, so that
work that was stopped or killed goes on with the first shard that isn't there.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import Cancelled, CxrError, ExplainError
from ..imaging.radiograph import Radiograph
from ..model.bundle import Bundle
from ..model.classifier import Classifier, load
from ..user_folders import cache_home

SHARD = 256
_LAYOUT = 1  # of the shards: another number, other files
_BLOCK = 8192
_BLANK = Radiograph(np.zeros((64, 64), np.uint8), 8, "", "PNG")


@dataclass(frozen=True)
class Neighbour:
    """A film that was called right.

    Attributes
    ----------
    label : str
        The data's and the model's.
    row : int
        Its place in the table.
    likeness : float
        Cosine, −1 to 1.
    """

    label: str
    row: int
    likeness: float


@dataclass(frozen=True, eq=False)
class Vectors:
    """What the network makes of each film.

    Attributes
    ----------
    images : tuple of str
    values : float16 (n, K)
        Of length 1; all NaN for a film that could not be read.
    """

    images: tuple[str, ...]
    values: NDArray[np.float16]


def shelf(bundle: Bundle, data_fingerprint: str, images: Sequence[str]) -> Path:
    """The cache folder of one network, one data folder and one list of films."""
    parts = [str(_LAYOUT), bundle.digest, repr(bundle.preprocessing), data_fingerprint, *images]
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return cache_home() / "neighbours" / key[:32]


def held(place: Path, images: Sequence[str]) -> Vectors | None:
    """The vectors, if every shard is there and whole."""
    shards = [_load(place, number, count) for number, count in _shards(len(images))]
    found = [shard for shard in shards if shard is not None]
    if not found or len(found) < len(shards) or len({shard.shape[1] for shard in found}) > 1:
        return None
    return Vectors(tuple(images), np.concatenate(found))


def work_out(
    model: Classifier,
    images: Sequence[str],
    film: Callable[[str], Radiograph],
    place: Path,
    progress: Callable[[float], object] | None = None,
) -> Vectors:
    """Fill the shards that are missing.

    Runs on a network of its own, so that nobody who scores a film waits.

    Parameters
    ----------
    model : Classifier
    images : sequence of str
    film : callable
        Reads one of `images`; its refusals leave that film without a vector.
    place : Path
        See :func:`shelf`.
    progress : callable, optional
        Told the share done, 0 to 1, before each film; stops the work by returning ``False``. All
        whole shards stay.

    Raises
    ------
    ExplainError
        ``no_convolution``; ``cache_unwritable``.
    Cancelled
    """
    if (whole := held(place, images)) is not None:
        return whole
    own = load(model.bundle.folder)
    width = len(_vector(own, _BLANK))
    for number, count in _shards(len(images)):
        if _load(place, number, count) is not None:
            continue
        vectors = np.full((count, width), np.nan, np.float16)
        for i, image in enumerate(images[number * SHARD :][:count]):
            if progress is not None and progress((number * SHARD + i) / len(images)) is False:
                raise Cancelled
            with suppress(CxrError):  # a film that cannot be read stays without a vector
                vectors[i] = _vector(own, film(image))
        _keep(place, number, vectors)
    found = held(place, images)
    if found is None:
        raise _no_cache()
    return found


def films_of(table: pd.DataFrame) -> tuple[str, ...]:
    """The films that are compared: all that may be shown."""
    return tuple(table.image[table.display])


def classes(row: pd.Series, labels: Sequence[str]) -> tuple[str, str]:
    """The two classes that a case lies between: the data's and the model's, or, where they are the
    same, that one and the next by score.

    Parameters
    ----------
    row : Series
        A row of :func:`cxr.metrics.predictions.table`.
    """
    truth, called = str(row.label), str(row.called)
    others = [label for label in labels if label != called]
    return called if truth == called else truth, (
        max(others, key=lambda label: float(row[f"p_{label}"])) if truth == called else called
    )


def references(
    vectors: Vectors, table: pd.DataFrame, at: int, labels: Sequence[str]
) -> dict[str, Neighbour]:
    """For each of `labels`, the film most like one among those of that class called right.

    Never a film of the same patient, and none that may not be shown.

    Parameters
    ----------
    vectors : Vectors
        Of :func:`films_of` `table`.
    table : DataFrame
        Of :func:`cxr.metrics.predictions.table`.
    at : int
        Row of the case in `table`.
    labels : sequence of str
    """
    places = np.flatnonzero(table.display.to_numpy())
    rows = table.iloc[places]
    case = table.iloc[at]
    right = (rows.label.cat.codes == rows.called.cat.codes).to_numpy()
    kin = (rows.source == case.source) & (rows.patient == case.patient) & (case.patient != "")
    found = {}
    for label in labels:
        of_class = (rows.label == label).to_numpy()
        answer = nearest(vectors, str(case.image), right & of_class & ~kin.to_numpy())
        if answer is not None:
            found[label] = Neighbour(label, int(places[answer[0]]), answer[1])
    return found


def nearest(vectors: Vectors, image: str, allowed: NDArray[np.bool_]) -> tuple[int, float] | None:
    """The film most like one.

    Parameters
    ----------
    vectors : Vectors
    image : str
        Never its own neighbour.
    allowed : bool (n,)
        Which films may be the answer.

    Returns
    -------
    place in ``vectors.images`` and cosine, −1 to 1; None where there is no answer.
    """
    if image not in vectors.images:
        return None
    own = vectors.images.index(image)
    at = np.flatnonzero(allowed)
    at = at[at != own]
    asked = vectors.values[own].astype(np.float32)
    if not len(at) or not np.isfinite(asked).all():
        return None
    likeness = np.concatenate(
        [
            vectors.values[at[start : start + _BLOCK]].astype(np.float32) @ asked
            for start in range(0, len(at), _BLOCK)
        ]
    )
    if not np.isfinite(likeness).any():
        return None
    best = int(np.nanargmax(likeness))
    return int(at[best]), float(likeness[best])


def _vector(model: Classifier, film: Radiograph) -> NDArray[np.float32]:
    features = model.predict([film])[0].features
    if features is None:
        raise ExplainError(
            "no_convolution",
            "This network has no feature maps, so it finds no film like another.",
        )
    mean = features.mean((0, 1))
    out: NDArray[np.float32] = mean / max(float(np.linalg.norm(mean)), 1e-12)
    return out


def _shards(films: int) -> list[tuple[int, int]]:
    """Number and films of each."""
    return [(i, min(SHARD, films - i * SHARD)) for i in range(-(-films // SHARD))]


def _load(place: Path, number: int, count: int) -> NDArray[np.float16] | None:
    try:
        values = np.load(place / f"{number:05d}.npy", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    good = values.dtype == np.float16 and values.ndim == 2 and len(values) == count
    return values if good else None


def _keep(place: Path, number: int, values: NDArray[np.float16]) -> None:
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place, suffix=".part", delete=False) as part:
            np.save(part, values, allow_pickle=False)
            part.flush()
            os.fsync(part.fileno())
        Path(part.name).replace(place / f"{number:05d}.npy")
    except OSError:
        raise _no_cache() from None


def _no_cache() -> ExplainError:
    return ExplainError(
        "cache_unwritable",
        "Neighbours need room in the cache folder, which cannot be written. Set CXR_CACHE to a "
        "folder that can.",
    )
