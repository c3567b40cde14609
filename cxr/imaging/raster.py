"""Films stored as PNG or JPEG, decoded by Pillow."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from ..errors import NotARadiograph, UnreadableFile
from .decode_limits import BoundedReader, check_size, damaged, decoding, jpeg_frame
from .metadata_strip import Stripped, strip_jpeg, strip_png
from .png16 import deep_channels, is_deep, is_deep_grey
from .radiograph import Radiograph, window_table
from .read_anyway import Doubts

# On a tinted film a pixel's colour follows from its brightness; on a colour photograph it does
# not. Measured as the share of pixels that lie further than HUE_DISTANCE (of 255, RGB) from the
# curve of colour over brightness: 26 colour photographs have .12 or more, 60 films dyed blue or
# sepia and saved as JPEG of quality 60 to 95 have .005 or less; coloured arrows and boxes drawn
# on small films add .05 to .12.
HUE_DISTANCE = 8.0
HUE_SHARE = 0.10
_TINT = 3.0  # mean difference of a pixel's channels that is worth a note

_UPRIGHT: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    2: np.fliplr,
    3: lambda film: np.rot90(film, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda film: np.rot90(film, -1),
    7: lambda film: np.rot90(film.T, 2),
    8: np.rot90,
}
"""What undoes each orientation that Exif numbers."""
_TRANSPARENT = "Transparent parts are shown black."
_LIBJPEG = (0xC0, 0xC1, 0xC2)
_COLOUR_MODES = ("RGB", "RGBA", "P", "CMYK")
_PNG_COLOUR = (2, 3, 6)  # RGB, palette, RGBA

# Pillow's warnings quote the file, and nothing is printed here.
warnings.filterwarnings("ignore", module=r"PIL\.")


def read_png(data: bytes, sha256: str, all_the_same: bool = False) -> Radiograph:
    """Read a PNG of any colour type and depth, a colour photograph too if `all_the_same`.

    A 16-bit film keeps its depth, in grey or in three equal channels. Its white is the largest
    value that its significant bits can hold, because 10- to 14-bit films are stored in 16-bit files
    unscaled; its black is 0.
    """
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise damaged()
    width, height, _, colour_type = struct.unpack_from(">IIBB", data, 16)
    check_size(height, width, colour_type in _PNG_COLOUR)
    return _read(strip_png(data), sha256, "PNG", Doubts(all_the_same))


def read_jpeg(data: bytes, sha256: str, all_the_same: bool = False) -> Radiograph:
    """Read an 8-bit JPEG, baseline or progressive, grey, RGB or CMYK; `all_the_same` as above."""
    frame = jpeg_frame(data)
    if frame is None:
        raise damaged()
    if frame.precision != 8 or frame.process not in _LIBJPEG:
        raise UnreadableFile(
            "unsupported_pixels",
            "This kind of JPEG (12-bit, lossless or arithmetic) is not read. Export the film as "
            "an ordinary JPEG, PNG or DICOM.",
        )
    check_size(frame.height, frame.width, frame.components > 1)
    return _read(strip_jpeg(data), sha256, "JPEG", Doubts(all_the_same))


def _read(stripped: Stripped, sha256: str, kind: str, doubts: Doubts) -> Radiograph:
    notes: list[str] = []
    with decoding(), Image.open(BoundedReader(stripped.data), formats=(kind,)) as image:
        # Pillow takes the last of several headers.
        colour = image.mode in _COLOUR_MODES and not is_deep_grey(image)
        check_size(image.height, image.width, colour)
        if getattr(image, "n_frames", 1) > 1:
            raise UnreadableFile(
                "multi_frame", "The file holds several images. Export the one film."
            )
        if stripped.pictures > 1:
            notes.append(f"The file holds {stripped.pictures} pictures; the first is shown.")
        if stripped.orientation in _UPRIGHT:
            notes.append("Turned as the camera's or scanner's orientation tag says.")
        read = partial(_deep_grey, stripped.data) if is_deep(image) else partial(grey, image)
        film = read(notes, doubts)
    if stripped.orientation in _UPRIGHT:
        film = np.ascontiguousarray(_UPRIGHT[stripped.orientation](film))
    if film.dtype == np.uint8:
        return Radiograph(film, 8, sha256, kind, notes=tuple(notes), doubts=doubts.found)
    bits = max(8, int(film.max()).bit_length())
    if bits < 16:
        notes.append(f"A 16-bit file of which {bits} bits are used.")
    if bits == 8:
        film = film.astype(np.uint8)
    table = window_table(bits, 0, 2**bits - 1) if bits > 8 else None
    return Radiograph(film, bits, sha256, kind, voi=table, notes=tuple(notes), doubts=doubts.found)


def grey(image: Image.Image, notes: list[str], doubts: Doubts) -> NDArray[Any]:
    """Brightness of an image, uint8 or (16-bit grey) uint16 (H, W); `notes` and `doubts` grow.

    Raises
    ------
    NotARadiograph
        ``colour_photograph``.
    """
    if image.mode.startswith("I;16"):
        film = np.array(image, dtype=np.uint16)
        clear = image.info.get("transparency")
        if clear and (film == clear).any():
            notes.append(_TRANSPARENT)
            film[film == clear] = 0
        return film
    if image.has_transparency_data:
        image = _on_black(image, notes)
    if image.mode in ("1", "L"):
        return np.ascontiguousarray(image.convert("L"))
    image = image if image.mode == "RGB" else image.convert("RGB")
    red, green, blue = image.split()
    if not ImageChops.difference(red, green).getbbox() and (
        not ImageChops.difference(green, blue).getbbox()
    ):
        return np.ascontiguousarray(red)
    strayed, tint = _colour(image)
    if strayed > HUE_SHARE:
        with doubts.held():
            raise NotARadiograph(
                "colour_photograph",
                "The image is in colour and not a film. If it is a photograph of a film, use the "
                "original or a grey scan.",
            )
    if tint > _TINT:
        notes.append("The film is tinted or has colour marks; only its brightness is used.")
    return np.ascontiguousarray(image.convert("L"))


def _deep_grey(data: bytes, notes: list[str], doubts: Doubts) -> NDArray[Any]:
    """Brightness of a 16-bit PNG in colour or with transparency: uint16 (H, W), or uint8 where its
    channels differ; `notes` and `doubts` grow.

    Raises
    ------
    NotARadiograph
        ``colour_photograph``.
    """
    channels, alpha = deep_channels(data)
    if alpha is not None and alpha.min() < alpha.max():
        notes.append(_TRANSPARENT)
        opaque = int(alpha.max())
        for channel in channels:
            for row, share in zip(channel, alpha, strict=True):
                row[:] = (row.astype(np.uint32) * share + opaque // 2) // opaque
    first, *others = channels
    if all(np.array_equal(first, other) for other in others):
        return first
    notes.append("A 16-bit colour file, read at 8 bits.")
    top = 2 ** max(8, int(max(channel.max() for channel in channels)).bit_length()) - 1
    table = window_table(16, 0, top)
    return grey(Image.merge("RGB", [Image.fromarray(table[c]) for c in channels]), notes, doubts)


def _on_black(image: Image.Image, notes: list[str]) -> Image.Image:
    """Drop transparency: what shines through is black, as around a film."""
    mode = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    wanted = "LA" if mode == "L" else "RGBA"
    image = image if image.mode == wanted else image.convert(wanted)
    alpha = image.getchannel("A")
    opaque = image.convert(mode)
    least, most = alpha.getextrema()
    if least == most:  # the same everywhere, it says nothing about the film
        return opaque
    notes.append(_TRANSPARENT)
    opaque.paste("black", mask=ImageChops.invert(alpha))
    return opaque


def _colour(image: Image.Image) -> tuple[float, float]:
    """Share of pixels whose colour strays from what their brightness suggests; the mean tint.

    On a copy of at most 256 pixels: averaging removes a camera's colour noise.
    """
    scale = min(1, 256 / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    rgb = np.asarray(image.resize(size, Image.Resampling.BOX), dtype=np.float32).reshape(-1, 3)
    luminance = rgb @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    chroma = rgb - luminance[:, None]
    curve = np.vander(luminance / 255, 3)
    near = np.full(len(rgb), True)
    for _ in range(3):  # fitted to the nearest pixels, so that marks do not bend the curve
        fit, *_ = np.linalg.lstsq(curve[near], chroma[near], rcond=None)
        stray = np.linalg.norm(chroma - curve @ fit, axis=1)
        near = stray <= np.quantile(stray, 0.8)
    return float(np.mean(stray > HUE_DISTANCE)), float(np.ptp(rgb, axis=1).mean())
