"""Alterations of DICOM, element by element, in whatever encoding the file has."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace
from random import Random

from pydicom import uid
from pydicom.datadict import tag_for_keyword
from pydicom.encaps import encapsulate

from cxr.imaging.dicom.film import _KEYWORDS
from tests.fuzz import alter_bytes, alter_images

_LONG = b"OB OW OF OD OL SQ UN UT UC UR".split()  # a set's order would change by the process
_VRS = [*_LONG, *(b"US SS UL SL FL FD AT DS IS CS LO SH UI PN DA TM LT ST ZZ".split())]
_PIXELS, _SYNTAX = (0x7FE0, 0x0010), (0x0002, 0x0010)
_SYNTAXES = [
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
    uid.RLELossless,
    uid.JPEGBaseline8Bit,
    uid.JPEGExtended12Bit,
    uid.JPEG2000Lossless,
    uid.JPEG2000,
    uid.MPEG2MPML,
    "1.2.3",
    "",
]
_TEXTS = [
    b"",
    b"0",
    b"-1",
    b"1",
    b"nan",
    b"inf",
    b"-1e400",
    b"1e-320",
    b"99999999999999999999",
    b"\\",
    b"\\" * 999,
    b"1\\2\\3\\4",
    b"x" * 5000,
    b"\xff\xfe\x00",
    b"MONOCHROME1",
    b"MONOCHROME2",
    b"RGB",
    b"YBR_FULL_422",
    b"PALETTE COLOR",
    b"CR",
    b"CT",
    b"CHEST",
    b"SIGMOID",
    b"INVERSE",
    b"L\\F",
]
_TAGS = [tag_for_keyword(keyword) for keyword in _KEYWORDS]
_HEADER = "Rows Columns SamplesPerPixel BitsAllocated BitsStored HighBit PixelRepresentation"
_NUMBERS = [tag_for_keyword(k) for k in (*_HEADER.split(), "NumberOfFrames", "PixelPaddingValue")]
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xE000, 0xE00D, 0xE0DD
ELEMENTS_END = (0xFFFE, _SEQUENCE_END, 0)


@dataclass(frozen=True)
class Element:
    """One element; `length` is what the file says, whatever `value` has."""

    tag: tuple[int, int]
    vr: bytes
    value: bytes
    length: int


@dataclass(frozen=True)
class Encoding:
    """How a data set is written."""

    order: str
    implicit: bool
    deflated: bool


_META = Encoding("<", implicit=False, deflated=False)


def dicom(data: bytes, rng: Random) -> bytes:
    """A DICOM file with one to three elements altered, lost, doubled, moved or added, or with the
    frame in it altered as an image of its own kind."""
    head, elements, encoding = split(data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        way = rng.choice(("value", "value", "number", "frame", "frame", "vr", "length", "syntax",
                          "lose", "double", "move", "add", "add", "nest"))  # fmt: skip
        if way == "syntax":
            head = _renamed(head, rng.choice(_SYNTAXES))
        else:
            _alter(elements, way, encoding, rng)
    body = b"".join(written(e, encoding) for e in elements)
    if rng.random() < 0.1:
        body = alter_bytes.altered(body or b"\0", rng)
    if encoding.deflated:
        pack = zlib.compressobj(1, zlib.DEFLATED, -15)
        body = pack.compress(body) + pack.flush()
    return head + body


def split(data: bytes) -> tuple[bytes, list[Element], Encoding]:
    """An undamaged file's preamble with its meta information, and the elements that follow."""
    stop = 144 + struct.unpack_from("<I", data, 140)[0]
    encoding = _encoding(data[:stop])
    body = zlib.decompress(data[stop:], -15) if encoding.deflated else data[stop:]
    return data[:stop], _parsed(body, encoding), encoding


def _alter(elements: list[Element], way: str, encoding: Encoding, rng: Random) -> None:
    at = rng.randrange(len(elements)) if elements else 0
    if way == "add" or not elements:
        elements.insert(at, _new(rng.choice(_TAGS), rng))
    elif way == "number":
        value = rng.choice(alter_bytes.ODD).to_bytes(2, _endian(encoding))
        put(elements, made(rng.choice(_NUMBERS), b"US", value))
    elif way == "nest":
        elements.insert(at, _nested(rng.choice((1, 2, 40, 3000)), encoding, rng))
    elif way == "lose":
        del elements[at]
    elif way == "double":
        elements[at:at] = [elements[at]] * rng.choice((1, 500))
    elif way == "move":
        elements.insert(rng.randrange(len(elements)), elements.pop(at))
    elif way == "frame":
        elements[:] = [_odd_frame(e, rng) if e.tag == _PIXELS else e for e in elements]
    elif way == "vr":
        elements[at] = replace(elements[at], vr=rng.choice(_VRS))
    elif way == "length":
        elements[at] = replace(elements[at], length=rng.choice(alter_bytes.ODD_LONG))
    else:
        old = elements[at]
        elements[at] = made(_number(old.tag), old.vr, _odd_value(old.value, rng))


def _encoding(head: bytes) -> Encoding:
    syntax = {e.tag: e.value for e in _parsed(head[132:], _META)}[_SYNTAX].rstrip(b"\0").decode()
    return Encoding(
        ">" if syntax == uid.ExplicitVRBigEndian else "<",
        syntax == uid.ImplicitVRLittleEndian,
        syntax == uid.DeflatedExplicitVRLittleEndian,
    )


