"""Good files of every kind, and files that were made to hurt whoever reads them."""

from __future__ import annotations

import functools
import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import numpy as np
import pydicom
from films import by_gdcm, dataset, dicom, film, jpeg, packed, png, png_chunk, raw_png, saved
from PIL import Image
from pydicom import uid
from pydicom.encaps import get_frame


def rle() -> bytes:
    ds = dataset(film(bits=12), 12)
    ds.compress(uid.RLELossless, generate_instance_uid=False)
    return saved(ds)


GOOD: dict[str, Callable[[], bytes]] = {
    "png": lambda: png(film()),
    "png16": lambda: png(film(bits=16)),
    "png_rgb": lambda: png(np.repeat(film()[..., None], 3, axis=2)),
    "jpeg": lambda: jpeg(film()),
    "progressive": lambda: jpeg(film(), progressive=True),
    "dicom": lambda: dicom(film(bits=12), 12, WindowCenter=2000, WindowWidth=4000),
    "implicit": lambda: saved(dataset(film(bits=12), 12), uid.ImplicitVRLittleEndian),
    "deflated": lambda: saved(dataset(film()), uid.DeflatedExplicitVRLittleEndian),
    "rle": rle,
    "baseline": lambda: packed(dataset(film()), jpeg(film()), uid.JPEGBaseline8Bit),
    "lossless": lambda: by_gdcm(dicom(film(bits=12), 12), uid.JPEGLosslessSV1),
    "jpeg_ls": lambda: by_gdcm(dicom(film(bits=12), 12), uid.JPEGLSLossless),
    "jpeg_2000": lambda: by_gdcm(dicom(film(bits=12), 12), uid.JPEG2000Lossless),
}
GOOD = {name: functools.cache(make) for name, make in GOOD.items()}


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("film.png", png(film()))
    return out.getvalue()


def other_format(kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(film()).save(out, kind)
    return out.getvalue()


def png_of_size(width: int, height: int) -> bytes:
    return raw_png(width, height, 8, 0, b"\0" * 64)


def jpeg_of_size(width: int, height: int) -> bytes:
    data = bytearray(jpeg(film()))
    struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, height, width)
    return bytes(data)


def with_frame(alter: Callable[[bytearray], None], kind: str) -> bytes:
    """The good DICOM file `kind` with its compressed frame altered."""
    ds = pydicom.dcmread(io.BytesIO(GOOD[kind]()))
    frame = bytearray(get_frame(ds.PixelData, 0, number_of_frames=1))
    alter(frame)
    return packed(ds, bytes(frame), ds.file_meta.TransferSyntaxUID)


def grown_jpeg_2000(frame: bytearray) -> None:
    struct.pack_into(">II", frame, 8, 60_000, 60_000)


def grown_lossless(frame: bytearray) -> None:
    struct.pack_into(">HH", frame, frame.index(b"\xff\xc3") + 5, 60_000, 60_000)


def lost_huffman_table(frame: bytearray) -> None:
    frame[frame.index(b"\xff\xc4")] = 0x39  # on this, GDCM aborts its process


def run_length_bomb(frame: bytearray) -> None:
    start = struct.unpack_from("<I", frame, 4)[0]
    frame[start:] = b"\x81\xff" * 50_000  # each pair unfolds to 128 bytes


def no_ops(frame: bytearray) -> None:
    frame[64:] = b"\x80" * 10_000


def nested(depth: int) -> bytes:
    """A DICOM file with undefined-length sequences in one another."""
    head = dicom(film(), PixelData=None)
    opened = struct.pack("<HH2sHI", 0x0028, 0x3010, b"SQ", 0, 0xFFFFFFFF)
    opened += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    return head + opened * depth


def other_kinds() -> bytes:
    """Tags that pydicom converts when they are set, and refuses with errors of its own."""
    ds = dataset(film(), BitsStored=None, PixelRepresentation=None, SamplesPerPixel=None)
    ds.add_new("BitsStored", "UI", "")
    ds.add_new("PixelRepresentation", "TM", "")
    ds.add_new("SamplesPerPixel", "DA", "")
    ds.add_new("PhotometricInterpretation", "DS", "")
    return saved(ds)


def element(group: int, number: int, vr: bytes, length: int, value: bytes) -> bytes:
    return struct.pack("<HH2sHI", group, number, vr, 0, length) + value


def preamble(start: bytes) -> bytes:
    return start.ljust(128, b"\0") + dicom(film())[128:]


def deflate_bomb() -> bytes:
    data = GOOD["deflated"]()
    body = data.index(b"1.2.840.10008.1.2.1.99") + 22
    meta_length = struct.unpack_from("<I", data, 140)[0]
    assert body <= 144 + meta_length
    pack = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = b"".join(pack.compress(bytes(1 << 20)) for _ in range(81)) + pack.flush()
    return data[: 144 + meta_length] + bomb


def two_frame_headers() -> bytes:
    small, large = jpeg_of_size(80, 96), jpeg_of_size(9_000, 9_000)
    at = small.index(b"\xff\xc0")
    return small[:at] + large[at : at + 13] + small[at:]


def two_png_headers() -> bytes:
    large = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 10_000, 6_000, 8, 0, 0, 0, 0))
    return png(film())[:33] + large + png(film())[33:]


def many_scans() -> bytes:
    data = jpeg(film())
    scan = data.index(b"\xff\xda")
    return data[:scan] + data[scan : scan + 10] * 300 + data[scan:]
