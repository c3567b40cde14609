"""DICOM: exact pixels for every transfer syntax and depth, and what is refused for its pixels."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from dicomfiles import refusal, stretched
from films import by_gdcm, dataset, dicom, encoded, film, jpeg, packed, saved
from PIL import Image
from pydicom import uid

from cxr.imaging.reader import read

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")


BY_GDCM = {
    "JPEG Lossless, any predictor": uid.JPEGLossless,
    "JPEG Lossless, first predictor": uid.JPEGLosslessSV1,
    "JPEG-LS": uid.JPEGLSLossless,
    "JPEG 2000": uid.JPEG2000Lossless,
}


@pytest.mark.parametrize(
    "syntax",
    [uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.DeflatedExplicitVRLittleEndian],
)
@pytest.mark.parametrize("bits", [8, 10, 12, 15, 16])
def test_uncompressed_and_deflated(syntax: str, bits: int) -> None:
    radiograph = read(saved(dataset(film(bits=bits), bits), syntax))
    assert np.array_equal(radiograph.pixels, film(bits=bits))
    assert radiograph.pixels.dtype == (np.uint8 if bits == 8 else np.uint16)
    assert (radiograph.bits, radiograph.format, radiograph.view) == (bits, "DICOM", "PA")
    assert np.array_equal(radiograph.eight_bit, stretched(film(bits=bits), 0, 2**bits - 1))


def test_big_endian() -> None:
    ds = dataset(film(bits=12), 12)
    ds.PixelData = film(bits=12).astype(">u2").tobytes()
    radiograph = read(saved(ds, uid.ExplicitVRBigEndian))
    assert np.array_equal(radiograph.pixels, film(bits=12))
    assert radiograph.pixels.dtype.isnative


@pytest.mark.parametrize("bits", [8, 12])
def test_rle(bits: int) -> None:
    ds = dataset(film(bits=bits), bits)
    ds.compress(uid.RLELossless, generate_instance_uid=False)
    assert np.array_equal(read(saved(ds)).pixels, film(bits=bits))


@pytest.mark.parametrize("syntax", BY_GDCM.values(), ids=BY_GDCM.keys())
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_lossless_codecs_return_every_pixel(syntax: str, bits: int) -> None:
    data = by_gdcm(dicom(film(bits=bits), bits), syntax)
    assert pydicom.dcmread(io.BytesIO(data)).file_meta.TransferSyntaxUID == syntax
    assert np.array_equal(read(data).pixels, film(bits=bits))


@pytest.mark.parametrize("syntax", BY_GDCM.values(), ids=BY_GDCM.keys())
def test_lossless_codecs_keep_signed_pixels(syntax: str) -> None:
    signed = (film(bits=12).astype(int) - 2048).astype(np.int16)
    assert np.array_equal(read(by_gdcm(dicom(signed, 12), syntax)).pixels, film(bits=12))


def test_jpeg_2000_encoded_by_another_encoder() -> None:
    frame = encoded(Image.fromarray(film(bits=16)), "JPEG2000", no_jp2=True)
    data = packed(dataset(film(bits=16)), frame, uid.JPEG2000Lossless)
    assert np.array_equal(read(data).pixels, film(bits=16))


def test_jpeg_baseline() -> None:
    frame = jpeg(film())
    data = packed(dataset(film()), frame, uid.JPEGBaseline8Bit)
    assert np.array_equal(read(data).pixels, np.asarray(Image.open(io.BytesIO(frame))))


def test_jpeg_ls_marked_near_lossless_is_decoded() -> None:
    data = bytearray(by_gdcm(dicom(film(), 8), uid.JPEGLSLossless))
    before, after = uid.JPEGLSLossless.encode(), uid.JPEGLSNearLossless.encode()
    assert np.array_equal(read(bytes(data).replace(before, after)).pixels, film())


@pytest.mark.parametrize(
    "syntax",
    [uid.MPEG2MPML, uid.HEVCMP51, uid.JPIPHTJ2KReferenced, uid.HTJ2KLossless],
)
def test_other_transfer_syntaxes_are_refused(syntax: str) -> None:
    assert refusal(packed(dataset(film()), b"\0" * 64, syntax)) == "unsupported_transfer_syntax"


def test_private_transfer_syntax_is_refused() -> None:
    data = packed(dataset(film()), b"\0" * 64, uid.MPEG2MPML)
    private = data.replace(uid.MPEG2MPML.encode(), b"1.2.826.0.1.3680043.8.4"[: len(uid.MPEG2MPML)])
    assert private != data
    assert refusal(private) == "unsupported_transfer_syntax"


def test_missing_transfer_syntax_is_seen_from_the_bytes() -> None:
    data = dicom(film(bits=12), 12)
    element = b"\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\0"
    assert element in data
    assert np.array_equal(read(data.replace(element, b"")).pixels, film(bits=12))


def test_bits_above_those_stored_are_masked() -> None:
    pixels = film(bits=12) | np.uint16(0x8000)
    assert np.array_equal(read(dicom(pixels, 12)).pixels, film(bits=12))


def test_left_justified_pixels_are_moved_down() -> None:
    assert np.array_equal(read(dicom(film(bits=12) << 4, 12, HighBit=15)).pixels, film(bits=12))


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_grey_film_stored_in_colour(photometric: str) -> None:
    pixels = np.repeat(film()[..., None], 3, axis=2)
    if photometric == "YBR_FULL":
        pixels[..., 1:] = 128
    tags = {"PhotometricInterpretation": photometric, "WindowCenter": 10, "WindowWidth": 5}
    radiograph = read(dicom(pixels, **tags))
    assert np.array_equal(radiograph.eight_bit, film())


def test_colour_dicom_is_refused() -> None:
    y, x = np.mgrid[0:200:64j, 0:200:64j]
    assert refusal(dicom(np.stack([x, y, x * y / 200], axis=2).astype(np.uint8))) == (
        "colour_photograph"
    )


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({"Rows": 0}, "unknown_size"),
        ({"Columns": None}, "unknown_size"),
        ({"Rows": 16, "Columns": 480}, "too_small"),
        ({"Rows": 60000, "Columns": 60000}, "too_large"),
        ({"NumberOfFrames": 2}, "multi_frame"),
        ({"PixelData": None}, "no_pixel_data"),
        ({"PixelData": b""}, "no_pixel_data"),
        ({"BitsAllocated": None, "BitsStored": None}, "unsupported_pixels"),
        ({"BitsAllocated": 32, "BitsStored": 32}, "unsupported_pixels"),
        ({"BitsAllocated": 1, "BitsStored": 1}, "unsupported_pixels"),
        ({"BitsStored": 7}, "unsupported_pixels"),
        ({"BitsStored": 17}, "unsupported_pixels"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "unsupported_pixels"),
        ({"SamplesPerPixel": 3}, "unsupported_pixels"),
        ({"SamplesPerPixel": 4, "PhotometricInterpretation": "RGB"}, "unsupported_pixels"),
        ({"PixelData": None, "FloatPixelData": b"\0" * 30720}, "unsupported_pixels"),
        ({"HighBit": 3}, "damaged"),
    ],
)
def test_pixels_that_are_not_read(tags: dict[str, Any], code: str) -> None:
    assert refusal(dicom(film(), **tags)) == code


@pytest.mark.skipif("CXR_DATA" not in os.environ, reason="CXR_DATA is not set")
def test_real_files() -> None:
    data = Path(os.environ["CXR_DATA"])
    codes = {
        "dicom/nih_udacity_test5.dcm": "not_radiography",
        "dicom/pydicom_chrJapMulti.dcm": "no_pixel_data",
        "not_chest/CT_small.dcm": "not_radiography",
        "not_chest/RG3_J2KI.dcm": "not_chest",
    }
    for name, code in codes.items():
        assert refusal((data / name).read_bytes()) == code
    for name in ("nih_udacity_test1", "rsna_mono2_jpegbaseline"):
        path = data / "dicom" / f"{name}.dcm"
        assert np.array_equal(read(path).eight_bit, pydicom.dcmread(path).pixel_array)
    path = data / "dicom" / "wg04_RG1_UNCI.dcm"
    negative, stored = read(path), pydicom.dcmread(path).pixel_array
    assert negative.bits == 15
    assert negative.spacing_mm is None  # the file says 0 by 0
    assert np.array_equal(negative.pixels, 32767 - stored)
    assert np.array_equal(negative.eight_bit, 255 - stretched(stored, 0, 29999))
