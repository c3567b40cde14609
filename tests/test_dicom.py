"""Films stored as DICOM: exact pixels for every transfer syntax and table, and what tags refuse."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from films import by_gdcm, dataset, dicom, encoded, film, jpeg, lut, packed, saved
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence

from cxr.errors import NotARadiograph, UnreadableFile
from cxr.radiograph import read

# pydicom warns where a test writes a value that the standard does not allow.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")

BY_GDCM = {
    "JPEG Lossless, any predictor": uid.JPEGLossless,
    "JPEG Lossless, first predictor": uid.JPEGLosslessSV1,
    "JPEG-LS": uid.JPEGLSLossless,
    "JPEG 2000": uid.JPEG2000Lossless,
}


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


# --- transfer syntaxes ---


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


# --- modality LUT, VOI LUT, window, inversion ---


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
    assert "The file's window has no width; taken for unknown." in radiograph.notes


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


@pytest.mark.parametrize(("depth", "kind"), [(8, "u1"), (8, "<u2"), (12, "<u2")])
def test_lut_stored_as_bytes(depth: int, kind: str) -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [256, 0, depth])
    item.add_new("LUTData", "OW", np.arange(255, -1, -1, dtype=kind).tobytes())
    radiograph = read(dicom(film(), VOILUTSequence=Sequence([item])))
    assert np.array_equal(radiograph.eight_bit, stretched(255 - film(), 0, 2**depth - 1))


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


# --- pixels ---


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


# --- what the tags say ---


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({"Modality": "CT"}, "not_radiography"),
        ({"Modality": "MG"}, "not_radiography"),
        ({"Modality": "RF"}, "not_radiography"),
        ({"Modality": "PX"}, "not_radiography"),
        ({"BodyPartExamined": "KNEE"}, "not_chest"),
        ({"BodyPartExamined": "EXTREMITY"}, "not_chest"),
        ({"BodyPartExamined": "ABDOMEN"}, "not_chest"),
        ({"ViewPosition": "LL"}, "not_frontal"),
        ({"ViewPosition": "RL"}, "not_frontal"),
        ({"ViewPosition": "LATERAL"}, "not_frontal"),
        ({"ViewPosition": "LLO"}, "not_frontal"),
        ({"ViewPosition": "RLD"}, "not_frontal"),
        ({"ViewPosition": "LAT ERECT"}, "not_frontal"),
        ({"ViewPosition": "", "SeriesDescription": "Chest Lat."}, "not_frontal"),
    ],
)
def test_tags_that_refuse(tags: dict[str, str], code: str) -> None:
    assert refusal(dicom(film(), **tags)) == code


@pytest.mark.parametrize(
    "part", ["CHEST", "chest", "THORAX", "Tórax", "LUNG", "CHEST_PA", "PORT CHEST"]
)
def test_words_for_the_chest(part: str) -> None:
    assert read(dicom(film(), BodyPartExamined=part, SpecificCharacterSet="ISO_IR 100")).notes == ()


@pytest.mark.parametrize(
    ("stated", "view"),
    [("PA", "PA"), ("AP", "AP"), ("AP SUPINE", "AP"), ("pa", "PA"), ("ANTERO-POSTERIOR", "AP")],
)
def test_frontal_views(stated: str, view: str) -> None:
    assert read(dicom(film(), ViewPosition=stated)).view == view


@pytest.mark.parametrize("modality", [None, "", "RG", "OT"])
def test_missing_or_vague_modality_is_noted(modality: str | None) -> None:
    (note,) = read(dicom(film(), Modality=modality)).notes
    assert "taken for a radiograph" in note


@pytest.mark.parametrize("absent", [None, ""])
def test_missing_body_part_and_view_are_noted(absent: str | None) -> None:
    radiograph = read(dicom(film(), BodyPartExamined=absent, ViewPosition=absent))
    assert radiograph.view is None
    assert len(radiograph.notes) == 2


def test_series_description_never_overrules_the_view() -> None:
    assert read(dicom(film(), SeriesDescription="Chest PA and LAT")).view == "PA"
    assert read(dicom(film(), ViewPosition=None, SeriesDescription="PA and LAT")).view is None


def test_coded_region_and_view_count_where_words_are_missing() -> None:
    def code(meaning: str) -> Sequence:
        item = Dataset()
        item.CodeMeaning = meaning
        return Sequence([item])

    absent = {"BodyPartExamined": None, "ViewPosition": None}
    frontal = {
        "AnatomicRegionSequence": code("Chest"),
        "ViewCodeSequence": code("postero-anterior"),
    }
    radiograph = read(dicom(film(), **absent, **frontal))
    assert (radiograph.view, radiograph.notes) == ("PA", ())
    assert refusal(dicom(film(), **absent, ViewCodeSequence=code("left lateral"))) == "not_frontal"
    assert refusal(dicom(film(), **absent, AnatomicRegionSequence=code("Hand"))) == "not_chest"


def test_missing_photometric_interpretation_is_noted() -> None:
    radiograph = read(dicom(film(), PhotometricInterpretation=None))
    assert np.array_equal(radiograph.pixels, film())
    assert any("which end is white" in note for note in radiograph.notes)


@pytest.mark.parametrize(
    ("tags", "spacing", "noted"),
    [
        ({}, None, 0),
        ({"PixelSpacing": [0.15, 0.2]}, (0.15, 0.2), 0),
        ({"ImagerPixelSpacing": [0.2, 0.2]}, (0.2, 0.2), 1),
        ({"PixelSpacing": [0.1, 0.1], "ImagerPixelSpacing": [0.2, 0.2]}, (0.1, 0.1), 0),
        ({"PixelSpacing": [0, 0], "ImagerPixelSpacing": [0.2, 0.2]}, (0.2, 0.2), 1),
        ({"PixelSpacing": [0, 0]}, None, 0),
    ],
)
def test_spacing(tags: dict[str, Any], spacing: tuple[float, float] | None, noted: int) -> None:
    radiograph = read(dicom(film(), **tags))
    assert radiograph.spacing_mm == spacing
    assert len(radiograph.notes) == noted


def test_mirrored_film_is_noted_and_not_turned() -> None:
    radiograph = read(dicom(film(), PatientOrientation=["R", "F"]))
    assert radiograph.orientation == ("R", "F")
    assert any("mirrored" in note for note in radiograph.notes)
    assert np.array_equal(radiograph.pixels, film())
    assert read(dicom(film(), PatientOrientation=["L", "F"])).notes == ()


def test_raw_detector_data_and_burnt_in_text_are_noted() -> None:
    tags = {"PresentationIntentType": "FOR PROCESSING", "BurnedInAnnotation": "YES"}
    assert len(read(dicom(film(), **tags)).notes) == 2


def test_refusal_quotes_no_more_than_a_plain_code() -> None:
    with pytest.raises(NotARadiograph) as caught:
        read(dicom(film(), Modality="<B>DOE^JANE"))
    assert "(modality ?B?DOE?JANE)" in caught.value.message


# --- real films ---


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
