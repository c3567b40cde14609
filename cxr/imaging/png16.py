"""Channels of a 16-bit PNG in colour or with transparency, at full depth.

Pillow reads of such files the upper 8 bits of each sample alone: of a film of 12 bits that is
stored unscaled, these are 4. It is asked for the lower 8 too, by naming another order of bytes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from .decode_limits import BoundedReader

_Channel = NDArray[np.uint16]
_OPAQUE = 65535
_DEEP = ";16B"
_GREY, _GREY_AS_BYTES = "LA;16B", "RGBA"
"""Two samples of 16 bits are as long as four of 8, and PNG's filters know bytes alone."""


def is_deep(image: Image.Image) -> bool:
    """Whether an undecoded image is one of those."""
    return image.mode in ("RGB", "RGBA") and _order(image).endswith(_DEEP)


def is_deep_grey(image: Image.Image) -> bool:
    """Whether it is grey with transparency, which Pillow calls colour."""
    return _order(image) == _GREY


def _order(image: Image.Image) -> str:
    tiles: list[ImageFile._Tile] = getattr(image, "tile", [])
    return str(tiles[0].args) if len(tiles) == 1 else ""


def deep_channels(data: bytes) -> tuple[list[_Channel], _Channel | None]:
    """Decode a PNG that `is_deep`.

    Returns
    -------
    channels : list of uint16 (H, W)
        One (grey) or three (red, green, blue).
    alpha : uint16 (H, W) or None
        None: the file has no transparency.
    """
    with Image.open(BoundedReader(data), formats=("PNG",)) as image:
        (tile,) = image.tile
        clear = image.info.get("transparency")
    order = str(tile.args)
    if order == _GREY:
        samples = _samples(data, tile, _GREY_AS_BYTES)
        grey, alpha = (_joined(samples[..., at], samples[..., at + 1]) for at in (0, 2))
        return [grey], alpha
    upper, lower = (_samples(data, tile, order[:-1] + end) for end in "BL")
    channels = [_joined(upper[..., at], lower[..., at]) for at in range(upper.shape[2])]
    if len(channels) == 4:
        return channels[:3], channels[3]
    if not isinstance(clear, tuple):
        return channels, None
    seen = np.logical_or.reduce([c != value for c, value in zip(channels, clear, strict=True)])
    return channels, np.where(seen, np.uint16(_OPAQUE), np.uint16(0))


def _samples(data: bytes, tile: ImageFile._Tile, order: str) -> NDArray[np.uint8]:
    with Image.open(BoundedReader(data), formats=("PNG",)) as image:
        image.tile = [tile._replace(args=order)]
        return np.asarray(image)


def _joined(upper: NDArray[np.uint8], lower: NDArray[np.uint8]) -> _Channel:
    channel = upper.astype(np.uint16)
    channel <<= 8
    channel |= lower
    return channel
