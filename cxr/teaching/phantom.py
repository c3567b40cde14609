"""Chest films drawn by code: something to try the app with where no film may be shown.

A drawing shows how the pages work and nothing about the network: it never saw a drawing.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 1024
MARK = "DRAWN PHANTOM"

Canvas = NDArray[np.float32]

_OPACITIES = {
    "clear": (),
    "upper": ((330, 330, 74, 58), (372, 268, 40, 34), (300, 400, 36, 30)),
    "lower": ((690, 640, 96, 70), (742, 720, 70, 44)),
}
"""Ellipses (x, y, half width, half height), pixels; x grows to the film's right."""

KINDS = tuple(_OPACITIES)


def draw(kind: str) -> NDArray[np.uint8]:
    """Draw a frontal chest phantom, the same for every call.

    Parameters
    ----------
    kind : {"clear", "upper", "lower"}
        Without an opacity, with one in the upper field at the film's left, or in the lower field
        at its right.

    Returns
    -------
    uint8 (1024, 1024), 0 black to 255 white; the words `MARK` stand at its lower edge.
    """
    return _drawn(kind).copy()


@lru_cache(maxsize=len(KINDS))
def _drawn(kind: str) -> NDArray[np.uint8]:
    opacities = _OPACITIES[kind]
    lungs, heart = _lungs(), _heart()
    air = lungs * (1 - heart)
    film = 30 + 150 * _soft(_ellipse(512, 640, 470, 640), 26)
    film -= 118 * _soft(lungs, 9)
    film += 34 * _soft(_spine(), 7)
    film += (16 + 100 * _soft(lungs, 9)) * _soft(heart, 12)
    film += _vessels() * _soft(air, 10)
    film += 26 * _soft(_ribs(), 3) + 44 * _soft(_clavicles(), 4)
    for x, y, across, down in opacities:
        film += 62 * _soft(_ellipse(x, y, across, down), 24) * _soft(air, 6)
    grain = np.random.default_rng(0).normal(0, 5, film.shape).astype(np.float32)
    film += cv2.GaussianBlur(grain, (0, 0), 1.2) * 2
    out = np.clip(film, 0, 244).astype(np.uint8)
    cv2.putText(out, MARK, (372, 1006), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 255, 2, cv2.LINE_AA)
    return out


def _soft(shape: Canvas, sigma: float) -> Canvas:
    return cv2.GaussianBlur(shape, (0, 0), sigma).astype(np.float32, copy=False)


def _blank() -> Canvas:
    return np.zeros((SIDE, SIDE), np.float32)


def _ellipse(x: int, y: int, across: int, down: int) -> Canvas:
    out = _blank()
    cv2.ellipse(out, (x, y), (across, down), 0, 0, 360, 1.0, -1)
    return out


def _mirror(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(SIDE - x, y) for x, y in points]


def _lungs() -> Canvas:
    """Both fields: apex, outer wall, costophrenic angle, dome, mediastinum."""
    left = [(408, 168), (330, 190), (262, 270), (214, 390), (186, 540), (176, 690), (182, 812)]
    left += [(250, 752), (330, 728), (404, 742), (440, 776), (446, 640), (440, 470), (446, 300)]
    right = [(616, 168), (694, 190), (762, 270), (810, 390), (838, 540), (848, 690), (842, 836)]
    right += [(780, 782), (714, 762), (660, 770), (640, 690), (600, 560), (580, 440), (578, 300)]
    out = _blank()
    for outline in (left, right):
        cv2.fillPoly(out, [np.array(outline, np.int32)], 1.0)
    return out


def _spine() -> Canvas:
    out = _blank()
    cv2.rectangle(out, (478, 0), (546, SIDE), 0.8, -1)
    for y in range(40, SIDE, 62):
        cv2.rectangle(out, (470, y), (554, y + 40), 1.0, -1)
    return out


def _heart() -> Canvas:
    outline = [(470, 330), (560, 320), (590, 400), (612, 500), (668, 600), (706, 700), (690, 790)]
    outline += [(560, 812), (440, 800), (424, 700), (436, 580), (452, 450)]
    out = _blank()
    cv2.fillPoly(out, [np.array(outline, np.int32)], 1.0)
    return out


def _ribs() -> Canvas:
    out = _blank()
    for i in range(9):
        y = 210 + 66 * i
        across = min(345, 190 + 26 * i)
        for turn, x in ((0, 512 - 30), (1, 512 + 30)):
            start, end = (180, 258) if turn == 0 else (282, 360)
            cv2.ellipse(out, (x, y + 110), (across, 120), 0, start, end, 0.9, 15, cv2.LINE_AA)
            start, end = (110, 180) if turn == 0 else (0, 70)
            cv2.ellipse(out, (x, y + 106), (across, 84), 0, start, end, 0.45, 15, cv2.LINE_AA)
    return out


def _clavicles() -> Canvas:
    left = [(486, 214), (420, 196), (340, 182), (250, 150), (180, 134)]
    out = _blank()
    for line in (left, _mirror(left)):
        cv2.polylines(out, [np.array(line, np.int32)], False, 1.0, 22, cv2.LINE_AA)
    return out


def _vessels() -> Canvas:
    """Branching marks from each hilum, thinner and fainter outwards."""
    rng = np.random.default_rng(1)
    out = _blank()
    for x, outward in ((452, -1), (572, 1)):
        for angle in np.linspace(-1.25, 1.25, 11):
            at = np.array([x, 480.0])
            heading = angle
            for step in range(12):
                heading += rng.normal(0, 0.12)
                to = at + 26 * np.array([outward * np.cos(heading), np.sin(heading)])
                ends = [(int(p[0]), int(p[1])) for p in (at, to)]
                cv2.line(out, ends[0], ends[1], 34.0 - 2.4 * step, max(2, 9 - step), cv2.LINE_AA)
                at = to
    return _soft(out, 2.5)
