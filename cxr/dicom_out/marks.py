"""What is laid over a film that is sent: a box that was drawn on it, a map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Region:
    """A box that was drawn on the film.

    Attributes
    ----------
    box : (x, y, width, height)
        In pixels of the film, from its upper left corner.
    effects : dict of str to float
        Label → how far its probability falls when the box is hidden.
    """

    box: tuple[float, float, float, float]
    effects: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Map:
    """A map to lay over the picture.

    Attributes
    ----------
    values : float32 (h, w)
        Of any size: it is stretched over the film.
    method, label : str
    """

    values: NDArray[np.float32]
    method: str
    label: str
