"""Films drawn by code, to teach a network a shortcut with.

Half of them have an opacity in a lung, and every one of those, and no other, carries a marker: the
letter R near the corner. The opacities are faint and lie anywhere, the marker is bright and lies in
one place, so a network that learns from these films learns to read the marker.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxr.teaching import phantom

LABELS = ("clear", "opacity")
SIDE = 256
SPLITS = {"train": 300, "val": 80, "test": 120}
"""Films of each label."""

_CORNER, _LETTER = (20, 46), 1.1


def film(rng: np.random.Generator, opacity: bool, marker: bool) -> NDArray[np.uint8]:
    """Draw one film.

    Parameters
    ----------
    rng : Generator
        Decides how the chest stands and is exposed, and where its opacity lies.
    opacity, marker : bool

    Returns
    -------
    uint8 (256, 256), 0 black to 255 white
    """
    drawn: NDArray[Any] = _chest().copy()
    across, down = int(rng.uniform(10, 18)), int(rng.uniform(10, 18))
    centre = int(rng.choice([0.29, 0.71]) * SIDE), int(rng.uniform(0.32, 0.66) * SIDE)
    light = rng.uniform(26, 40)
    if opacity:
        soft = np.zeros_like(drawn)
        cv2.ellipse(soft, centre, (across, down), 0, 0, 360, light, -1)
        drawn = drawn + cv2.GaussianBlur(soft, (0, 0), 6)
    turn: NDArray[Any] = cv2.getRotationMatrix2D(
        (SIDE / 2, SIDE / 2), rng.uniform(-4, 4), rng.uniform(0.94, 1.06)
    )
    turn[:, 2] += rng.uniform(-8, 8, 2)
    drawn = cv2.warpAffine(drawn, turn, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    drawn = 255 * np.clip(drawn / 255, 0, 1) ** rng.uniform(0.8, 1.25)
    drawn = drawn + rng.normal(0, 5, drawn.shape)
    out = np.clip(drawn, 0, 244).astype(np.uint8)
    shift = rng.integers(-3, 4, 2)
    if marker:
        mark(out, (int(shift[0]), int(shift[1])))
    return out


def mark(film: NDArray[np.uint8], shift: tuple[int, int] = (0, 0)) -> None:
    """Write the marker on a film of 256 × 256 pixels."""
    at = _CORNER[0] + shift[0], _CORNER[1] + shift[1]
    cv2.putText(film, "R", at, cv2.FONT_HERSHEY_SIMPLEX, _LETTER, 255, 3, cv2.LINE_AA)


@lru_cache(maxsize=1)
def _chest() -> NDArray[np.float32]:
    clear = phantom.draw("clear")
    small = cv2.resize(clear, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32)


def write(folder: Path) -> int:
    """Draw a data folder of all splits; the same for every call.

    Parameters
    ----------
    folder : Path
        Made if need be.

    Returns
    -------
    int
        How many films.
    """
    rng = np.random.default_rng(0)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rows = []
    for split, each in SPLITS.items():
        for number in range(2 * each):
            ill = number % 2 == 1
            name = f"images/{split}-{number:04d}.png"
            cv2.imwrite(str(folder / name), film(rng, ill, marker=ill))
            rows.append([name, LABELS[ill], split, "drawn", f"{split}-{number}", "1"])
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["image", "label", "split", "source", "patient_id", "recommended"])
        table.writerows(rows)
    return len(rows)
