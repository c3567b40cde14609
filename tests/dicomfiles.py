"""What a DICOM file must come out as, and the code that it is refused with."""

from __future__ import annotations

import io

import numpy as np
import pydicom
import pytest
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.pixels import apply_modality_lut, apply_voi_lut

from cxr.errors import NotARadiograph, UnreadableFile
from cxr.imaging.reader import read
from tests.fuzz.alter_dicom import made, put, split, written


def stretched(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """A straight line from 0 at `low` to 255 at `high`, rounded half up."""
    share = (values.astype(float) - low) / (high - low)
    return np.floor(np.clip(share, 0, 1) * 255 + 0.5).astype(np.uint8)


def by_pydicom(data: bytes) -> np.ndarray:
    """pydicom's own chain, on a float film, brought to 8 bits."""
    ds = pydicom.dcmread(io.BytesIO(data))
    meant = apply_modality_lut(ds.pixel_array, ds)
    shown = apply_voi_lut(meant, ds).astype(float)
    bits, signed = ds.BitsStored, ds.PixelRepresentation
    ends = np.array([0.0, 2**bits - 1]) - signed * 2 ** (bits - 1)
    low, high = ends * float(ds.get("RescaleSlope", 1)) + float(ds.get("RescaleIntercept", 0))
    return stretched(shown, low, high)


def refusal(data: bytes) -> str:
    with pytest.raises((UnreadableFile, NotARadiograph)) as caught:
        read(data)
    return caught.value.code


def stating(data: bytes, **values: bytes) -> bytes:
    """The uncompressed file with tags that hold these very bytes, which pydicom would not write."""
    head, elements, encoding = split(data)
    for keyword, value in values.items():
        vr = dictionary_VR(keyword).encode()
        put(elements, made(tag_for_keyword(keyword), vr, value + b" " * (len(value) % 2)))
    return head + b"".join(written(e, encoding) for e in sorted(elements, key=lambda e: e.tag))


def noted(data: bytes) -> str:
    """The one note of a film that is read."""
    (note,) = read(data).notes
    return note
