"""From the film to the network's square stage by stage, and the scores under other parameters.

:func:`cxr.imaging.preprocessing.preprocess` does the same in one go; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..imaging.preprocessing import Preprocessing, blurred, equalised, preprocess, reduce_film
from ..imaging.radiograph import Radiograph
from ..model.classifier import Classifier

Film = NDArray[np.uint8]

MOST_TRIM = 0.25
LIMITS = {"longer_side": 4096, "clahe_clip": 100, "clahe_tiles": 64, "blur": 255, "rim": 512}
"""What of the preprocessing can be changed here, and the most that each may be. The square's size
belongs to the network."""


@dataclass(frozen=True)
class Pipeline:
    """How a film reaches the network.

    Attributes
    ----------
    preprocessing : Preprocessing
    trim : float
        Share of the film's height and width that is cut off at either side before anything else,
        0 to :data:`MOST_TRIM`. No bundle has one of its own; it shows what the film's edge does.
    """

    preprocessing: Preprocessing
    trim: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.trim <= MOST_TRIM:
            raise ValueError(f"trim must be 0 to {MOST_TRIM}")


@dataclass(frozen=True, eq=False)
class Stage:
    """The film after one part of the preprocessing.

    Attributes
    ----------
    name : str
    picture : uint8 (h, w)
    left_out : bool
        Its parameters leave the picture as the stage before gave it. The last stage never is.
    """

    name: str
    picture: Film
    left_out: bool = False


def own_pipeline(model: Classifier) -> Pipeline:
    """The bundle's own."""
    return Pipeline(model.preprocessing)


def changed(pipeline: Pipeline, values: Mapping[str, float]) -> Pipeline:
    """A pipeline with other parameters.

    Parameters
    ----------
    pipeline : Pipeline
    values : mapping
        ``margin`` or a key of :data:`LIMITS` → its value.

    Raises
    ------
    ValueError
        An unknown parameter, or a value out of bounds.
    """
    for name, value in values.items():
        if name == "margin":
            pipeline = replace(pipeline, trim=float(value))
            continue
        if name not in LIMITS or not 0 <= value <= LIMITS[name] or isinstance(value, bool):
            raise ValueError(f"{name} cannot be {value}")
        given: Any = float(value) if name == "clahe_clip" else int(value)
        pipeline = replace(pipeline, preprocessing=replace(pipeline.preprocessing, **{name: given}))
    return pipeline


def differences(pipeline: Pipeline, own: Pipeline) -> dict[str, float]:
    """What of a pipeline is not as in another; :func:`changed` undoes it."""
    found = {name: getattr(pipeline.preprocessing, name) for name in LIMITS}
    kept = {k: v for k, v in found.items() if v != getattr(own.preprocessing, k)}
    return kept | ({"margin": pipeline.trim} if pipeline.trim != own.trim else {})


def cut(film: Film, trim: float) -> Film:
    """The film without its edge."""
    rows, columns = (round(trim * side) for side in film.shape)
    return np.ascontiguousarray(film[rows : len(film) - rows, columns : film.shape[1] - columns])


def stages(film: Film, pipeline: Pipeline) -> tuple[Stage, ...]:
    """The film after each part of its preprocessing.

    Parameters
    ----------
    film : uint8 (H, W)
    pipeline : Pipeline

    Returns
    -------
    tuple of Stage
        As filed, margin cut, reduced, CLAHE, blurred, square; the last is what the network sees.
    """
    how = pipeline.preprocessing
    found = [Stage("As filed, 8 bits", film)]

    def then(name: str, picture: NDArray[Any]) -> None:
        before = found[-1].picture
        same = np.array_equal(picture, before)
        found.append(Stage(name, np.ascontiguousarray(picture, np.uint8), same))

    then("Margin cut", cut(film, pipeline.trim))
    then("Reduced", reduce_film(found[-1].picture, how.longer_side))
    then("CLAHE", equalised(found[-1].picture, how))
    then("Blurred", blurred(found[-1].picture, how))
    last = found[-1].picture
    square = preprocess(last, Preprocessing(how.size, max(last.shape), rim=how.rim))
    return (*found, Stage("Square", square))


def scores(model: Classifier, film: Radiograph, pipeline: Pipeline) -> dict[str, float]:
    """Label → calibrated probability of a film that came to the network through another pipeline.

    The temperature was fitted on the bundle's own pipeline; on any other it is merely the same
    number.
    """
    square = preprocess(cut(film.eight_bit, pipeline.trim), pipeline.preprocessing)
    p = model.calibrate(model.squares(square[None], pipeline.preprocessing.rim))[0]
    return dict(zip(model.labels, p.tolist(), strict=True))


def changes(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Label → how far its probability rose, −1 to 1."""
    return {label: after[label] - p for label, p in before.items()}
