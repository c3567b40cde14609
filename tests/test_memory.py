"""No film takes more than 500 MB while it is read: the largest of each kind, and bombs."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from films import by_gdcm, dataset, dicom, encoded, jpeg, packed, png, png_chunk, raw_png, saved
from PIL import Image
from pydicom import uid
from pydicom.encaps import get_frame

from cxr.imaging.decode_limits import MAX_BYTES, MAX_COLOUR_PIXELS, MAX_PIXELS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the memory")

MOST = 500  # MB above the idle process
MOST_OF_A_BOMB = 200
SIDE, COLOUR_SIDE = int(MAX_PIXELS**0.5), int(MAX_COLOUR_PIXELS**0.5)


def deep() -> np.ndarray:
    film = np.zeros((SIDE, SIDE), np.uint16)
    film[::64] = 65535
    return film


def tinted(channels: int = 3) -> np.ndarray:
    film = np.zeros((COLOUR_SIDE, COLOUR_SIDE, channels), np.uint8)
    film[::64] = [200, 200, 204, 100][:channels]
    return film


def deep_png(side: int, colour: int, pixel: list[int]) -> bytes:
    """A 16-bit PNG of every 64th row in one colour, the others black and transparent."""
    row = np.tile(np.array(pixel, ">u2"), side).tobytes()
    rows = b"\0" + row + bytes(1 + len(row)) * 63
    return raw_png(side, side // 64 * 64, 16, colour, rows * (side // 64))


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def cmyk() -> bytes:
    image = Image.fromarray(tinted()).convert("CMYK")
    return encoded(image, "JPEG", progressive=True, subsampling=0, exif=turned())


def rle() -> bytes:
    plane = b"".join(_run_lengths(row.tobytes()) for row in (deep() >> 8).astype(np.uint8))
    starts = [64, 64 + len(plane)] + [0] * 13
    return packed(dataset(deep()), struct.pack("<16I", 2, *starts) + plane * 2, uid.RLELossless)


def _run_lengths(row: bytes) -> bytes:
    """A row of one value."""
    whole, rest = divmod(len(row), 128)
    return bytes([129, row[0]]) * whole + (bytes([257 - rest, row[0]]) if rest > 1 else b"")


def jpeg_2000(film: np.ndarray) -> bytes:
    image = Image.fromarray(film)
    frame = encoded(image, "JPEG2000", no_jp2=True, mct=1)
    return packed(dataset(film, PhotometricInterpretation="YBR_RCT"), frame, uid.JPEG2000)


LARGEST: dict[str, Callable[[], bytes]] = {
    "png of 16 bits, turned": lambda: png(deep(), compress_level=1, exif=turned()),
    "png with alpha": lambda: png(tinted(4), compress_level=1),
    "png of 16 bits with alpha": lambda: deep_png(SIDE, 4, [4000, 65535]),
    "png of 16 bits, tinted, with alpha": lambda: deep_png(
        COLOUR_SIDE, 6, [4000, 4000, 4080, 65535]
    ),
    "progressive cmyk jpeg": cmyk,
    "dicom, inverted": lambda: dicom(deep(), PhotometricInterpretation="MONOCHROME1"),
    "dicom, deflated": lambda: saved(dataset(deep()), uid.DeflatedExplicitVRLittleEndian),
    "dicom, luma and chroma": lambda: dicom(
        np.full((COLOUR_SIDE, COLOUR_SIDE, 3), 128, np.uint8), PhotometricInterpretation="YBR_FULL"
    ),
    "dicom, run lengths": rle,
    "dicom, jpeg lossless": lambda: by_gdcm(dicom(deep()), uid.JPEGLosslessSV1),
    "dicom, jpeg 2000 in colour": lambda: jpeg_2000(tinted()),
}


def noise(side: int) -> np.ndarray:
    rows = np.random.default_rng(0).integers(0, 2**16, (64, side), dtype=np.uint16)
    return np.tile(rows, (side // 64, 1))


NOISIEST: dict[str, Callable[[], bytes]] = {
    "dicom, jpeg lossless": lambda: by_gdcm(dicom(noise(SIDE)), uid.JPEGLosslessSV1),
    "dicom, jpeg 2000 in colour": lambda: jpeg_2000(
        np.repeat((noise(COLOUR_SIDE) >> 8).astype(np.uint8)[..., None], 3, 2)
    ),
}
"""What takes most of what is drawn, filled with noise."""


def deflate_bomb() -> bytes:
    small = saved(dataset(np.zeros((64, 64), np.uint8)), uid.DeflatedExplicitVRLittleEndian)
    stop = 144 + struct.unpack_from("<I", small, 140)[0]
    pack = zlib.compressobj(1, zlib.DEFLATED, -15)
    return small[:stop] + pack.compress(bytes(100_000_000)) + pack.flush()


def exif_bomb() -> bytes:
    """Each of its entries asks for the same hundred thousand bytes."""
    entries = b"".join(struct.pack("<HHII", 40000 + i, 1, 120_000, 8) for i in range(8000))
    block = (b"II*\0\x08\0\0\0" + struct.pack("<H", 8000) + entries).ljust(120_016, b"\0")
    return _noted(png_chunk(b"eXIf", block))


def text_bomb() -> bytes:
    """One letter that needs four bytes makes every letter need them."""
    text = zlib.compress(("\U0001f600" + "a" * 1_000_000).encode(), 1)
    return _noted(*(png_chunk(b"iTXt", b"%d\0\1\0\0\0" % i + text) for i in range(63)))


def _noted(*chunks: bytes) -> bytes:
    plain = raw_png(64, 64, 8, 0, bytes(64 * 65))
    return plain[:33] + b"".join(chunks) + plain[33:]


def lying_lossless() -> bytes:
    """A frame of 64 pixels a side that says, like its tags, that it has the most pixels."""
    ds = pydicom.dcmread(io.BytesIO(by_gdcm(dicom(deep()[:64, :64].copy()), uid.JPEGLosslessSV1)))
    frame = bytearray(get_frame(ds.PixelData, 0, number_of_frames=1))
    struct.pack_into(">HH", frame, frame.index(b"\xff\xc3") + 5, SIDE, SIDE)
    ds.Rows = ds.Columns = SIDE
    return packed(ds, bytes(frame), uid.JPEGLosslessSV1)


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "png that lacks its rows": (lambda: raw_png(SIDE, SIDE, 16, 0, bytes(64)), "damaged"),
    "png whose rows go on": (lambda: raw_png(64, 64, 8, 0, bytes(100_000_000)), "read"),
    "png whose profile unfolds": (
        lambda: _noted(png_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(100_000_000), 1))),
        "read",
    ),
    "png whose notes all point at the same bytes": (exif_bomb, "read"),
    "png of texts": (text_bomb, "read"),
    "jpeg of a thousand notes": (
        lambda: jpeg(np.zeros((64, 64), np.uint8)).replace(
            b"\xff\xdb", (b"\xff\xe1\xff\xe2Exif\0\0" + bytes(65498)) * 1200 + b"\xff\xdb", 1
        ),
        "read",
    ),
    "deflated data set of 100 MB": (deflate_bomb, "file_too_large"),
    "dicom of two thousand million frames": (
        lambda: dicom(np.zeros((64, 64), np.uint8), NumberOfFrames=2**31 - 1),
        "multi_frame",
    ),
    "lossless frame that lacks its pixels": (lying_lossless, "damaged"),
    # libjpeg shows grey where a scan ends too early, as every viewer does.
    "jpeg that lacks most of its scan": (
        lambda: jpeg(np.zeros((64, 64), np.uint8)).replace(
            b"\x08\x00\x40\x00\x40", struct.pack(">BHH", 8, SIDE, SIDE)
        ),
        "read",
    ),
}


def measured(folder: Path, files: list[bytes]) -> list[tuple[str, float]]:
    """What became of each file, and the MB that it took at most."""
    paths = [folder / str(number) for number in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.memory", *map(str, paths)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def test_the_largest_film_of_each_kind_takes_less_than_500_mb(tmp_path: Path) -> None:
    files = {name: make() for name, make in LARGEST.items()}
    took = measured(tmp_path, list(files.values()))
    assert [what for what, _ in took] == ["read"] * len(files)
    for (name, data), (_, peak) in zip(files.items(), took, strict=True):
        # What these drawn films lack in bytes, noise or other tags would add.
        assert peak + (MAX_BYTES - len(data)) / 1e6 < MOST, name
        assert peak > MAX_COLOUR_PIXELS / 1e6, name  # or nothing was measured


def test_noise_takes_less_than_500_mb_too(tmp_path: Path) -> None:
    took = measured(tmp_path, [make() for make in NOISIEST.values()])
    for name, (what, peak) in zip(NOISIEST, took, strict=True):
        assert (what, peak < MOST) == ("read", True), (name, what, peak)


def test_bombs_take_less(tmp_path: Path) -> None:
    took = measured(tmp_path, [make() for make, _ in BOMBS.values()])
    for (name, (_, code)), (what, peak) in zip(BOMBS.items(), took, strict=True):
        assert (what, peak < MOST_OF_A_BOMB) == (code, True), (name, what, peak)
