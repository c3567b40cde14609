"""Stored values of a DICOM film, whatever the transfer syntax."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import convert_color_space

from ...errors import UnreadableFile
from ..decode_limits import (
    Frame,
    check_run_lengths,
    check_size,
    damaged,
    decoding,
    jpeg2000_frame,
    jpeg_frame,
)
from ..metadata_strip import strip_jpeg
from ..raster import grey
from ..read_anyway import Doubts
from .values import number, numbers, text

_NATIVE = {
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.DeflatedExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
}
_BY_PILLOW = {uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEG2000Lossless, uid.JPEG2000}
_BY_OPENJPEG = {uid.JPEG2000Lossless, uid.JPEG2000}
"""Where the frame's samples are what the tags say; Pillow has the others, and those in colour."""
_BY_GDCM = {
    uid.JPEGLossless,
    uid.JPEGLosslessSV1,
    uid.JPEGLSLossless,
    uid.JPEGLSNearLossless,
}
_JPEG = b"\xff\xd8"
_BY_PROCESS = {
    0xC1: uid.JPEGExtended12Bit,
    0xC3: uid.JPEGLossless,
    0xF7: uid.JPEGLSLossless,
}
_GREY = {(1, "MONOCHROME1"), (1, "MONOCHROME2")}
_COLOUR = {(3, name) for name in ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")}
_AS_STORED: dict[str, Any] = {"raw": True, "correct_unused_bits": False}
_GDCM_SECONDS = 60
THREADS = min(4, os.cpu_count() or 1)
_ITEM = b"\xfe\xff\x00\xe0"
_MAX_FRAGMENTS = 100_000
_MAX_SPARE = 1 << 20  # bytes, for headers and profiles
_LUMA_AND_CHROMA = ("YBR_FULL", "YBR_FULL_422")
_BAND = 64  # rows


def stored_values(
    ds: Dataset, syntax: str, notes: list[str], doubts: Doubts
) -> tuple[NDArray[Any], int, bool]:
    """Decode a single-frame film; `notes` and `doubts` grow.

    Returns
    -------
    stored : uint8 or uint16 (H, W)
        0 = the lowest value that can be stored, so signed films are moved up.
    bits : int
        8 to 16.
    signed : bool

    Raises
    ------
    UnreadableFile, NotARadiograph
    """
    bits, signed, colour = _check_header(ds, notes)
    if syntax not in _NATIVE | _BY_PILLOW | _BY_GDCM | {uid.RLELossless}:
        raise UnreadableFile(
            "unsupported_transfer_syntax",
            f"The pixels are packed in a way that is not read ({_name(syntax)}). Export the film "
            "uncompressed, or as JPEG 2000, JPEG-LS, JPEG Lossless or RLE.",
        )
    samples = _decode(ds, syntax, colour)
    if colour:
        return grey(Image.fromarray(samples), notes, doubts), 8, False
    stored = samples.view(f"u{samples.dtype.itemsize}")
    if bits > 8:
        stored = stored.astype(np.uint16, copy=False)
    shift = number(ds, "HighBit", bits - 1) + 1 - bits
    if not 0 <= shift <= stored.dtype.itemsize * 8 - bits:
        raise damaged()
    stored >>= shift
    stored &= 2**bits - 1  # old files keep overlays in the bits above
    if signed:
        stored ^= 2 ** (bits - 1)
    return stored.astype(np.uint8 if bits == 8 else np.uint16, copy=False), bits, signed


def packed_syntax(pieces: bytes) -> str:
    """The transfer syntax of a packed frame, by its first bytes."""
    packed = get_frame(pieces, 0, number_of_frames=1)
    if packed[:2] != _JPEG:
        return uid.JPEG2000 if jpeg2000_frame(packed) else uid.RLELossless
    frame = jpeg_frame(packed)
    return _BY_PROCESS.get(frame.process if frame else -1, uid.JPEGBaseline8Bit)


def _check_header(ds: Dataset, notes: list[str]) -> tuple[int, bool, bool]:
    """Refuse, before anything is decoded, what is no single grey frame of 8 to 16 bits.

    Missing tags get their defaults in `ds`, because decoders ask for them.

    Returns
    -------
    bits, whether signed, whether in colour
    """
    if "FloatPixelData" in ds or "DoubleFloatPixelData" in ds:
        raise _unsupported_pixels()
    with decoding():
        empty = not ds.get("PixelData")
    if empty:
        raise UnreadableFile(
            "no_pixel_data",
            "The DICOM file holds no image, or ends before it. Export the film itself.",
        )
    if (frames := numbers(ds, "NumberOfFrames")) is None:
        notes.append("The file's number of images cannot be read; taken for one.")
    if frames and frames[0] > 1:
        raise UnreadableFile(
            "multi_frame", "The file holds several images. Export the one film on its own."
        )
    allocated = number(ds, "BitsAllocated")
    bits = number(ds, "BitsStored", allocated)
    samples = number(ds, "SamplesPerPixel", 1)
    photometric = text(ds, "PhotometricInterpretation") or "MONOCHROME2"
    kind = (samples, photometric)
    colour = kind in _COLOUR
    check_size(number(ds, "Rows"), number(ds, "Columns"), colour)
    if not (kind in _GREY and allocated in (8, 16)) and not (colour and allocated == 8):
        raise _unsupported_pixels()
    if not 8 <= bits <= allocated:
        raise _unsupported_pixels()
    signed = number(ds, "PixelRepresentation") == 1
    # Added anew, because a tag that the file has may be of another kind.
    ds.add_new("NumberOfFrames", "IS", 1)
    ds.add_new("SamplesPerPixel", "US", samples)
    ds.add_new("PhotometricInterpretation", "CS", photometric)
    ds.add_new("BitsStored", "US", bits)
    ds.add_new("PixelRepresentation", "US", int(signed))
    return bits, signed, colour


def _decode(ds: Dataset, syntax: str, colour: bool) -> NDArray[Any]:
    """Samples as the file has them, integers (H, W) in machine order, or uint8 RGB (H, W, 3)."""
    rows, columns = number(ds, "Rows"), number(ds, "Columns")
    components = 3 if colour else 1
    if syntax not in _NATIVE:
        planes = components * number(ds, "BitsAllocated") // 8
        with decoding():
            packed = _frame(ds.PixelData, rows * columns * planes)
        if syntax == uid.RLELossless:
            check_run_lengths(packed, planes, rows * columns)
        else:
            frame = (jpeg2000_frame if packed[:2] != _JPEG else jpeg_frame)(packed)
            shape = (rows, columns, components)
            if frame is None or (frame.height, frame.width, frame.components) != shape:
                raise damaged()
            if syntax == uid.JPEGExtended12Bit and frame.precision != 8:
                raise _unsupported_pixels()
            if syntax in _BY_GDCM:
                del ds.PixelData  # the largest part, and no longer needed
                return _by_gdcm(packed, syntax, frame)
            if syntax in _BY_OPENJPEG and not colour and _as_announced(ds, frame):
                del ds.PixelData
                with decoding():  # OpenJPEG as in Pillow, but not on one thread alone
                    samples = imagecodecs.jpeg2k_decode(packed, numthreads=THREADS)
                if samples.shape != (rows, columns):  # a palette makes colours of grey
                    raise damaged()
                return samples
            if packed[:2] == _JPEG:
                ds.PixelData = encapsulate([strip_jpeg(packed).data])
    plugin = "pillow" if syntax in _BY_PILLOW else ""
    with decoding():
        decoder = get_decoder(uid.UID(syntax))
        samples, made = decoder.as_array(ds, index=0, decoding_plugin=plugin, **_AS_STORED)
        if colour and made["photometric_interpretation"] in _LUMA_AND_CHROMA:
            for at in range(0, rows, _BAND):  # in floating point, four times the film's size
                band = samples[at : at + _BAND]
                band[:] = convert_color_space(band, "YBR_FULL", "RGB")
        return samples.astype(samples.dtype.newbyteorder("="), copy=False)


def _as_announced(ds: Dataset, frame: Frame) -> bool:
    """Whether a JPEG 2000 frame has samples of the width that the tags say, and none is signed."""
    if frame.signed or number(ds, "PixelRepresentation") or frame.precision > 16:
        return False
    return number(ds, "BitsAllocated") == (8 if frame.precision <= 8 else 16)


def _frame(pieces: bytes, unpacked: int) -> bytes:
    """The packed frame in its fragments. No codec makes films much longer than they are, and what
    a decoder does with such a frame takes several times its memory."""
    if pieces.count(_ITEM) > _MAX_FRAGMENTS or len(pieces) > 1.1 * unpacked + _MAX_SPARE:
        raise damaged()
    return get_frame(pieces, 0, number_of_frames=1)


def _by_gdcm(packed: bytes, syntax: str, frame: Frame) -> NDArray[Any]:
    """Decode a grey frame in another process, which may crash."""
    if frame.components != 1 or not 2 <= frame.precision <= 16:
        raise _unsupported_pixels()
    asked = {
        "syntax": str(syntax),
        "rows": frame.height,
        "columns": frame.width,
        "precision": frame.precision,
    }
    script = str(Path(__file__).with_name("gdcm_process.py"))
    samples = np.empty((frame.height, frame.width), "u1" if frame.precision <= 8 else "<u2")
    with subprocess.Popen(
        [sys.executable, "-I", script, json.dumps(asked)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin
        assert process.stdout
        watchdog = threading.Timer(_GDCM_SECONDS, process.kill)
        watchdog.start()
        try:
            # One after the other, since it reads all before it writes; straight into the film,
            # since `communicate` would hold it three times.
            with suppress(BrokenPipeError):
                process.stdin.write(packed)
            with suppress(BrokenPipeError):
                process.stdin.close()
            length = process.stdout.readinto(samples.data.cast("B"))  # type: ignore[attr-defined]
            complete = length == samples.nbytes and not process.stdout.read(1)
            process.stdout.close()
            process.wait()
        finally:
            watchdog.cancel()
    if process.returncode or not complete:
        raise damaged()
    return samples.astype(samples.dtype.newbyteorder("="), copy=False)


def _unsupported_pixels() -> UnreadableFile:
    return UnreadableFile(
        "unsupported_pixels",
        "The pixels are of a kind that is not read. Export the film as grey with 8 to 16 bits.",
    )


def _name(syntax: str) -> str:
    name = uid.UID(syntax).name
    return "unknown to DICOM" if name == syntax else name
