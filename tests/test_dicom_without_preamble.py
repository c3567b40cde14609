"""DICOM data sets that stand alone, without preamble and mark; and what is none."""

from __future__ import annotations

import struct
from random import Random

import numpy as np
import pytest
from dicomfiles import refusal
from films import by_gdcm, dataset, dicom, film, jpeg, packed, png, saved
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from cxr.imaging.dicom.without_preamble import start_of_data_set
from cxr.imaging.reader import read

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")

FILM = film(bits=12)
ORDERS = [uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian]
FIRST: dict[str, dict[str, object]] = {
    "SOPClassUID": {},
    "SpecificCharacterSet": {"SpecificCharacterSet": "ISO_IR 100"},
    "ImageType": {"ImageType": ["ORIGINAL", "PRIMARY"]},
    "PatientName": {"SOPClassUID": None, "SOPInstanceUID": None, "Modality": None},
    "BodyPartExamined": {
        "SOPClassUID": None,
        "SOPInstanceUID": None,
        "Modality": None,
        "PatientName": None,
    },
}


def film_of(syntax: str, **tags: object) -> bytes:
    ds = dataset(FILM, 12, **tags)
    ds.file_meta.MediaStorageSOPClassUID = uid.ComputedRadiographyImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    if syntax == uid.ExplicitVRBigEndian:
        ds.PixelData = FILM.astype(">u2").tobytes()
    return saved(ds, syntax)


def alone(data: bytes) -> bytes:
    """The data set of a file, without preamble, mark and meta information."""
    return data[144 + struct.unpack_from("<I", data, 140)[0] :]


@pytest.mark.parametrize("syntax", ORDERS)
@pytest.mark.parametrize("first", FIRST)
@pytest.mark.parametrize("before", [b"", b"DICM", bytes(128)], ids=["", "mark", "empty preamble"])
def test_a_data_set_alone_is_read(syntax: str, first: str, before: bytes) -> None:
    whole = film_of(syntax, **FIRST[first])
    radiograph, usual = read(before + alone(whole)), read(whole)
    assert np.array_equal(radiograph.pixels, FILM)
    assert (radiograph.view, radiograph.notes) == (usual.view, usual.notes)


@pytest.mark.parametrize("syntax", [*ORDERS, uid.DeflatedExplicitVRLittleEndian])
@pytest.mark.parametrize("cut", [128, 132], ids=["mark", "meta information"])
def test_a_file_without_its_preamble_is_read(syntax: str, cut: int) -> None:
    assert np.array_equal(read(film_of(syntax)[cut:]).pixels, FILM)


@pytest.mark.parametrize(("number", "vr", "value"), [
    (0x00080000, "UL", 300), (0x00080001, "UL", 12345), (0x00080010, "SH", "ACR-NEMA 2.0"),
])  # fmt: skip
@pytest.mark.parametrize("syntax", ORDERS[:2])
def test_older_data_sets(number: int, vr: str, value: object, syntax: str) -> None:
    ds = dataset(FILM, 12)
    ds.add_new(number, vr, value)
    if number & 0xFFFF == 0:  # pydicom writes no group lengths
        head = struct.pack("<HHI" if syntax == ORDERS[0] else "<HH2sH", 8, 0, *(
            (4,) if syntax == ORDERS[0] else (b"UL", 4)))  # fmt: skip
        data = head + struct.pack("<I", value) + alone(saved(dataset(FILM, 12), syntax))
    else:
        data = alone(saved(ds, syntax))
    assert np.array_equal(read(data).pixels, FILM)


def test_a_sequence_among_the_first_elements() -> None:
    item = Dataset()
    item.CodeMeaning = "x" * 40
    for known in (True, False):
        ds = dataset(FILM, 12, ProcedureCodeSequence=Sequence([item]))
        ds["ProcedureCodeSequence"].is_undefined_length = not known
        for syntax in ORDERS[:2]:
            assert np.array_equal(read(alone(saved(ds, syntax))).pixels, FILM)


@pytest.mark.parametrize(
    "syntax", [uid.JPEGLossless, uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.JPEG2000Lossless]
)
def test_how_pixels_are_packed_is_seen_from_them(syntax: str) -> None:
    assert np.array_equal(read(alone(by_gdcm(dicom(FILM, 12), syntax))).pixels, FILM)


def test_run_lengths_and_jpeg_are_seen_too() -> None:
    ds = dataset(FILM, 12)
    ds.compress(uid.RLELossless, generate_instance_uid=False)
    assert np.array_equal(read(alone(saved(ds))).pixels, FILM)
    data = packed(dataset(film()), jpeg(film()), uid.JPEGBaseline8Bit)
    assert np.array_equal(read(alone(data)).pixels, read(jpeg(film())).pixels)


def test_tags_refuse_as_ever() -> None:
    assert refusal(alone(dicom(film(), Modality="CT"))) == "not_radiography"
    assert refusal(alone(dicom(film(), PixelData=None))) == "no_pixel_data"
    assert refusal(alone(dicom(film()))[:-99]) in {"damaged", "no_pixel_data"}


OTHERS = {
    "text": b"patient,film\n1,2\n" * 200,
    "pdf": b"%PDF-1.7\n" + bytes(500),
    "program": b"\x7fELF\x02\x01\x01" + bytes(500),
    "windows program": b"MZ\x90\0" + bytes(500),
    "zip": b"PK\x03\x04" + bytes(500),
    "zeros": bytes(5000),
    "page": b"<html><body>x</body></html>",
    "rising numbers": struct.pack("<500H", *range(8, 508)),
    "one group 8 number": b"\x08\0" + bytes(500),
    "one element": alone(dicom(film()))[:36],
    "falling tags": alone(dicom(film()))[36:72] + alone(dicom(film())),
    "a length beyond the end": struct.pack("<HHI", 8, 5, 10**6) + bytes(500),
    "an unknown kind": b"\x08\0\x05\0ZZ\x04\0abcd" * 40,
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_bytes_are_no_data_set(name: str) -> None:
    assert start_of_data_set(OTHERS[name]) is None
    assert refusal(OTHERS[name]) in {"not_an_image", "unsupported_format"}


@pytest.mark.parametrize("start", [b"\x02\0", b"\x08\0", b"\x10\0", b"\0\x08", b"DICM\x08\0"])
def test_noise_is_no_data_set(start: bytes) -> None:
    rng = Random(0)
    assert not any(start_of_data_set(start + rng.randbytes(300)) for _ in range(2000))


def test_films_that_begin_otherwise_are_not_taken_for_data_sets() -> None:
    for data in (png(film()), jpeg(film()), dicom(film())):
        assert start_of_data_set(data) is None
