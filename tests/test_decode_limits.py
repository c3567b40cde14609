"""Malformed and malicious files: each ends in a coded refusal or a valid film, never otherwise."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pydicom
import pytest
from films import dataset, dicom, film, jpeg, packed, png, png_chunk, raw_png, saved
from hostilefiles import (
    GOOD,
    deflate_bomb,
    element,
    grown_jpeg_2000,
    grown_lossless,
    jpeg_of_size,
    lost_huffman_table,
    many_scans,
    nested,
    no_ops,
    other_format,
    other_kinds,
    png_of_size,
    preamble,
    run_length_bomb,
    two_frame_headers,
    two_png_headers,
    with_frame,
    zipped,
)
from pydicom import uid
from pydicom.encaps import encapsulate, get_frame

from cxr.imaging.decode_limits import Frame, jpeg_frame
from cxr.imaging.reader import read
from tests.fuzz.promises import broken_by_film
from tests.fuzz.worker import outcome

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")


def verdict(data: bytes) -> str:
    """The refusal's code, or "read"; any other exception or a broken promise fails the test."""
    what, broken = outcome(data)
    assert not broken
    return what


@pytest.mark.parametrize("kind", GOOD)
def test_the_undamaged_files_are_read(kind: str) -> None:
    assert verdict(GOOD[kind]()) == "read"


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("kind", GOOD)
def test_truncated_files_are_refused(kind: str, share: float) -> None:
    data = GOOD[kind]()
    code = verdict(data[: int(len(data) * share)])
    assert code in {"damaged", "no_pixel_data", "not_an_image", "unknown_size"}


@pytest.mark.parametrize("kind", GOOD)
def test_a_file_repeated_inside_itself_is_still_one_film(kind: str) -> None:
    data = GOOD[kind]()
    assert verdict(data + data) in {"read", "damaged", "multi_frame"}


# --- files that are made, one by one ---


