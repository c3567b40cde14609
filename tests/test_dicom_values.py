"""DICOM: numbers as programs of all countries write them, and what is stated but cannot be read."""

from __future__ import annotations

import numpy as np
import pytest
from dicomfiles import stating, stretched
from films import dataset, dicom, film, lut, saved
from pydicom import uid

from cxr.imaging.dicom.film import data_set
from cxr.imaging.dicom.values import numbers
from cxr.imaging.reader import read
from tests.fuzz.alter_dicom import made, put, split, written

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")

READ = {
    b"1024.5": [1024.5],
    b"1024,5": [1024.5],
    b" 1024,5 ": [1024.5],
    b"0,143\\0,143": [0.143, 0.143],
    b"0,143\\0.143": [0.143, 0.143],
    b"-100,5": [-100.5],
    b",5": [0.5],
    b".5": [0.5],
    b"5.": [5],
    b"+1,5E2": [150],
    b"1,5e-1": [0.15],
    b"2048,000": [2048],
    b"1,000000": [1],
    b"0,000": [0],
    b"0.0058,0.0019": [0.0058, 0.0019],
    b"[0.143, 0.143]": [0.143, 0.143],
    b"[01843, 01843]": [1843, 1843],
    b"(40,5; 400,25)": [40.5, 400.25],
    b"'0.143'": [0.143],
    b"40,5\\400,0": [40.5, 400],
    b"40\\": [40],
    b"": [],
    b"  ": [],
    b"\\": [],
    b"\0\0": [],
}
UNREADABLE = [
    b"UNKNOWN",
    b"NaN",
    b"inf",
    b"-INF",
    b"1e999",
    b"1,024",  # a thousand, or a little more than one
    b"1,024.5",
    b"1.024,5",
    b"1,2,3",
    b"1 024",
    b"0.14 mm",
    b"0.14mm",
    b"1\\abc",
    b"\\400",
    b"12:30",
    b"0x10",
    b"1_000",
    b"\xff\xfe",
    "１２".encode(),
    b"--1",
    b",",
    b".",
    b"e5",
]


def held(value: bytes, syntax: str = uid.ExplicitVRLittleEndian) -> bytes:
    return stating(saved(dataset(film(bits=12), 12), syntax), WindowCenter=value)


def parsed(data: bytes) -> list[float] | None:
    return numbers(data_set(data)[0], "WindowCenter")


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian])
@pytest.mark.parametrize("value", READ)
def test_numbers_as_they_are_written(value: bytes, syntax: str) -> None:
    assert parsed(held(value, syntax)) == READ[value]


@pytest.mark.parametrize("value", UNREADABLE)
def test_what_is_no_number_is_told_apart_from_none(value: bytes) -> None:
    assert parsed(held(value)) is None


@pytest.mark.parametrize("vr", [b"LO", b"UN", b"SH", b"IS"])
def test_numbers_in_tags_of_another_kind(vr: bytes) -> None:
    head, elements, encoding = split(dicom(film(bits=12), 12))
    put(elements, made(0x00281050, vr, b"1024,5"))
    assert parsed(head + b"".join(written(e, encoding) for e in elements)) == [1024.5]


def test_a_window_with_commas_is_the_window() -> None:
    data = stating(dicom(film(bits=12), 12), WindowCenter=b"1000,5", WindowWidth=b"2001,0")
    radiograph = read(data)
    assert (radiograph.window, radiograph.notes) == ((1000.0, 2000.0), ())
    assert np.array_equal(radiograph.eight_bit, stretched(film(bits=12), 0, 2000))


def test_a_rescale_with_commas_is_the_rescale() -> None:
    window = {"WindowCenter": b"150,5", "WindowWidth": b"501"}  # from -100 to 400
    rescale = {"RescaleSlope": b"0,25", "RescaleIntercept": b"-100,0"}
    radiograph = read(stating(dicom(film(bits=12), 12), **window, **rescale))
    assert np.array_equal(radiograph.eight_bit, stretched(film(bits=12), 0, 2000))
    assert radiograph.notes == ()


