"""A map's colours over a film, and the picture of both that may leave the program.

Colours mean the same value on every film: the scale is fixed and never the film's own minimum and
maximum. Where a map says nothing its colour is clear, so the film shows.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..notice import NOTICE
from .target import contours

# Both sides of the signed map keep apart for every kind of colour blindness and in grey; neither
# end is red or green, which would read as a verdict.
_AGAINST = ((0xAB, 0xD9, 0xE9), (0x2C, 0x7B, 0xB6))
_FOR = ((0xFE, 0xD9, 0x8E), (0xE6, 0x61, 0x00))

_PAPER, _TEXT, _LINE = (0, 0, 0), (235, 235, 235), (255, 255, 255)
_NARROWEST = 360


@dataclass(frozen=True)
class Kind:
    """How a method's maps are shown.

    Attributes
    ----------
    title, unit : str
        For the colour bar and the caption; ASCII, which is all that Pillow's own font holds.
    signed : bool
        From −scale to scale, or from 0 to scale.
    scale : float
        The value of the last colour unless another is asked for.
    scales : tuple of float
        What it is worth being set to: a sure network's probability hardly moves under a patch.
    """

    title: str
    unit: str
    signed: bool
    scale: float
    scales: tuple[float, ...]


FAINT = 0.05
"""Of the last colour's value: what a map has less of everywhere looks like the bare film."""

