"""From the film to the network's square stage by stage, and the scores under other parameters.

:func:`cxr.imaging.preprocessing.preprocess` does the same in one go; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..imaging.preprocessing import (
    Preprocessing,
    blurred,
    cropped,
    equalised,
    preprocess,
    reduce_film,
)
from ..imaging.radiograph import Radiograph
from ..model.classifier import Classifier

Film = NDArray[np.uint8]

LIMITS = {"longer_side": 4096, "clahe_clip": 100, "clahe_tiles": 64, "blur": 255, "crop": 512}
"""What of the preprocessing can be changed here, and the most that each may be. The square's size
belongs to the network."""


@dataclass(frozen=True, eq=False)
class PreprocessingStage:
    """The film after one part of the preprocessing.

    Attributes
    ----------
    name : str
    picture : uint8 (h, w)
    left_out : bool
        Its parameters leave the picture as the stage before gave it. The square never is.
    """

    name: str
    picture: Film
    left_out: bool = False


def changed(how: Preprocessing, values: Mapping[str, float]) -> Preprocessing:
    """Other parameters.

    Parameters
    ----------
    how : Preprocessing
    values : mapping
        A key of :data:`LIMITS` → its value.

    Raises
    ------
    ValueError
        An unknown parameter, or a value out of bounds.
    """
    for name, value in values.items():
        if name not in LIMITS or not 0 <= value <= LIMITS[name] or isinstance(value, bool):
            raise ValueError(f"{name} cannot be {value}")
        given: Any = float(value) if name == "clahe_clip" else int(value)
        how = replace(how, **{name: given})
    return how


def differences(how: Preprocessing, own: Preprocessing) -> dict[str, float]:
    """What of the parameters is not as in another; :func:`changed` undoes it."""
    found = {name: getattr(how, name) for name in LIMITS}
    return {name: value for name, value in found.items() if value != getattr(own, name)}


def stages(film: Film, how: Preprocessing) -> tuple[PreprocessingStage, ...]:
    """The film after each part of its preprocessing.

    Parameters
    ----------
    film : uint8 (H, W)
    how : Preprocessing

    Returns
    -------
    tuple of PreprocessingStage
        As filed, reduced, CLAHE, blurred, square, cropped; the last is what the network sees.
    """
    found = [PreprocessingStage("As filed, 8 bits", film)]

    def then(name: str, picture: NDArray[Any]) -> None:
        before = found[-1].picture
        same = np.array_equal(picture, before)
        found.append(PreprocessingStage(name, np.ascontiguousarray(picture, np.uint8), same))

    then("Reduced", reduce_film(film, how.longer_side))
    then("CLAHE", equalised(found[-1].picture, how))
    then("Blurred", blurred(found[-1].picture, how))
    last = found[-1].picture
    square = preprocess(last, Preprocessing(how.size, max(last.shape)))
    found.append(PreprocessingStage("Square", square))
    then("Cropped", cropped(square, how.crop))
    return tuple(found)


def scores(model: Classifier, film: Radiograph, how: Preprocessing) -> dict[str, float]:
    """Label → calibrated probability of a film that came to the network in another way.

    The temperature was fitted on the bundle's own; on any other it is merely the same number.
    """
    square = preprocess(film.eight_bit, how)
    p = model.calibrate(model.squares(square[None], how.crop))[0]
    return dict(zip(model.labels, p.tolist(), strict=True))


def changes(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Label → how far its probability rose, −1 to 1."""
    return {label: after[label] - p for label, p in before.items()}