@pytest.mark.parametrize("tag", ["RescaleSlope", "RescaleIntercept"])
@pytest.mark.parametrize("value", [b"1,000", b"abc", b"NaN"])
def test_an_unreadable_rescale_is_never_taken_for_1(tag: str, value: bytes) -> None:
    """What a window or a table means is then not known."""
    window = {"WindowCenter": b"100", "WindowWidth": b"50", tag: value}
    table = dicom(film(bits=12), 12, VOILUTSequence=lut(np.arange(4096), 0, 12))
    for data in (stating(dicom(film(bits=12), 12), **window), stating(table, **{tag: value})):
        radiograph = read(data)
        assert radiograph.notes == (
            "The file's rescale slope or intercept cannot be read, so no window is used; the film "
            "is shown from darkest to lightest.",
        )
        assert np.array_equal(radiograph.pixels, film(bits=12))
        assert np.array_equal(radiograph.eight_bit, stretched(film(bits=12), 0, 4095))


@pytest.mark.parametrize(
    ("window", "why"),
    [
        ({"WindowCenter": b"abc", "WindowWidth": b"100"}, "The file's window cannot be read"),
        ({"WindowCenter": b"100", "WindowWidth": b"NaN"}, "The file's window cannot be read"),
        ({"WindowWidth": b"1,024"}, "The file's window cannot be read"),
        ({"WindowCenter": b"100"}, "The file states half a window"),
        ({"WindowCenter": b" ", "WindowWidth": b"100"}, "The file states half a window"),
        ({"WindowCenter": b" ", "WindowWidth": b""}, "The file has no window"),
    ],
)
def test_a_window_that_cannot_be_read_is_not_called_absent(
    window: dict[str, bytes], why: str
) -> None:
    deep = read(stating(dicom(film(bits=12), 12), **window))
    assert deep.notes == (f"{why}; the film is shown from darkest to lightest.",)
    assert np.array_equal(deep.eight_bit, stretched(film(bits=12), 0, 4095))
    flat = read(stating(dicom(film()), **window))
    absent = why == "The file has no window"
    assert flat.notes == (() if absent else (f"{why}; the film is shown as it is stored.",))
    assert np.array_equal(flat.eight_bit, film())


@pytest.mark.parametrize(
    ("tags", "spacing", "notes"),
    [
        ({"PixelSpacing": b"0,143\\0,143"}, (0.143, 0.143), ()),
        ({"PixelSpacing": b"0.143,0.143"}, (0.143, 0.143), ()),
        (
            {"PixelSpacing": b"0.14 mm"},
            None,
            ("The file's pixel spacing cannot be read; taken for unknown.",),
        ),
        (
            {"PixelSpacing": b"0.14"},
            None,
            ("The file's pixel spacing cannot be read; taken for unknown.",),
        ),
        (
            {"PixelSpacing": b"?", "ImagerPixelSpacing": b"0,2\\0,2"},
            (0.2, 0.2),
            (
                "The file's pixel spacing cannot be read; taken for unknown.",
                "Pixel size is that of the detector; the patient's is smaller.",
            ),
        ),
        (
            {"ImagerPixelSpacing": b"x"},
            None,
            ("The file's pixel spacing at the detector cannot be read; taken for unknown.",),
        ),
        ({"PixelSpacing": b"", "ImagerPixelSpacing": b" "}, None, ()),
        (
            {"PixelAspectRatio": b"x\\y"},
            None,
            ("The file's pixel aspect ratio cannot be read; taken for square.",),
        ),
        ({"PixelAspectRatio": b"1,0\\1,0"}, None, ()),
        (
            {"NumberOfFrames": b"one"},
            None,
            ("The file's number of images cannot be read; taken for one.",),
        ),
        ({"NumberOfFrames": b"1,0"}, None, ()),
        ({"NumberOfFrames": b""}, None, ()),
    ],
)
def test_other_numbers(
    tags: dict[str, bytes], spacing: tuple[float, float] | None, notes: tuple[str, ...]
) -> None:
    for syntax in (uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian):
        radiograph = read(stating(saved(dataset(film()), syntax), **tags))
        assert (radiograph.spacing_mm, radiograph.notes) == (spacing, notes)
        assert np.array_equal(radiograph.pixels, film())
