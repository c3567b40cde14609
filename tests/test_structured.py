"""Files whose parts are drawn by Hypothesis: sizes, depths, tags, windows, tables, sequences.

Whatever is stated, there is a film that keeps its promises or a coded refusal; and where what is
stated holds together, there is the film.
"""

from __future__ import annotations

import struct

from films import raw_png
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.datadict import tag_for_keyword

from cxr.imaging.reader import read
from tests.fuzz.alter_dicom import ELEMENTS_END, Element, Encoding, made, put, split, written
from tests.fuzz.seeds import seed_file
from tests.fuzz.worker import outcome

quick = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

SIDES = st.one_of(st.integers(30, 70), st.sampled_from([0, 1, 2, 255, 4000, 40_000, 65_535]))
SMALL = st.integers(0, 65_535)
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


@quick
@given(
    width=SIDES,
    height=SIDES,
    depth=st.sampled_from([0, 1, 2, 4, 8, 16, 32]),
    colour=st.sampled_from([0, 2, 3, 4, 6, 1, 7]),
    fill=st.binary(min_size=1, max_size=40),
    spare=st.integers(-3, 3),
)
def test_png_of_any_header(
    width: int, height: int, depth: int, colour: int, fill: bytes, spare: int
) -> None:
    row = (width * depth * CHANNELS.get(colour, 1) + 7) // 8
    length = min(row, 400) * min(height, 400)
    body = (fill * (length // len(fill) + 1))[:length]
    rows = b"".join(b"\0" + body[at : at + row] for at in range(0, length, max(row, 1)))
    data = raw_png(width, height, depth, colour, rows[: max(0, len(rows) + spare)])
    what, fault = outcome(data)
    assert fault is None
    sound = depth in DEPTHS.get(colour, ()) and colour != 3 and spare >= 0
    if sound and all(32 <= side <= 70 for side in (width, height)):
        assert what in {"read", "colour_photograph"}
        if what == "read":
            assert read(data).pixels.shape == (height, width)


TEXTS = st.one_of(
    st.floats(width=64).map(repr),
    st.integers(-(2**70), 2**70).map(str),
    st.lists(st.floats(allow_nan=False).map(lambda x: f"{x:.9g}"), max_size=5).map("\\".join),
    st.sampled_from(["", "nan", "-inf", "1e999", "0", "0.0", "-0", "1e-320", "abc", "\\\\", " "]),
    st.text(max_size=20),
).map(lambda text: text.encode("utf-8", "replace")[:60])
WORDS = st.sampled_from(
    "MONOCHROME1 MONOCHROME2 RGB YBR_FULL CHEST CR DX CT PA LL LINEAR SIGMOID INVERSE YES".split()  # noqa: SIM905
).map(str.encode)
TEXT_TAGS = """NumberOfFrames WindowCenter WindowWidth RescaleSlope RescaleIntercept PixelSpacing
    ImagerPixelSpacing PixelAspectRatio VOILUTFunction PresentationLUTShape PatientOrientation
    PhotometricInterpretation Modality BodyPartExamined ViewPosition BurnedInAnnotation""".split()  # noqa: SIM905
NUMBER_TAGS = """Rows Columns SamplesPerPixel PlanarConfiguration BitsAllocated BitsStored HighBit
    PixelRepresentation PixelPaddingValue PixelPaddingRangeLimit""".split()  # noqa: SIM905
TAGS = st.fixed_dictionaries(
    {},
    optional={
        **{k: st.tuples(st.just(b"DS"), TEXTS | WORDS) for k in TEXT_TAGS},
        **{
            k: st.tuples(
                st.sampled_from([b"US", b"US", b"SS", b"UL", b"OB"]),
                (st.integers(0, 40) | SMALL).map(lambda n: struct.pack("<H", n)),
            )
            for k in NUMBER_TAGS
        },
    },
)
KINDS = ["dicom explicit", "dicom implicit", "dicom big endian", "dicom tables", "dicom rle"]


@quick
@given(kind=st.sampled_from(KINDS), tags=TAGS)
def test_dicom_of_any_tags(kind: str, tags: dict[str, tuple[bytes, bytes]]) -> None:
    head, elements, encoding = split(seed_file(kind))
    for keyword, (vr, value) in tags.items():
        put(elements, made(tag_for_keyword(keyword), vr, value + b" " * (len(value) % 2)))
    assert outcome(join(head, elements, encoding))[1] is None


@quick
@given(
    rows=st.integers(32, 70),
    columns=st.integers(32, 70),
    deep=st.booleans(),
    spare=st.integers(0, 7),
    signed=st.booleans(),
    negative=st.booleans(),
    fill=st.binary(min_size=1, max_size=64),
    centre=st.floats(-1e5, 1e5),
    width=st.floats(1, 1e5),
    slope=st.floats(-10, 10),
    intercept=st.floats(-5000, 5000),
    padding=st.none() | SMALL,
)
def test_dicom_that_holds_together_is_read(
    rows: int,
    columns: int,
    deep: bool,
    spare: int,
    signed: bool,
    negative: bool,
    fill: bytes,
    centre: float,
    width: float,
    slope: float,
    intercept: float,
    padding: int | None,
) -> None:
    head, elements, encoding = split(seed_file("dicom explicit"))
    stored = 16 - spare if deep else 8
    length = rows * columns * (2 if deep else 1)
    numbers = {
        "Rows": rows,
        "Columns": columns,
        "BitsAllocated": 16 if deep else 8,
        "BitsStored": stored,
        "HighBit": stored - 1,
        "PixelRepresentation": int(signed),
        **({} if padding is None else {"PixelPaddingValue": padding}),
    }
    for keyword, number in numbers.items():
        put(elements, made(tag_for_keyword(keyword), b"US", struct.pack("<H", number)))
    texts = {
        "WindowCenter": f"{centre:.8g}",
        "WindowWidth": f"{width:.8g}",
        "RescaleSlope": f"{slope:.8g}",
        "RescaleIntercept": f"{intercept:.8g}",
        "PhotometricInterpretation": "MONOCHROME1" if negative else "MONOCHROME2",
    }
    for keyword, text in texts.items():
        put(elements, made(tag_for_keyword(keyword), b"DS", text.ljust(16).encode()))
    pixels = (fill * (length // len(fill) + 1))[: length + length % 2]
    put(elements, made(tag_for_keyword("PixelData"), b"OW", pixels))
    data = join(head, elements, encoding)
    assert outcome(data) == ("read", None)
    film = read(data)
    assert (film.pixels.shape, film.bits) == ((rows, columns), stored)
    # A film of more than one value is never shown blank.
    assert len(set(film.pixels.flat)) == 1 or film.eight_bit.min() < film.eight_bit.max()


SEQUENCES = [tag_for_keyword(k) for k in ("VOILUTSequence", "ViewCodeSequence")]
LEAVES = st.tuples(
    st.sampled_from([tag_for_keyword(k) for k in ("LUTDescriptor", "LUTData", "CodeMeaning")]),
    st.sampled_from([b"US", b"SS", b"OW", b"LO", b"UN"]),
    st.binary(max_size=64),
).map(lambda leaf: written(made(*leaf), EXPLICIT))
EXPLICIT = Encoding("<", implicit=False, deflated=False)


def sequence(tag: int, items: list[bytes], known: bool) -> bytes:
    """A sequence and its items, all with stated lengths or all with ends instead."""
    pieces = [
        struct.pack("<HHI", 0xFFFE, 0xE000, len(i) if known else 0xFFFFFFFF) + i for i in items
    ]
    if known:
        return written(made(tag, b"SQ", b"".join(pieces)), EXPLICIT)
    ended = b"".join(piece + struct.pack("<HHI", 0xFFFE, 0xE00D, 0) for piece in pieces)
    body = ended + struct.pack("<HHI", *ELEMENTS_END)
    return written(Element((tag >> 16, tag & 0xFFFF), b"SQ", body, 0xFFFFFFFF), EXPLICIT)


NESTED = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        sequence,
        st.sampled_from(SEQUENCES),
        st.lists(st.lists(inner, max_size=3).map(b"".join), max_size=4),
        st.booleans(),
    ),
    max_leaves=12,
)


@quick
@given(parts=st.lists(NESTED, max_size=4), times=st.sampled_from([1, 1, 50]))
def test_dicom_of_any_sequences(parts: list[bytes], times: int) -> None:
    head, elements, encoding = split(seed_file("dicom explicit"))
    pixels = elements.pop()
    body = b"".join(written(e, encoding) for e in elements) + b"".join(parts) * times
    assert outcome(head + body + written(pixels, encoding))[1] is None


def join(head: bytes, elements: list[Element], encoding: Encoding) -> bytes:
    return head + b"".join(written(element, encoding) for element in elements)