def _endian(encoding: Encoding) -> str:
    return "big" if encoding.order == ">" else "little"


def _parsed(body: bytes, encoding: Encoding) -> list[Element]:
    """The elements of an undamaged data set; a sequence is one element, unparsed."""
    found, at = [], 0
    while at + 8 <= len(body):
        tag = struct.unpack_from(f"{encoding.order}HH", body, at)
        vr = b"UN" if encoding.implicit else body[at + 4 : at + 6]
        if encoding.implicit:
            (length,), start = struct.unpack_from("<I", body, at + 4), at + 8
        elif vr in _LONG:
            (length,), start = struct.unpack_from(f"{encoding.order}I", body, at + 8), at + 12
        else:
            (length,), start = struct.unpack_from(f"{encoding.order}H", body, at + 6), at + 8
        end = struct.pack(f"{encoding.order}HHI", 0xFFFE, _SEQUENCE_END, 0)
        stop = body.index(end, start) + 8 if length == _UNDEFINED else start + length
        found.append(Element(tag, vr, body[start:stop], length))
        at = stop
    return found


def written(e: Element, encoding: Encoding) -> bytes:
    """The bytes of an element."""
    tag = struct.pack(f"{encoding.order}HH", *e.tag)
    if encoding.implicit:
        return tag + struct.pack("<I", e.length) + e.value
    if e.vr in _LONG:
        return tag + e.vr + struct.pack(f"{encoding.order}HI", 0, e.length) + e.value
    return tag + e.vr + struct.pack(f"{encoding.order}H", e.length % 65536) + e.value


def made(tag: int, vr: bytes, value: bytes) -> Element:
    """An element that says its true length."""
    return Element((tag >> 16, tag & 0xFFFF), vr, value, len(value))


def _number(tag: tuple[int, int]) -> int:
    return tag[0] << 16 | tag[1]


def _new(tag: int, rng: Random) -> Element:
    return made(tag, rng.choice(_VRS), _odd_value(rng.randbytes(rng.choice((0, 2, 4, 64))), rng))


def put(elements: list[Element], new: Element) -> None:
    """Replace the element of that tag, or add it."""
    places = [i for i, e in enumerate(elements) if e.tag == new.tag]
    at = places[0] if places else 0
    elements[at : at + len(places[:1])] = [new]


def _odd_value(value: bytes, rng: Random) -> bytes:
    if rng.random() < 0.6:
        text = rng.choice(_TEXTS)
        return text + b" " * (len(text) % 2)
    return alter_bytes.altered(value or b"\0", rng)


def _odd_frame(pixels: Element, rng: Random) -> Element:
    """Pixels altered; an encapsulated JPEG as a JPEG, wrapped again or in many fragments."""
    if pixels.length != _UNDEFINED:
        return made(_number(_PIXELS), pixels.vr, alter_bytes.altered(pixels.value or b"\0", rng))
    frame = pixels.value[16:-8]
    if frame[:2] == b"\xff\xd8" and rng.random() < 0.7:
        frame = alter_images.jpeg(frame, rng)
    else:
        reach = rng.choice((len(frame), 100))  # headers are short and matter most
        frame = alter_bytes.altered(frame[:reach] or b"\0", rng) + frame[reach:]
    if rng.random() < 0.1:
        return replace(pixels, value=alter_bytes.altered(pixels.value, rng))
    pieces = encapsulate([frame or b"\0"], fragments_per_frame=rng.choice((1, 1, 1, 3)))
    return replace(pixels, value=pieces + struct.pack("<HHI", 0xFFFE, _SEQUENCE_END, 0))


def _nested(depth: int, encoding: Encoding, rng: Random) -> Element:
    """Sequences in one another, with or without lengths and ends."""
    tag = rng.choice([tag_for_keyword(k) for k in _KEYWORDS if k.endswith("Sequence")])
    opened = written(Element((tag >> 16, tag & 0xFFFF), b"SQ", b"", _UNDEFINED), encoding)
    opened += struct.pack(f"{encoding.order}HHI", 0xFFFE, _ITEM, _UNDEFINED)
    ends = [(0xFFFE, _ITEM_END, 0), (0xFFFE, _SEQUENCE_END, 0)]
    closed = b"".join(struct.pack(f"{encoding.order}HHI", *end) for end in ends)
    closed = closed if rng.random() < 0.7 else b""
    header = 8 if encoding.implicit else 12
    value = (opened * depth + closed * depth)[header:]
    return Element((tag >> 16, tag & 0xFFFF), b"SQ", value, _UNDEFINED)


def _renamed(head: bytes, syntax: str) -> bytes:
    """The preamble and meta information with another transfer syntax."""
    elements = _parsed(head[132:], _META)[1:]
    name = syntax.encode() + b"\0" * (len(syntax) % 2)
    elements = [made(_number(_SYNTAX), b"UI", name) if e.tag == _SYNTAX else e for e in elements]
    body = b"".join(written(e, _META) for e in elements)
    length = made(0x00020000, b"UL", struct.pack("<I", len(body)))
    return head[:132] + written(length, _META) + body
