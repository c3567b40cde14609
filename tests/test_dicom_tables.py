"""DICOM: windows, rescale and tables, and films stored as negatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dicomfiles import by_pydicom, stretched
from films import dataset, dicom, film, lut, saved
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from cxr.imaging.reader import read

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("rescale", [None, (1, 0), (1, -1024), (0.5, 100), (3.7, -5000)])
@pytest.mark.parametrize("signed", [False, True])
def test_window_agrees_with_pydicom(function: str, rescale: Any, signed: bool) -> None:
    pixels = film(bits=12)
    if signed:
        pixels = (pixels.astype(int) - 2048).astype(np.int16)
    slope, intercept = rescale or (1, 0)
    centre = slope * float(pixels.mean()) + intercept
    tags: dict[str, Any] = {"WindowCenter": round(centre, 3), "WindowWidth": round(slope * 1500, 3)}
    if rescale:
        tags |= {"RescaleSlope": slope, "RescaleIntercept": intercept}
    data = dicom(pixels, 12, VOILUTFunction=function, **tags)
    radiograph = read(data)
    assert np.array_equal(radiograph.pixels, film(bits=12))
    off = np.abs(radiograph.eight_bit.astype(int) - by_pydicom(data))
    assert off.max() <= 1  # a tie may fall to either side
    assert (off > 0).mean() < 0.01


def test_window_is_given_in_units_of_pixels() -> None:
    pixels = (film(bits=12).astype(int) - 2048).astype(np.int16)
    radiograph = read(
        dicom(pixels, 12, WindowCenter=1000.5, WindowWidth=2001, RescaleSlope=2, RescaleIntercept=0)
    )
    # From 0 to 2,000 in the file's units: stored 0 to 1,000, and stored −2,048 is pixel 0.
    assert radiograph.window == (2548.0, 1000.0)
    assert np.array_equal(radiograph.eight_bit, stretched(film(bits=12), 2048, 3048))
    assert np.array_equal(radiograph.voi, stretched(np.arange(4096), 2048, 3048))


def test_falling_rescale_turns_the_film_and_its_window() -> None:
    data = dicom(
        film(bits=12),
        12,
        RescaleSlope=-1,
        RescaleIntercept=4095,
        WindowCenter=1000.5,
        WindowWidth=2001,
    )
    radiograph = read(data)
    assert np.array_equal(radiograph.pixels, 4095 - film(bits=12))
    assert np.array_equal(radiograph.eight_bit, stretched(4095 - film(bits=12), 0, 2000))


def test_first_of_several_windows_is_used() -> None:
    radiograph = read(
        dicom(film(bits=12), 12, WindowCenter=["1000.5", "2000"], WindowWidth=["1001", "9"])
    )
    assert radiograph.window == (1000.0, 1000.0)
    assert "The first of the file's 2 windows is used." in radiograph.notes


def test_eight_bit_film_without_window_is_shown_as_it_is() -> None:
    radiograph = read(dicom(film()[10:] // 2))
    assert radiograph.window is radiograph.voi is None
    assert np.array_equal(radiograph.eight_bit, film()[10:] // 2)


def test_deep_film_without_window_is_shown_from_darkest_to_lightest() -> None:
    pixels = film(bits=12) // 4 + 1000
    radiograph = read(dicom(pixels, 16))
    assert radiograph.window == ((1000 + 2023) / 2, 1023.0)
    assert np.array_equal(radiograph.eight_bit, stretched(pixels, 1000, 2023))


@pytest.mark.parametrize("padding", [0, 65535])
def test_padding_does_not_widen_the_range(padding: int) -> None:
    pixels = film(bits=12) // 4 + 1000
    pixels[:, -9:] = padding
    radiograph = read(dicom(pixels, 16, PixelPaddingValue=padding))
    assert np.array_equal(radiograph.eight_bit, stretched(pixels, 1000, 2023))


def test_padding_range_and_signed_padding() -> None:
    pixels = (film(bits=12).astype(int) // 4).astype(np.int16)
    pixels[:, -9:], pixels[:, -12:-9] = -2000, -1990
    ds = dataset(pixels, 16, PixelPaddingValue=-2000, PixelPaddingRangeLimit=-1900)
    for syntax in (uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian):
        assert np.array_equal(read(saved(ds, syntax)).eight_bit, stretched(pixels, 0, 1023))


@pytest.mark.parametrize("width", ["0", "1", "-5"])
def test_window_without_width_is_unknown(width: str) -> None:
    radiograph = read(dicom(film(bits=12), 12, WindowCenter="0", WindowWidth=width))
    assert np.array_equal(radiograph.eight_bit, stretched(film(bits=12), 0, 4095))
    assert radiograph.notes == (
        "The file's window has no width; the film is shown from darkest to lightest.",
    )


def test_window_that_hides_the_film_is_not_used() -> None:
    radiograph = read(dicom(film(bits=12), 12, WindowCenter=20000, WindowWidth=100))
    assert np.array_equal(radiograph.eight_bit, stretched(film(bits=12), 0, 4095))
    assert any("blank" in note for note in radiograph.notes)


def test_rescale_slope_of_0_is_unknown() -> None:
    radiograph = read(dicom(film(bits=12), 12, RescaleSlope=0, RescaleIntercept=0))
    assert np.array_equal(radiograph.pixels, film(bits=12))
    assert any("slope" in note for note in radiograph.notes)


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian])
def test_modality_lut(syntax: str) -> None:
    table = (np.arange(1000) ** 2 // 16).astype(np.uint16)
    ds = dataset(film(bits=12), 12, ModalityLUTSequence=lut(table, 500, 16))
    radiograph = read(saved(ds, syntax))
    expected = table[np.clip(film(bits=12).astype(int) - 500, 0, 999)]
    assert np.array_equal(radiograph.pixels, expected)
    assert radiograph.bits == 16
    low, high = int(expected.min()), int(expected.max())
    assert np.array_equal(radiograph.eight_bit, stretched(expected, low, high))


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian])
@pytest.mark.parametrize("depth", [8, 10, 12, 16])
def test_voi_lut_comes_before_the_window(syntax: str, depth: int) -> None:
    table = np.round((np.arange(3000) / 2999) ** 0.5 * (2**depth - 1)).astype(np.uint16)
    tags = {"VOILUTSequence": lut(table, 700, depth), "WindowCenter": 1, "WindowWidth": 2}
    radiograph = read(saved(dataset(film(bits=12), 12, **tags), syntax))
    mapped = table[np.clip(film(bits=12).astype(int) - 700, 0, 2999)]
    assert np.array_equal(radiograph.pixels, film(bits=12))
    assert np.array_equal(radiograph.eight_bit, stretched(mapped, 0, 2**depth - 1))
    assert radiograph.window is None


def test_voi_lut_is_entered_after_the_rescale() -> None:
    pixels = film(bits=12)
    table = np.arange(4096, dtype=np.uint16)[::-1]
    sequence = lut(table, -1024, 12)
    radiograph = read(
        dicom(pixels, 12, VOILUTSequence=sequence, RescaleSlope=1, RescaleIntercept=-1024)
    )
    assert np.array_equal(radiograph.eight_bit, stretched(4095 - pixels, 0, 4095))


def test_first_value_of_a_lut_written_unsigned_may_be_negative() -> None:
    table = np.arange(4096, dtype=np.uint16)[::-1]
    sequence = lut(table, 2**16 - 2048, 12)
    signed = (film(bits=12).astype(int) - 2048).astype(np.int16)
    data = dicom(signed, 12, VOILUTSequence=sequence)
    assert np.array_equal(read(data).eight_bit, stretched(4095 - film(bits=12), 0, 4095))


def test_lut_stored_as_big_endian_words() -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [4096, 0, 12])
    item.add_new("LUTData", "OW", np.arange(4095, -1, -1, dtype=">u2").tobytes())
    ds = dataset(film(bits=12), 12, VOILUTSequence=Sequence([item]))
    ds.PixelData = film(bits=12).astype(">u2").tobytes()
    shown = read(saved(ds, uid.ExplicitVRBigEndian)).eight_bit
    assert np.array_equal(shown, stretched(4095 - film(bits=12), 0, 4095))


def test_presentation_table_is_noted_and_not_applied() -> None:
    table = np.arange(255, -1, -1, dtype=np.uint16)
    radiograph = read(dicom(film(), PresentationLUTSequence=lut(table, 0, 8)))
    assert np.array_equal(radiograph.eight_bit, film())
    assert radiograph.notes == ("The file's presentation table is not applied.",)


def table_of(entries: np.ndarray, first: int, depth: int) -> Sequence:
    """A LUT sequence of one item, entries as they are in memory."""
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries) % 2**16, first, depth])
    item.add_new("LUTData", "OW", entries.tobytes())
    return Sequence([item])


@pytest.mark.parametrize(("depth", "kind"), [(8, "u1"), (8, "<u2"), (12, "<u2"), (16, "u1")])
def test_lut_stored_as_bytes(depth: int, kind: str) -> None:
    table = table_of(np.arange(255, -1, -1).astype(kind), 0, depth)
    radiograph = read(dicom(film(), VOILUTSequence=table))
    assert np.array_equal(radiograph.eight_bit, 255 - film())


FILLS_LESS = "The file's table fills less than it states; shown by the range it fills."


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize(
    ("depth", "least", "most"),
    [(16, 0, 4095), (16, 0, 255), (12, 0, 1000), (16, 100, 3000), (14, 5, 6), (99, 0, 4095)],
)
def test_voi_lut_that_fills_less_than_it_states(
    syntax: str, photometric: str, depth: int, least: int, most: int
) -> None:
    table = np.round(least + (most - least) * np.linspace(0, 1, 2065) ** 2).astype(np.uint16)
    stored = film(bits=12)
    tags = {"VOILUTSequence": lut(table, 736, depth), "PhotometricInterpretation": photometric}
    radiograph = read(saved(dataset(stored, 12, **tags), syntax))
    mapped = table[np.clip(stored.astype(int) - 736, 0, 2064)]
    shown = stretched(mapped, least, most)
    negative = photometric == "MONOCHROME1"
    assert np.array_equal(radiograph.eight_bit, 255 - shown if negative else shown)
    assert FILLS_LESS in radiograph.notes


def test_voi_lut_that_fills_more_than_it_states_is_shown_by_its_bits() -> None:
    table = np.arange(4096, dtype=np.uint16)
    radiograph = read(dicom(film(bits=12), 12, VOILUTSequence=lut(table, 0, 8)))
    assert np.array_equal(radiograph.eight_bit, stretched(film(bits=12), 0, 4095))
    assert radiograph.notes == ()


def test_voi_lut_of_one_value_shows_the_film_all_the_same() -> None:
    table = np.full(4096, 7, dtype=np.uint16)
    radiograph = read(dicom(film(bits=12), 12, VOILUTSequence=lut(table, 0, 16)))
    assert np.array_equal(radiograph.eight_bit, stretched(film(bits=12), 0, 4095))
    assert any("blank" in note for note in radiograph.notes)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize(("depth", "most", "bits"), [(16, 4095, 12), (16, 15, 8), (8, 15, 8)])
def test_modality_lut_that_fills_less_than_it_states(
    photometric: str, depth: int, most: int, bits: int
) -> None:
    table = np.round(np.linspace(0, most, 4096)).astype(np.uint16)
    tags = {"ModalityLUTSequence": lut(table, 0, depth), "PhotometricInterpretation": photometric}
    radiograph = read(dicom(film(bits=12), 12, **tags))
    meant = table[film(bits=12)].astype(int)
    negative = photometric == "MONOCHROME1"
    assert radiograph.bits == bits
    assert np.array_equal(radiograph.pixels, 2**bits - 1 - meant if negative else meant)
    shown = stretched(meant, 0, most)
    assert np.array_equal(radiograph.eight_bit, 255 - shown if negative else shown)


def test_monochrome1_is_inverted_once_with_its_window() -> None:
    stored = 4095 - film(bits=12)
    tags = {"PhotometricInterpretation": "MONOCHROME1", "WindowCenter": 1500.5, "WindowWidth": 2001}
    plain = read(dicom(stored, 12, **tags))
    both = read(dicom(stored, 12, PresentationLUTShape="INVERSE", **tags))
    for radiograph in (plain, both):
        assert np.array_equal(radiograph.pixels, film(bits=12))
        assert radiograph.window == (4095 - 1500, 2000)
        shown = 255 - stretched(stored, 500, 2500)
        assert np.array_equal(radiograph.eight_bit, shown)
        assert np.array_equal(radiograph.voi[radiograph.pixels], shown)


def test_monochrome1_is_inverted_about_the_range_of_its_voi_lut() -> None:
    table = np.round(np.arange(4096) / 16).clip(0, 255).astype(np.uint16)
    radiograph = read(
        dicom(
            4095 - film(bits=12),
            12,
            PhotometricInterpretation="MONOCHROME1",
            VOILUTSequence=lut(table, 0, 8),
        )
    )
    assert np.array_equal(radiograph.eight_bit, 255 - table[4095 - film(bits=12)])


@pytest.mark.parametrize(("shape", "inverted"), [("IDENTITY", False), ("INVERSE", True)])
def test_presentation_shape(shape: str, inverted: bool) -> None:
    radiograph = read(dicom(film(), PresentationLUTShape=shape))
    assert np.array_equal(radiograph.eight_bit, 255 - film() if inverted else film())


def test_monochrome1_of_8_bits_without_window() -> None:
    radiograph = read(dicom(255 - film(), PhotometricInterpretation="MONOCHROME1"))
    assert np.array_equal(radiograph.pixels, film())
    assert np.array_equal(radiograph.eight_bit, film())
    assert radiograph.voi is None
