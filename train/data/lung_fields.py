"""Where the lungs are on the films of a cache, by the network that ships."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from cxr.model import lungs

from .mixing import FIELD


def of(films: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Probability of lung on every film, worked out on the first call only.

    Parameters
    ----------
    films : uint8 (n, S, S)
        The result of a memory map is kept beside it, under the lungs' network's hash.

    Returns
    -------
    uint8 (n, FIELD, FIELD), 0 to 255 for a probability of 0 to 1.
    """
    finder = lungs.load()
    file = getattr(films, "filename", None)
    target = Path(file).with_suffix(f".lungs-{finder.bundle.digest[:12]}.npy") if file else None
    if target and target.is_file():
        out: NDArray[np.uint8] = np.load(target, mmap_mode="r")
        return out
    side = finder.bundle.preprocessing.size
    found = np.empty((len(films), FIELD, FIELD), np.uint8)
    for i, film in enumerate(tqdm(films, "finding lungs", unit=" films")):
        square = cv2.resize(film, (side, side), interpolation=cv2.INTER_AREA)
        share = finder.once(square.astype(np.uint8, copy=False))
        found[i] = np.rint(255 * cv2.resize(share, (FIELD, FIELD), interpolation=cv2.INTER_AREA))
    if target:
        np.save(target, found)
    return found
