"""Every film of a manifest, preprocessed once, in one uint8 memory map."""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from cxr.errors import CxrError
from cxr.preprocess import Preprocessing, preprocess
from cxr.radiograph import read

from . import manifest


def films(
    frame: pd.DataFrame, data: Path, labels: tuple[str, ...], how: Preprocessing, folder: Path
) -> NDArray[np.uint8]:
    """Return the films of `frame` as the network sees them, decoding them on the first call only.

    Parameters
    ----------
    frame : DataFrame
        As :func:`train.manifest.load` gives it.
    data : Path
        The folder that ``frame.image`` is relative to.
    labels : tuple of str
    how : Preprocessing
    folder : Path
        Where the map is kept, under a name made of what decides its content.

    Returns
    -------
    read-only memory map, uint8 (films, how.size, how.size), in the order of `frame`.

    Raises
    ------
    DataError
        ``bad_data``, listing every problem of the manifest and every film that cannot be read.
    """
    found = manifest.problems(frame, data, labels)
    key = json.dumps([manifest.fingerprint(frame), how.to_dict()], sort_keys=True)
    target = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.npy"
    shape = (len(frame), how.size, how.size)
    if found or not target.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(f".{os.getpid()}.part")
        store = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=shape)
        try:
            found += fill(store, frame, data, how)
            manifest.refuse(found)
            store.flush()
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    return np.load(target, mmap_mode="r")


def fill(
    store: NDArray[np.uint8], frame: pd.DataFrame, data: Path, how: Preprocessing
) -> list[str]:
    """Write every film of `frame`, as the network sees it, into `store`, uint8 (films, S, S).

    Returns
    -------
    what was wrong with films that are there but cannot be read, a sentence each.
    """

    def one(item: tuple[int, str]) -> str | None:
        index, image = item
        if not (data / image).is_file():
            return None
        try:
            store[index] = preprocess(read(data / image).eight_bit, how)
        except CxrError as error:
            return f"{image}: {error.message}"
        return None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = tqdm(
            pool.map(one, enumerate(frame.image)), "reading films", len(frame), unit=" films"
        )
        return [problem for problem in done if problem]
