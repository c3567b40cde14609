"""Every film of a manifest, preprocessed once, in one uint8 memory map."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from cxr.errors import CxrError, DataError
from cxr.imaging.preprocessing import Preprocessing, preprocess
from cxr.imaging.reader import read

from . import manifest


def films(
    frame: pd.DataFrame, data: Path, labels: tuple[str, ...], how: Preprocessing, folder: Path
) -> NDArray[np.uint8]:
    """Return the films of `frame` as the network sees them, decoding them on the first call only,
    and again when the size or time of change of one of their files is another.

    Parameters
    ----------
    frame : DataFrame
        As :func:`train.data.manifest.load` gives it.
    data : Path
        The folder that ``frame.image`` is relative to.
    labels : tuple of str
    how : Preprocessing
    folder : Path
        Where the map is kept, under a name made of what decides its content. It takes the place of
        the map of the same list and preprocessing whose files have changed since.

    Returns
    -------
    read-only memory map, uint8 (films, how.size, how.size), in the order of `frame`.

    Raises
    ------
    DataError
        ``bad_data``, listing every problem of the manifest or, where it has none, every film that
        cannot be read; ``no_space``.
    """
    manifest.refuse(manifest.problems(frame, data, labels))
    asked = _digest([manifest.fingerprint(frame), how.to_dict()])
    state = _digest([_state(data / image) for image in frame.image])
    target = folder / f"{asked}-{state}.npy"
    shape = (len(frame), how.size, how.size)
    if not target.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        _make_sure_of_room(math.prod(shape), folder)
        part = target.with_suffix(f".{os.getpid()}.part")
        store = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=shape)
        try:
            manifest.refuse(fill(store, frame, data, how))
            store.flush()
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        for old in set(folder.glob(f"{asked}*.npy")) - {target}:
            old.unlink(missing_ok=True)
    out: NDArray[np.uint8] = np.load(target, mmap_mode="r")
    return out


def _digest(values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def _state(file: Path) -> tuple[int, int] | None:
    """What tells a file from the one that takes its place, without reading it."""
    try:
        known = file.stat()
    except (OSError, ValueError):
        return None
    return known.st_size, known.st_mtime_ns


def _make_sure_of_room(needed: int, folder: Path) -> None:
    """To run out of it while a memory map is filled ends the process without a word."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DataError(
            "no_space",
            f"The films as the network sees them take {needed / 1e9:.1f} GB, and {free / 1e9:.1f} "
            "GB are free where runs are kept. Delete older caches there, which can be made anew, "
            "or say --runs with a folder that has room.",
        )


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
        if not manifest.there(data / image):
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
