"""From a film's 8-bit pixels to the network's square: the one function that training,
evaluation and the app share.

A film first shrinks by area averaging to a longer side of 256 pixels, because that is all the
training films have: a network that never saw more detail must not be shown more. Then the whole
film is stretched to the network's square. Nothing is padded, so that bars of padding cannot give
away the site. What lies at the very edge can, so a network may be shown the square without its
edges. Whatever hides, marks or maps a part of the film does so on the whole square; the network is
shown :func:`cropped` of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Preprocessing:
    """Parameters of :func:`preprocess`; stored in a bundle and in the name of a training cache.

    Attributes
    ----------
    size : int
        Side of the network's square input, pixels.
    longer_side : int
        Films larger than this are first reduced to it by area averaging, pixels.
    clahe_clip : float
        Clip limit of contrast-limited adaptive histogram equalisation; 0 leaves it out.
    clahe_tiles : int
        CLAHE tiles along each side.
    blur : int
        Side of the Gaussian kernel, odd, pixels of the reduced film; 0 leaves it out.
    crop : int
        Pixels of the square that are cut off at each edge when the network scores it, and the rest
        enlarged to the square; less than half of `size`. Training sees films whole
        (:attr:`train.recipes.recipe.Recipe.learns_from`).
    """

    size: int = 224
    longer_side: int = 256
    clahe_clip: float = 0.0
    clahe_tiles: int = 8
    blur: int = 0
    crop: int = 0

    def __post_init__(self) -> None:
        if self.size < 1 or self.longer_side < 1:
            raise ValueError("size and longer_side must be at least 1 pixel")
        if self.clahe_clip < 0 or self.clahe_tiles < 1:
            raise ValueError("clahe_clip must be 0 or more and clahe_tiles at least 1")
        if self.blur < 0 or (self.blur and self.blur % 2 == 0):
            raise ValueError("blur must be 0 or an odd number of pixels")
        if not 0 <= 2 * self.crop < self.size:
            raise ValueError("crop must be 0 or more and less than half of size")

    @property
    def cut(self) -> float:
        """Share of the film's height and width that is cut off at each edge, 0 to less than .5."""
        return self.crop / self.size

    @classmethod
    def stored(cls, values: Mapping[str, Any]) -> Preprocessing:
        """As a bundle or a hospital profile holds it.

        Raises
        ------
        ValueError, TypeError
            No such preprocessing; also where, as was done before there was a crop, the outer pixels
            are hidden.
        """
        if values.get("rim"):
            raise ValueError("the film's rim is hidden, which this version does not do")
        return cls(**{key: value for key, value in values.items() if key != "rim"})

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def reduce_film(film: NDArray[np.uint8], longer_side: int) -> NDArray[np.uint8]:
    """Shrink to a longer side of `longer_side` by area averaging; smaller films stay as they are.

    Parameters
    ----------
    film : uint8 (H, W)
    longer_side : int
        Pixels.

    Returns
    -------
    uint8 (h, w) with max(h, w) <= `longer_side` and h, w >= 1.
    """
    height, width = film.shape
    longest = max(height, width)
    if longest <= longer_side:
        return film
    shape = (
        max(1, round(width * longer_side / longest)),
        max(1, round(height * longer_side / longest)),
    )
    return cv2.resize(film, shape, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def equalised(film: NDArray[np.uint8], how: Preprocessing) -> NDArray[np.uint8]:
    """The film after CLAHE, the same shape; the film itself where there is none."""
    if not how.clahe_clip:
        return film
    tiles = (how.clahe_tiles, how.clahe_tiles)
    clahe = cv2.createCLAHE(clipLimit=how.clahe_clip, tileGridSize=tiles)
    return clahe.apply(film).astype(np.uint8, copy=False)


def blurred(film: NDArray[np.uint8], how: Preprocessing) -> NDArray[np.uint8]:
    """The film after the Gaussian blur, the same shape; the film itself where there is none."""
    if not how.blur:
        return film
    return cv2.GaussianBlur(film, (how.blur, how.blur), 0).astype(np.uint8, copy=False)


def preprocess(film: NDArray[np.uint8], how: Preprocessing) -> NDArray[np.uint8]:
    """Bring a film to the network's square.

    Parameters
    ----------
    film : uint8 (H, W)
        0 black to 255 white, bone light (MONOCHROME2).
    how : Preprocessing

    Returns
    -------
    uint8 (how.size, how.size), whole: `how.crop` is for :func:`cropped`. Pixel (row, column) of it
    shows the film at ``((row + .5) * H / size - .5, (column + .5) * W / size - .5)``.
    """
    if film.ndim != 2 or film.dtype != np.uint8:
        raise ValueError(f"expected a uint8 film (H, W), got {film.dtype} {film.shape}")
    image = blurred(equalised(reduce_film(film, how.longer_side), how), how)
    shrinks = image.shape[0] >= how.size and image.shape[1] >= how.size
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    square = cv2.resize(image, (how.size, how.size), interpolation=interpolation)
    return square.astype(np.uint8, copy=False)


def cropped(square: NDArray[np.uint8], crop: int) -> NDArray[np.uint8]:
    """What the network is shown of a square: all but `crop` pixels at each edge, enlarged.

    Parameters
    ----------
    square : uint8 (S, S)
        Of :func:`preprocess`.
    crop : int
        Pixels, 0 to less than S / 2.

    Returns
    -------
    uint8 (S, S); `square` itself where nothing is cut off.
    """
    if not crop:
        return square
    inside = square[crop:-crop, crop:-crop]
    enlarged = cv2.resize(inside, square.shape, interpolation=cv2.INTER_LINEAR_EXACT)
    return enlarged.astype(np.uint8, copy=False)


def enlargement(size: int, crop: int) -> NDArray[np.float32]:
    """:func:`cropped` but for its rounding, as a matrix: it is ``E @ square @ E.T``.

    Returns
    -------
    float32 (size, size)
    """
    inside = np.eye(size, dtype=np.float32)[crop : size - crop]
    return cv2.resize(inside, (size, size), interpolation=cv2.INTER_LINEAR).astype(np.float32)
