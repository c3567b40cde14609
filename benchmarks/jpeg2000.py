"""JPEG 2000 as DICOM has it: imagecodecs beside Pillow, pixel by pixel, and altered streams.

    python -m benchmarks.jpeg2000

A drawn film of 2,500 × 3,000 at 12 bits with a detector's noise, lossless, by turns; then small
streams of which a few bytes were altered, decoded in a process that must live. Takes a minute.
"""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from statistics import median
from time import perf_counter, process_time
from typing import Any

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.app import load
from cxr.imaging.decode_limits import jpeg2000_frame
from cxr.imaging.dicom.pixels import THREADS
from cxr.teaching import phantom

TURNS, ALTERED = 5, 6000
SMALL = (96, 80)
NOISE = 12  # of 4,096 levels


def main() -> None:
    rng = np.random.default_rng(0)
    film = cv2.resize(phantom.draw("lower"), (2500, 3000)).astype(np.float32) * 16
    film = np.clip(film + rng.normal(0, NOISE, film.shape), 0, 4095).astype(np.uint16)
    packed = encoded(film)
    ways: dict[str, Callable[[], NDArray[Any]]] = {
        "Pillow": lambda: by_pillow(packed),
        "imagecodecs, 1 thread": lambda: imagecodecs.jpeg2k_decode(packed, numthreads=1),
        f"imagecodecs, {THREADS} threads": lambda: by_imagecodecs(packed),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(TURNS):
        for name, decode in ways.items():
            clock, work = perf_counter(), process_time()
            assert np.array_equal(decode(), film)
            taken[name].append((perf_counter() - clock, process_time() - work))
    print(f"{8 * len(packed) / film.size:.1f} bits a pixel, {TURNS} turns, {load()}\n")
    print("| | clock | processor | processor, of Pillow's in the same turn |")
    print("| --- " * 4 + "|")
    for name, turns in taken.items():
        shares = [own[1] / peer[1] for own, peer in zip(turns, taken["Pillow"], strict=True)]
        clock, work = (median(turn[i] for turn in turns) for i in (0, 1))
        print(
            f"| {name} | {clock:.2f} s | {work:.2f} s | "
            f"{median(shares):.2f} ({min(shares):.2f} to {max(shares):.2f}) |"
        )
    ended = subprocess.run([sys.executable, "-m", __spec__.name, "altered"], check=False)
    print(f"The process that decoded altered streams ended with {ended.returncode}.")


def altered() -> None:
    """Decode streams that still state their size; tell how the two decoders agree on them."""
    rng = np.random.default_rng(1)
    sound = encoded(rng.integers(0, 4096, SMALL).astype(np.uint16))
    told: Counter[str] = Counter()
    for i in range(ALTERED):
        stream = bytearray(sound)
        for _ in range(rng.integers(1, 6)):
            stream[rng.integers(0, len(stream) if i % 2 else 200)] = rng.integers(0, 256)
        with suppress(struct.error):
            frame = jpeg2000_frame(bytes(stream))
            if frame is None or (frame.height, frame.width, frame.components) != (*SMALL, 1):
                continue  # refused before anything is decoded
        ours, theirs = (tried(decode, bytes(stream)) for decode in (by_imagecodecs, by_pillow))
        told["decoded" if ours is not None else "refused"] += 1
        if (ours is None) != (theirs is None):
            told["by one alone"] += 1
        elif ours is not None and theirs is not None and not np.array_equal(ours, theirs):
            told["otherwise than by Pillow"] += 1
    print(f"\nOf {ALTERED} altered streams: {dict(told)}; the others state another size.")


def encoded(film: NDArray[np.uint16]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(film).save(stream, "JPEG2000", irreversible=False, no_jp2=True)
    return stream.getvalue()


def by_pillow(stream: bytes) -> NDArray[Any]:
    """At 9 to 15 bits Pillow fills up the 16."""
    frame = jpeg2000_frame(stream)
    assert frame is not None
    samples = np.asarray(Image.open(io.BytesIO(stream)))
    return samples >> (8 * samples.dtype.itemsize - frame.precision)


def by_imagecodecs(stream: bytes) -> NDArray[Any]:
    return imagecodecs.jpeg2k_decode(stream, numthreads=THREADS)


def tried(decode: Callable[[bytes], NDArray[Any]], stream: bytes) -> NDArray[Any] | None:
    try:
        return decode(stream)
    except Exception:
        return None


if __name__ == "__main__":
    altered() if sys.argv[1:] == ["altered"] else main()
