"""What is laid over a film that is sent: a box that was drawn on it, a map, a window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class MarkedRegion:
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


@dataclass(frozen=True)
class Window:
    """How a film was shown, as :mod:`ui.viewer` tells it.

    Attributes
    ----------
    centre, width : float
        In values of the film's pixels; where its own table is no straight line, in what
        :func:`cxr.imaging.radiograph.curve` makes of them. The width is above 0.
    inverted : bool
        Shown with black and white exchanged.
    turns : int
        Quarter turns clockwise, of the film as its file has it.
    mirrored : bool
        Left and right exchanged, after it was turned.
    exchanged : bool
        Whether the film's pixels are exchanged themselves, by its reader's word
        (:func:`cxr.imaging.altered.altered`).
    """

    centre: float
    width: float
    inverted: bool = False
    turns: int = 0
    mirrored: bool = False
    exchanged: bool = False