KINDS = {
    "occlusion": Kind(
        "Occlusion", "fall in probability when hidden", True, 0.1, (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
    ),
    "gradcam": Kind("Grad-CAM", "logits per cell", False, 0.2, (0.05, 0.1, 0.2, 0.4, 0.8)),
    "gradcam_pp": Kind("Grad-CAM++", "weighted activation", False, 8.0, (2, 4, 8, 16, 32)),
    "scorecam": Kind("Score-CAM", "weighted activation", False, 1.0, (0.25, 0.5, 1, 2, 4)),
    "integrated": Kind(
        "Integrated gradients", "logits per 49th of the film", True, 1.0, (0.2, 0.5, 1, 2, 5)
    ),
    "lungs": Kind("Lungs", "their outline, by models/lungs", False, 1.0, (1,)),
}
"""By the names of :data:`cxr.explain.METHODS`; besides, what may lie over a film and is no map."""


def sides(kind: str, label: str) -> str:
    """What the two signs of a map of a class say, in ASCII; "" for a map that has one."""
    return f"orange speaks for {label}, blue against it" if KINDS[kind].signed else ""


def title(kind: str, label: str) -> str:
    """What a map of a class is called over it: ``T · Grad-CAM``, ``T · Occlusion: orange speaks for
    T, blue against it``."""
    return ": ".join(filter(None, (f"{label} · {KINDS[kind].title}", sides(kind, label))))


def caption_title(kind: str, label: str) -> str:
    """The same under it, in ASCII: ``Grad-CAM for class T``."""
    both = sides(kind, label)
    return f"{KINDS[kind].title} for class {label}{f' ({both})' if both else ''}"


def shows_nothing(values: NDArray[np.floating], kind: str, scale: float | None = None) -> bool:
    """Whether a map is empty to the eye: nowhere of :data:`FAINT` of the last colour's value.

    Parameters
    ----------
    values : float (h, w)
    kind, scale
        See :func:`blend`.
    """
    seen = np.abs(values) if KINDS[kind].signed else values
    return bool(seen.max() < FAINT * (scale or KINDS[kind].scale))


def blend(
    film: NDArray[np.uint8],
    values: NDArray[np.float32],
    kind: str,
    opacity: float = 0.6,
    scale: float | None = None,
) -> NDArray[np.uint8]:
    """Lay a map over a film.

    Parameters
    ----------
    film : uint8 (H, W)
    values : float32 (H, W)
        As :mod:`cxr.explain` gives them. Values beyond the scale take its last colour.
    kind : {"occlusion", "gradcam"}
    opacity : float, 0 to 1
        Of the last colour; a colour half-way to it has half of it, that of 0 has none.
    scale : float, optional
        Value of the last colour, above 0; the kind's own by default.

    Returns
    -------
    uint8 (H, W, 3), RGB. Needs about 3 bytes a pixel beyond its arguments.
    """
    if film.shape != values.shape or film.dtype != np.uint8:
        raise ValueError(f"a uint8 film {film.shape} needs a map of its shape, not {values.shape}")
    scale = _checked(kind, opacity, scale)
    table = _table(kind, opacity).reshape(-1, 3)
    signed = KINDS[kind].signed
    out = np.empty((*film.shape, 3), np.uint8)
    band = max(1, (1 << 18) // film.shape[1])
    for top in range(0, film.shape[0], band):
        part = slice(top, top + band)
        share = np.clip(values[part] / np.float32(scale), -1 if signed else 0, 1)
        level = np.rint(share * 127 + 128 if signed else share * 255).astype(np.intp)
        np.take(table, level * 256 + film[part], axis=0, out=out[part], mode="clip")
    return out


def lines(polygons: Sequence[NDArray[np.floating]], height: int, width: int) -> NDArray[np.float32]:
    """Closed lines as something to lay over a film.

    Parameters
    ----------
    polygons : sequence of float (n, 2)
        x and y as fractions of the film's width and height, such as
        :func:`cxr.model.lungs.outline`'s.
    height, width : int
        Of the grid.

    Returns
    -------
    float32 (height, width), 1 on a line of two pixels, 0 away from it.
    """
    drawn = np.zeros((height, width), np.uint8)
    points = [np.rint(polygon * (width, height) * 16).astype(np.int32) for polygon in polygons]
    cv2.polylines(drawn, points, True, 255, 2, cv2.LINE_AA, shift=4)
    return drawn.astype(np.float32) / np.float32(255)


def colours(kind: str) -> NDArray[np.uint8]:
    """The 256 colours of a kind of map, uint8 (256, 3), RGB, from its lowest value to its highest.

    A signed map's 0 is at 128, and 0 stands for the same value as 1.
    """
    if not KINDS[kind].signed:
        ramp = cv2.applyColorMap(np.arange(256, dtype=np.uint8), cv2.COLORMAP_VIRIDIS)
        return np.ascontiguousarray(ramp[:, 0, ::-1])
    share = np.abs(_shares(kind))[:, None]
    near, far = (
        np.where(_shares(kind)[:, None] < 0, against, towards)
        for against, towards in zip(_AGAINST, _FOR, strict=True)
    )
    out: NDArray[np.uint8] = np.rint(near + (far - near) * share).astype(np.uint8)
    return out


def _shares(kind: str) -> NDArray[np.float64]:
    """Where each of the 256 levels lies on the scale, −1 or 0 to 1."""
    levels = np.arange(256)
    return np.maximum((levels - 128) / 127, -1) if KINDS[kind].signed else levels / 255


@lru_cache(maxsize=16)
def _table(kind: str, opacity: float) -> NDArray[np.uint8]:
    """uint8 (256 levels, 256 greys, 3): every level over every grey."""
    alpha = opacity * np.abs(_shares(kind))[:, None, None]
    grey = np.arange(256.0)[None, :, None]
    mixed = grey * (1 - alpha) + colours(kind)[:, None, :] * alpha
    return np.rint(mixed).astype(np.uint8)


def _checked(kind: str, opacity: float, scale: float | None) -> float:
    scale = KINDS[kind].scale if scale is None else scale
    if not 0 <= opacity <= 1 or not scale > 0:
        raise ValueError("opacity must be 0 to 1 and scale above 0")
    return scale


def colour_bar(
    kind: str, width: int, opacity: float = 0.6, scale: float | None = None, text: int = 14
) -> NDArray[np.uint8]:
    """The colours as they look over mid-grey, with five values and their unit.

    Parameters
    ----------
    width : int
        Pixels.
    text : int
        Size of the letters, pixels.

    Returns
    -------
    uint8 (4 · text, width, 3), RGB
    """
    scale = _checked(kind, opacity, scale)
    low = -scale if KINDS[kind].signed else 0.0
    font = ImageFont.load_default(size=text)
    marks = [f"{value:.3g}" for value in np.linspace(low, scale, 5)]
    margin = int(max(font.getlength(mark) for mark in marks)) // 2 + 2
    inner = max(2, width - 2 * margin)
    row = np.linspace(low, scale, inner, dtype=np.float32)
    bar = blend(
        np.full((text, inner), 128, np.uint8), np.tile(row, (text, 1)), kind, opacity, scale
    )
    image = Image.new("RGB", (width, 4 * text), _PAPER)
    image.paste(Image.fromarray(bar), (margin, 0))
    draw = ImageDraw.Draw(image)
    for mark, x in zip(marks, np.linspace(margin, margin + inner - 1, 5), strict=True):
        draw.line((x, text, x, text + text // 3), fill=_TEXT)
        draw.text((x, text + text // 3), mark, fill=_TEXT, font=font, anchor="ma")
    draw.text((width / 2, 4 * text), KINDS[kind].unit, fill=_TEXT, font=font, anchor="md")
    return np.asarray(image)


def caption(kind: str, label: str, model: str, digest: str, details: str = "") -> list[str]:
    """What a picture says of itself: method, class, model.

    Parameters
    ----------
    model, digest : str
        ``bundle.name`` and ``bundle.digest``.
    details : str
        Settings of the method, scores.
    """
    what = caption_title(kind, label)
    return [f"{what}: {details}" if details else what, f"Model {model}, network {digest[:12]}"]


def export_png(
    film: NDArray[np.uint8],
    values: NDArray[np.float32],
    kind: str,
    lines: Sequence[str],
    opacity: float = 0.6,
    scale: float | None = None,
    contour: bool = False,
) -> bytes:
    """The film under its map, pixel for pixel, above a strip that holds the colour bar, `lines`
    and the notice.

    Parameters
    ----------
    film, values, kind, opacity, scale
        See :func:`blend`.
    lines : sequence of str
        See :func:`caption`; broken where they are too long.
    contour : bool
        Draw a line around where the map reaches half of the last colour, of either sign.

    Returns
    -------
    bytes
        A PNG as wide as the film, but at least 360 pixels.
    """
    picture = blend(film, values, kind, opacity, scale)
    if contour:
        half = (scale or KINDS[kind].scale) / 2
        for level in (half, -half) if KINDS[kind].signed else (half,):
            thick = max(1, film.shape[1] // 600)
            cv2.polylines(picture, contours(values, level), True, _LINE, thick)
    out = io.BytesIO()
    captioned(picture, lines, kind, opacity, scale).save(out, "PNG", compress_level=1)
    return out.getvalue()


def captioned(
    picture: NDArray[np.uint8],
    lines: Sequence[str],
    kind: str | None = None,
    opacity: float = 0.6,
    scale: float | None = None,
) -> Image.Image:
    """A picture above a strip that holds `lines` and the notice, and before them a colour bar.

    Parameters
    ----------
    picture : uint8 (H, W, 3), RGB
    lines, opacity, scale
        See :func:`export_png`.
    kind : str, optional
        Of the map that lies over the film; None: there is none, and no bar.
    """
    height, width = picture.shape[:2]
    wide = max(width, _NARROWEST)
    text = int(np.clip(wide // 45, 12, 64))
    font = ImageFont.load_default(size=text)
    broken = [part for line in (*lines, NOTICE) for part in _wrap(line, font, wide - 2 * text)]
    bar = colour_bar(kind, wide - 2 * text, opacity, scale, text) if kind else None
    top = height + text + (0 if bar is None else len(bar))
    step = round(1.4 * text)
    page = Image.new("RGB", (wide, top + text + step * len(broken)), _PAPER)
    page.paste(Image.fromarray(picture), ((wide - width) // 2, 0))
    if bar is not None:
        page.paste(Image.fromarray(bar), (text, height + text // 2))
    draw = ImageDraw.Draw(page)
    for i, line in enumerate(broken):
        draw.text((text, top + i * step), line, fill=_TEXT, font=font)
    return page


def _wrap(line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> list[str]:
    """Break at blanks so that each part is at most `width` pixels; a longer word stands alone."""
    parts: list[str] = []
    for word in line.split():
        if parts and font.getlength(f"{parts[-1]} {word}") <= width:
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    return parts
