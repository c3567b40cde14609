"""A decoder is shown the film, and nothing that rides on it."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from films import film, jpeg, png, png_chunk
from PIL import Image

from cxr.errors import UnreadableFile
from cxr.imaging.metadata_strip import strip_jpeg, strip_png
from cxr.imaging.reader import read

NOTES = (
    png_chunk(b"iTXt", b"a\0\x01\0\0\0" + zlib.compress(b"b" * 1000)),
    png_chunk(b"zTXt", b"a\0\0" + zlib.compress(b"b" * 1000)),
    png_chunk(b"iCCP", b"a\0\0" + zlib.compress(b"b" * 1000)),
    png_chunk(b"eXIf", b"II*\0" + bytes(60)),
)


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def orientation(order: str, value: int) -> bytes:
    """An Exif block that holds one tag, behind another."""
    entries = struct.pack(f"{order}HHIHH", 0x0100, 3, 1, 7, 0)
    entries += struct.pack(f"{order}HHIHH", 0x0112, 3, 1, value, 0)
    head = b"II*\0" if order == "<" else b"MM\0*"
    return head + struct.pack(f"{order}IH", 8, 2) + entries + bytes(4)


@pytest.mark.parametrize("note", NOTES, ids=lambda note: note[4:8].decode())
def test_a_png_s_notes_are_left_out(note: bytes) -> None:
    plain = png(film())
    for at in (33, len(plain) - 12):  # before the pixels and after them
        assert strip_png(plain[:at] + note + plain[at:]).data == plain


def test_a_png_without_notes_is_not_copied() -> None:
    plain = png(film())
    assert strip_png(plain).data is plain


def test_a_png_of_crumbs_is_refused() -> None:
    plain = png(film())
    with pytest.raises(UnreadableFile):
        strip_png(plain[:33] + png_chunk(b"teXt", b"") * 250_000 + plain[33:])


def test_a_jpeg_s_notes_are_left_out() -> None:
    plain = strip_jpeg(jpeg(film())).data
    notes = [(0xE1, b"Exif\0\0" + bytes(60)), (0xE2, b"ICC_PROFILE\0"), (0xED, b"P"), (0xFE, b"c")]
    laden = plain[:2] + b"".join(segment(*note) for note in notes) * 3 + b"junk" + plain[2:]
    assert strip_jpeg(laden).data == plain
    assert np.array_equal(read(laden).pixels, read(jpeg(film())).pixels)


def test_a_jpeg_s_colours_stay_as_they_are_coded() -> None:
    colours = Image.fromarray(np.repeat(film()[..., None], 3, axis=2)).convert("CMYK")
    out = io.BytesIO()
    colours.save(out, "JPEG", quality=95)
    with Image.open(io.BytesIO(strip_jpeg(out.getvalue()).data)) as lean:
        assert np.array_equal(np.asarray(lean), np.asarray(Image.open(out)))


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("value", [1, 6, 8, 9, 0])
def test_the_orientation_is_found_in_either_order(order: str, value: int) -> None:
    block = orientation(order, value)
    expected = value if value in range(1, 9) else 1
    plain, stored = png(film()), jpeg(film())
    assert strip_png(plain[:33] + png_chunk(b"eXIf", block) + plain[33:]).orientation == expected
    laden = stored[:2] + segment(0xE1, b"Exif\0\0" + block) + stored[2:]
    assert strip_jpeg(laden).orientation == expected


# Behind 8 bytes of head and 2 of count come two entries of 12, whose last 4 hold the number.
@pytest.mark.parametrize(
    ("cut", "found"), [*((cut, 1) for cut in (0, 1, 3, 7, 8, 9, 21, 23, 29, 31)), (32, 6), (34, 6)]
)
def test_an_orientation_that_is_cut_short_is_none(cut: int, found: int) -> None:
    plain, stored = png(film()), jpeg(film())
    block = orientation("<", 6)[:cut]
    laden = stored[:2] + segment(0xE1, b"Exif\0\0" + block) + stored[2:]
    assert strip_jpeg(laden).orientation == found
    assert strip_png(plain[:33] + png_chunk(b"eXIf", block) + plain[33:]).orientation == found