MADE: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "empty"),
    "one byte": (lambda: b"\x89", "not_an_image"),
    "zeros": (lambda: bytes(1000), "not_an_image"),
    "text": (lambda: b"patient,film\n1,2\n" * 20, "not_an_image"),
    "web page": (lambda: b"\n <!DOCTYPE html><html></html>", "unsupported_format"),
    "pdf": (lambda: b"%PDF-1.7\n" + png(film()), "unsupported_format"),
    "zip": (zipped, "unsupported_format"),
    "gzip": (lambda: b"\x1f\x8b\x08" + bytes(50), "unsupported_format"),
    "gif": (lambda: other_format("GIF"), "unsupported_format"),
    "tiff": (lambda: other_format("TIFF"), "unsupported_format"),
    "bmp": (lambda: other_format("BMP"), "unsupported_format"),
    "webp": (lambda: other_format("WEBP"), "unsupported_format"),
    "jpeg 2000 alone": (lambda: other_format("JPEG2000"), "unsupported_format"),
    "heic": (lambda: b"\0\0\0\x18ftypheic" + bytes(40), "unsupported_format"),
    "no preamble": (lambda: dicom(film())[132:], "read"),
    "png signature": (lambda: png(film())[:8], "damaged"),
    "png of 60 MP": (lambda: png_of_size(10_000, 6_000), "too_large"),
    "png of 2**31 a side": (lambda: png_of_size(2**31 - 1, 2**31 - 1), "too_large"),
    "png of two sizes": (two_png_headers, "too_large"),
    "png of no size": (lambda: png_of_size(0, 100), "unknown_size"),
    "png of 31 pixels": (lambda: png(film()[:31]), "too_small"),
    "png of one pixel": (lambda: png(film()[:1, :1]), "too_small"),
    "png with missing rows": (lambda: png_of_size(100, 100), "damaged"),
    "png without data": (
        lambda: png(film())[:33] + png_chunk(b"IEND", b""),
        "damaged",
    ),
    "png of another depth": (lambda: raw_png(64, 64, 3, 0, bytes(4160)), "damaged"),
    "png of another colour type": (lambda: raw_png(64, 64, 8, 5, bytes(4160)), "damaged"),
    "palette png without palette": (lambda: raw_png(64, 64, 8, 3, bytes(4160)), "damaged"),
    "png whose text unfolds to 100 MB": (
        lambda: (
            png(film())[:33]
            + png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(100_000_000)))
            + png(film())[33:]
        ),
        "read",
    ),
    "png with a wrong checksum": (
        lambda: png(film())[:29] + b"\0\0\0\0" + png(film())[33:],
        "damaged",
    ),
    "png and zip in one": (lambda: png(film()) + zipped(), "read"),
    "jpeg signature": (lambda: b"\xff\xd8\xff", "damaged"),
    "jpeg of 60 MP": (lambda: jpeg_of_size(10_000, 6_000), "too_large"),
    "jpeg of 65,535 a side": (lambda: jpeg_of_size(65_535, 65_535), "too_large"),
    "jpeg of no height": (lambda: jpeg_of_size(80, 0), "unknown_size"),
    "jpeg without scan": (
        lambda: jpeg(film())[: jpeg(film()).index(b"\xff\xda")] + b"\xff\xd9" + bytes(20),
        "damaged",
    ),
    "jpeg of fill bytes": (lambda: b"\xff\xd8" + b"\xff" * 1_000_000, "damaged"),
    "jpeg with two frame headers": (two_frame_headers, "damaged"),
    "jpeg of 300 scans": (many_scans, "damaged"),
    "jpeg and page in one": (lambda: jpeg(film()) + b"<html><script>", "read"),
    "jpeg that says DICM": (
        lambda: b"\xff\xd8\xff\xfe\x00\xc8" + bytes(122) + b"DICM" + bytes(72) + jpeg(film())[2:],
        "no_pixel_data",
    ),
    "dicom preamble alone": (lambda: dicom(film())[:132], "no_pixel_data"),
    "dicom and program in one": (lambda: preamble(b"MZ\x90\0"), "read"),
    "dicom and png in one": (lambda: preamble(png(film())[:100]), "read"),
    "dicom and page in one": (lambda: preamble(b"<html><script>"), "read"),
    "dicom of 3,600 MP": (lambda: dicom(film(), Rows=60_000, Columns=60_000), "too_large"),
    "dicom of more rows than pixels": (lambda: dicom(film(), Rows=4000), "damaged"),
    "dicom of two sizes": (lambda: dicom(film(), PixelSpacing=[0.1, 0.1, 0.1]), "read"),
    "dicom nested 5,000 deep": (lambda: nested(5_000), "damaged"),
    "dicom nested without end": (lambda: nested(3), "damaged"),
    "dicom whose table is missing": (
        lambda: dicom(film(), VOILUTSequence=[pydicom.Dataset()]),
        "read",
    ),
    "dicom with a length of 4 GB": (
        lambda: (
            dicom(film(), PixelData=None)
            + element(0x7FE0, 0x10, b"OW", 0xFFFFFFF0, film()[1:].tobytes())
        ),
        "damaged",
    ),
    "dicom with half its pixels": (
        lambda: dicom(film(), PixelData=film()[:48].tobytes()),
        "damaged",
    ),
    "deflate bomb": (deflate_bomb, "file_too_large"),
    "deflated garbage": (lambda: GOOD["deflated"]()[:400] + b"\xff" * 500, "damaged"),
    "run-length bomb": (lambda: with_frame(run_length_bomb, "rle"), "damaged"),
    "run lengths of nothing": (lambda: with_frame(no_ops, "rle"), "damaged"),
    "jpeg 2000 of 3,600 MP in small dicom": (
        lambda: with_frame(grown_jpeg_2000, "jpeg_2000"),
        "damaged",
    ),
    "lossless of 3,600 MP in small dicom": (
        lambda: with_frame(grown_lossless, "lossless"),
        "damaged",
    ),
    "png of 1 × 100,000": (lambda: raw_png(1, 100_000, 8, 0, bytes(200_000)), "too_small"),
    "png of 100,000 × 1": (lambda: raw_png(100_000, 1, 8, 0, bytes(100_001)), "too_small"),
    "png of 40 × 100,000": (lambda: raw_png(100_000, 40, 8, 0, bytes(40 * 100_001)), "read"),
    "jpeg of 1 × 65,535": (lambda: jpeg(np.zeros((1, 65_500), np.uint8)), "too_small"),
    "dicom of one pixel": (lambda: dicom(film()[:1, :1].copy()), "too_small"),
    "dicom of 1 × 65,535": (lambda: dicom(np.zeros((1, 65_535), np.uint8)), "too_small"),
    "dicom of two thousand million frames": (
        lambda: dicom(film(), NumberOfFrames=2**31 - 1),
        "multi_frame",
    ),
    "png of two thousand million frames": (
        lambda: (
            png(film())[:33]
            + png_chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))
            + png(film())[33:]
        ),
        "multi_frame",
    ),
    "dicom of pixels that are no numbers": (
        lambda: dicom(film(), PixelData=None, FloatPixelData=b"\xff" * 4 * film().size),
        "unsupported_pixels",
    ),
    "dicom with 20,000 tables": (
        lambda: dicom(film(), VOILUTSequence=[pydicom.Dataset()] * 20_000),
        "read",
    ),
    "dicom whose tags are of other kinds": (other_kinds, "read"),
    "run lengths that go on behind the film": (
        lambda: with_frame(lambda frame: frame.extend(b"\x80" * 2_000_000), "rle"),
        "damaged",
    ),
    "lossless without table": (lambda: with_frame(lost_huffman_table, "lossless"), "damaged"),
    "encapsulated nothing": (
        lambda: packed(dataset(film()), b"\0\0", uid.JPEGBaseline8Bit),
        "damaged",
    ),
    "uncompressed said to be jpeg": (
        lambda: dicom(film()).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0"),
        "damaged",
    ),
    "jpeg of another size than its dicom": (
        lambda: packed(dataset(film()), jpeg(film(80, 96)), uid.JPEGBaseline8Bit),
        "damaged",
    ),
    "colour jpeg in grey dicom": (
        lambda: packed(dataset(film()), jpeg(film()[..., None].repeat(3, 2)), uid.JPEGBaseline8Bit),
        "damaged",
    ),
    "12-bit extended jpeg": (
        lambda: packed(
            dataset(film(bits=12), 12),
            jpeg(film()).replace(b"\xff\xc0\x00\x0b\x08", b"\xff\xc1\x00\x0b\x0c"),
            uid.JPEGExtended12Bit,
        ),
        "unsupported_pixels",
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_made_files(name: str) -> None:
    make, code = MADE[name]
    assert verdict(make()) == code


@pytest.mark.parametrize(
    "tags",
    [
        {"WindowCenter": "1e300", "WindowWidth": "1e300"},
        {"WindowCenter": "0", "WindowWidth": "1e-300"},
        {"WindowCenter": ["2000", "2", "3"], "WindowWidth": "4000"},
        {"WindowCenter": "", "WindowWidth": ""},
        {
            "RescaleSlope": "1e-300",
            "RescaleIntercept": "1e300",
            "WindowCenter": 1,
            "WindowWidth": 9,
        },
        {"RescaleSlope": "-1e300", "RescaleIntercept": "0", "WindowCenter": 1, "WindowWidth": 9},
        {"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 65535},
        {"PatientOrientation": ["", "F", "H"]},
        {"PixelAspectRatio": [0, 0]},
        {"VOILUTFunction": "CUBIC", "WindowCenter": 2000, "WindowWidth": 4000},
    ],
)
def test_absurd_values_still_give_the_film(tags: dict[str, Any]) -> None:
    radiograph = read(dicom(film(bits=12), 12, **tags))
    assert broken_by_film(radiograph) is None
    assert len(np.unique(radiograph.eight_bit)) > 10


@pytest.mark.parametrize("value", [b"nan ", b"inf ", b"abc ", b"1\\x ", b"\xff\xfe\xfd "])
@pytest.mark.parametrize("old", [b"WIND", b"SPAC"])
def test_text_where_numbers_belong_is_unknown(old: bytes, value: bytes) -> None:
    data = dicom(
        film(bits=12), 12, WindowCenter="7777", WindowWidth="7777", PixelSpacing=[0.1, 0.1]
    )
    target = b"7777" if old == b"WIND" else b"0.1\\0.1 "
    assert target in data
    assert verdict(data.replace(target, value.ljust(len(target)))) in {"read", "damaged"}


def test_constant_film_is_read() -> None:
    for pixels in (np.zeros((64, 64), np.uint16), np.full((64, 64), 999, np.uint16)):
        for data in (dicom(pixels, 12), png(pixels), dicom(pixels, 12, PixelPaddingValue=999)):
            assert verdict(data) == "read"


@pytest.mark.parametrize("implicit", [True, False])
def test_files_of_endless_small_elements_are_refused(
    monkeypatch: pytest.MonkeyPatch, implicit: bool
) -> None:
    monkeypatch.setattr("cxr.imaging.decode_limits._MAX_READS", 2_000)
    tiny = struct.pack("<HHI", 0x0009, 0x1010, 0)
    if not implicit:
        tiny = struct.pack("<HH2sH", 0x0009, 0x1010, b"LO", 0)
    syntax = uid.ImplicitVRLittleEndian if implicit else uid.ExplicitVRLittleEndian
    data = saved(dataset(film(), PixelData=None), syntax)
    assert verdict(data + tiny * 100) == "no_pixel_data"
    assert verdict(data + tiny * 3_000) == "damaged"


def test_png_of_endless_small_chunks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cxr.imaging.decode_limits._MAX_READS", 2_000)
    monkeypatch.setattr("cxr.imaging.metadata_strip._MAX_CHUNKS", 5_000)
    data = png(film())
    for kind, some, many in ((b"teSt", 4_000, 6_000), (b"tRNS", 100, 3_000)):
        assert verdict(data[:33] + png_chunk(kind, b"\0\0") * some + data[33:]) == "read"
        assert verdict(data[:33] + png_chunk(kind, b"\0\0") * many + data[33:]) == "damaged"


def test_frame_header_must_be_the_only_one_before_few_scans() -> None:
    assert jpeg_frame(jpeg(film())) == Frame(96, 80, 1, 8, 0xC0)
    assert jpeg_frame(two_frame_headers()) is None
    assert jpeg_frame(many_scans()) is None


def test_frame_in_endless_fragments_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ds = pydicom.dcmread(io.BytesIO(GOOD["baseline"]()))
    frame = get_frame(ds.PixelData, 0, number_of_frames=1)
    ds.PixelData = encapsulate([frame], fragments_per_frame=20, has_bot=False)
    assert verdict(saved(ds)) == "read"
    monkeypatch.setattr("cxr.imaging.dicom.pixels._MAX_FRAGMENTS", 15)
    assert verdict(saved(ds)) == "damaged"


def test_overlong_value_of_a_read_tag_is_refused() -> None:
    data = dicom(film(), ImageComments="x")
    long = struct.pack("<HH2sHI", 0x0028, 0x3010, b"SQ", 0, 2_000_000) + bytes(2_000_000)
    at = data.index(b"\xe0\x7f\x10\x00")
    assert verdict(data[:at] + long + data[at:]) == "damaged"
