"""From the film to the network's square step by step, and the scores under other parameters.

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

MOST_MARGIN = 0.25
LIMITS = {"longer_side": 4096, "clahe_clip": 100, "clahe_tiles": 64, "blur": 255, "rim": 512}
"""What of the preprocessing can be changed here, and the most that each may be. The square's size
belongs to the network."""


@dataclass(frozen=True)
class Way:
    """How a film reaches the network.

    Attributes
    ----------
    preprocessing : Preprocessing
    margin : float
        Share of the film's height and width that is cut off at either side before anything else,
        0 to :data:`MOST_MARGIN`. No bundle has one of its own; it shows what the film's edge does.
    """

    preprocessing: Preprocessing
    margin: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.margin <= MOST_MARGIN:
            raise ValueError(f"margin must be 0 to {MOST_MARGIN}")


@dataclass(frozen=True, eq=False)
class Step:
    """A picture on the way.

    Attributes
    ----------
    name : str
    picture : uint8 (h, w)
    left_out : bool
        Its parameters leave the picture as the step before gave it. The last step never is.
    """

    name: str
    picture: Film
    left_out: bool = False


def own_way(model: Classifier) -> Way:
    """The bundle's own."""
    return Way(model.preprocessing)


def changed(way: Way, values: Mapping[str, float]) -> Way:
    """A way with other parameters.

    Parameters
    ----------
    way : Way
    values : mapping
        ``margin`` or a key of :data:`LIMITS` → its value.

    Raises
    ------
    ValueError
        An unknown parameter, or a value out of bounds.
    """
    for name, value in values.items():
        if name == "margin":
            way = replace(way, margin=float(value))
            continue
        if name not in LIMITS or not 0 <= value <= LIMITS[name] or isinstance(value, bool):
            raise ValueError(f"{name} cannot be {value}")
        given: Any = float(value) if name == "clahe_clip" else int(value)
        way = replace(way, preprocessing=replace(way.preprocessing, **{name: given}))
    return way


def differences(way: Way, own: Way) -> dict[str, float]:
    """What of a way is not as in another; :func:`changed` undoes it."""
    found = {name: getattr(way.preprocessing, name) for name in LIMITS}
    kept = {k: v for k, v in found.items() if v != getattr(own.preprocessing, k)}
    return kept | ({"margin": way.margin} if way.margin != own.margin else {})


def cut(film: Film, margin: float) -> Film:
    """The film without its margin."""
    rows, columns = (round(margin * side) for side in film.shape)
    return np.ascontiguousarray(film[rows : len(film) - rows, columns : film.shape[1] - columns])


def steps(film: Film, way: Way) -> tuple[Step, ...]:
    """The film's pictures on its way.

    Parameters
    ----------
    film : uint8 (H, W)
    way : Way

    Returns
    -------
    tuple of Step
        As filed, margin cut, reduced, CLAHE, blurred, square; the last is what the network sees.
    """
    how = way.preprocessing
    found = [Step("As filed, 8 bits", film)]

    def then(name: str, picture: NDArray[Any]) -> None:
        before = found[-1].picture
        same = np.array_equal(picture, before)
        found.append(Step(name, np.ascontiguousarray(picture, np.uint8), same))

    then("Margin cut", cut(film, way.margin))
    then("Reduced", reduce_film(found[-1].picture, how.longer_side))
    then("CLAHE", equalised(found[-1].picture, how))
    then("Blurred", blurred(found[-1].picture, how))
    last = found[-1].picture
    square = preprocess(last, Preprocessing(how.size, max(last.shape), rim=how.rim))
    return (*found, Step("Square", square))


def scores(model: Classifier, film: Radiograph, way: Way) -> dict[str, float]:
    """Label → calibrated probability of a film that came to the network on another way.

    The temperature was fitted on the bundle's own way; on any other it is merely the same number.
    """
    square = preprocess(cut(film.eight_bit, way.margin), way.preprocessing)
    p = model.calibrate(model.squares(square[None], way.preprocessing.rim))[0]
    return dict(zip(model.labels, p.tolist(), strict=True))


def changes(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Label → how far its probability rose, −1 to 1."""
    return {label: after[label] - p for label, p in before.items()}
