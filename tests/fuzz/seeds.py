"""The undamaged files that altered ones are made from: drawn films of at most 64 pixels a side,
in every format, kind and transfer syntax that is read."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache

import numpy as np
import pydicom
from PIL import Image
from pydicom import uid
from pydicom.encaps import get_frame

from tests.films import (
    by_gdcm,
    dataset,
    deep_png,
    dicom,
    encoded,
    film,
    jpeg,
    lut,
    packed,
    png,
    saved,
)

SIDE = 48


def _film(bits: int = 8) -> np.ndarray:
    return film(SIDE, SIDE - 8, bits)


def _colour() -> np.ndarray:
    return np.repeat(_film()[..., None], 3, axis=2)


def _palette() -> bytes:
    return encoded(Image.fromarray(_film()).convert("P"), "PNG", transparency=3)


def _transparent() -> bytes:
    alpha = np.full_like(_film(), 200)[..., None]
    alpha[:9] = 0
    return png(np.concatenate([_colour(), alpha], axis=2))


def _deep_colour(channels: int, colour: int) -> bytes:
    return deep_png(np.repeat(_film(12)[..., None], channels, axis=2), colour)


def _turned(kind: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(Image.fromarray(_film()), kind, exif=exif)


def _rle(bits: int) -> bytes:
    ds = dataset(_film(bits), bits, WindowCenter=1000, WindowWidth=2000)
    ds.compress(uid.RLELossless, generate_instance_uid=False)
    return saved(ds)


def _recoded(bits: int, syntax: str) -> bytes:
    """As GDCM packs it, without the study's time and numbers that GDCM adds: they are never the
    same."""
    made = pydicom.dcmread(io.BytesIO(by_gdcm(dicom(_film(bits), bits), syntax)))
    frame = get_frame(made.PixelData, 0, number_of_frames=1)
    return packed(dataset(_film(bits), bits), frame, syntax)


def _jpeg_2000() -> bytes:
    lossy = {"no_jp2": True, "irreversible": True, "quality_layers": [8]}
    frame = encoded(Image.fromarray(_film()), "JPEG2000", **lossy)
    return packed(dataset(_film()), frame, uid.JPEG2000)


def _big_endian() -> bytes:
    ds = dataset(_film(12), 12)
    ds.PixelData = _film(12).astype(">u2").tobytes()
    ds.set_original_encoding(False, False)
    ds.file_meta.TransferSyntaxUID = uid.ExplicitVRBigEndian
    return saved(ds)


def _tables() -> bytes:
    modality = lut(np.arange(0, 4096, dtype=np.uint16), 0, 12)
    voi = lut(np.arange(4096, dtype=np.uint16) // 16, 0, 8)
    return dicom(_film(12), 12, ModalityLUTSequence=modality, VOILUTSequence=voi)


def _windowed() -> bytes:
    return dicom(
        _film(12).astype(np.int16) - 2048,
        12,
        WindowCenter=["0", "40"],
        WindowWidth=["4000", "400"],
        RescaleSlope="0.5",
        RescaleIntercept="-1000",
        PixelPaddingValue=-2048,
        PixelSpacing=[0.14, 0.14],
        PatientOrientation=["L", "F"],
        PhotometricInterpretation="MONOCHROME1",
    )


SEEDS: dict[str, Callable[[], bytes]] = {
    "png": lambda: png(_film()),
    "png 16 bits": lambda: png(_film(16)),
    "png colour": lambda: png(_colour()),
    "png palette": _palette,
    "png transparent": _transparent,
    "png 16 bits colour": lambda: _deep_colour(3, 2),
    "png 16 bits transparent": lambda: _deep_colour(2, 4),
    "png turned": lambda: _turned("PNG"),
    "jpeg": lambda: jpeg(_film(), quality=60),
    "jpeg colour": lambda: jpeg(_colour(), quality=60),
    "jpeg progressive": lambda: jpeg(_film(), quality=60, progressive=True),
    "jpeg cmyk": lambda: encoded(Image.fromarray(_colour()).convert("CMYK"), "JPEG", quality=60),
    "jpeg turned": lambda: _turned("JPEG"),
    "dicom explicit": _windowed,
    "dicom implicit": lambda: saved(dataset(_film(12), 12), uid.ImplicitVRLittleEndian),
    "dicom big endian": _big_endian,
    "dicom deflated": lambda: saved(dataset(_film()), uid.DeflatedExplicitVRLittleEndian),
    "dicom tables": _tables,
    "dicom colour": lambda: dicom(_colour(), PhotometricInterpretation="YBR_FULL"),
    "dicom rle": lambda: _rle(8),
    "dicom rle 12 bits": lambda: _rle(12),
    "dicom jpeg": lambda: packed(dataset(_film()), jpeg(_film()), uid.JPEGBaseline8Bit),
    "dicom jpeg extended": lambda: packed(dataset(_film()), jpeg(_film()), uid.JPEGExtended12Bit),
    "dicom jpeg 2000": lambda: _recoded(12, uid.JPEG2000Lossless),
    "dicom jpeg 2000 lossy": _jpeg_2000,
}
"""Name → file, for those that are decoded in the process that reads."""

APART: dict[str, Callable[[], bytes]] = {
    "dicom lossless": lambda: _recoded(12, uid.JPEGLosslessSV1),
    "dicom lossless any predictor": lambda: _recoded(16, uid.JPEGLossless),
    "dicom jpeg-ls": lambda: _recoded(12, uid.JPEGLSLossless),
    "dicom jpeg-ls near": lambda: _recoded(8, uid.JPEGLSNearLossless),
}
"""Those that GDCM decodes in a process of its own: a hundred times slower, hence fewer."""


@cache
def seed_file(name: str) -> bytes:
    """The undamaged file `name`."""
    return (SEEDS | APART)[name]()
