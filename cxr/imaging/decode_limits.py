"""What is checked before a decoder sees the bytes, and the boundary around the decoders.

A header can promise more than the machine holds, and decoders believe headers. So sizes are read
from the compressed bytes here, in a few lines that cannot be made to allocate anything.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

from ..errors import CxrError, NotARadiograph, UnreadableFile

# A film of 35 × 43 cm at 0.0875 mm a pixel has 19.7 megapixels. With these limits no film that is
# let in takes more than 500 MB while it is read; docs/reading.md has what each kind takes.
MAX_BYTES = 80_000_000
MAX_PIXELS = 22_000_000
MAX_COLOUR_PIXELS = 16_000_000
MIN_SIDE = 32  # below it no lung field can be told from noise, and icons are no films

# Real files have some dozens of segments before the first scan, at most some dozens of scans and
# some thousands of pieces; files made to keep a parser busy for hours have millions.
_MAX_SEGMENTS = 4096
_MAX_SCANS = 256
_MAX_READS = 1_000_000
_WITHOUT_LENGTH = {0x00, 0x01, *range(0xD0, 0xD9)}
_SCAN = 0xDA
_JPEG_LS = 0xF7
_FRAME_HEADERS = {*range(0xC0, 0xD0), _JPEG_LS} - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True)
class Frame:
    """What a compressed image says of itself.

    Attributes
    ----------
    height, width : int
        Pixels.
    components : int
        1 grey, 3 or 4 colour.
    precision : int
        Bits a sample.
    process : int
        JPEG's frame marker (0xC0 baseline … 0xC3 lossless, 0xF7 JPEG-LS); 0 for JPEG 2000.
    signed : bool
        Samples, which only JPEG 2000 can say.
    """

    height: int
    width: int
    components: int
    precision: int
    process: int = 0
    signed: bool = False


def damaged() -> UnreadableFile:
    return UnreadableFile(
        "damaged", "The file is cut short or damaged. Copy it again or export it again."
    )


class BoundedReader(BytesIO):
    """A file in memory that refuses to be read in endless small pieces."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._reads_left = _MAX_READS

    def read(self, size: int | None = -1, /) -> bytes:
        self._reads_left -= 1
        if self._reads_left < 0:
            raise damaged()
        return super().read(size)


def check_bytes(size: int) -> None:
    """Refuse a file of more than `MAX_BYTES` bytes, unfolded or not."""
    if size > MAX_BYTES:
        raise UnreadableFile(
            "file_too_large",
            f"The file holds more than {MAX_BYTES // 1_000_000} MB. Export the film as one image.",
        )


def check_size(height: int, width: int, colour: bool = False) -> None:
    """Refuse, from the header alone, an image that is too large or too small for a film."""
    most = MAX_COLOUR_PIXELS if colour else MAX_PIXELS
    if height < 1 or width < 1:
        raise UnreadableFile(
            "unknown_size", "The file does not say how large the image is. Export it again."
        )
    if height * width > most:
        raise UnreadableFile(
            "too_large",
            f"The image has more than {most // 1_000_000} megapixels"
            f"{' in colour' if colour else ''}; no chest film needs them. Export it smaller"
            f"{' or as grey' if colour else ''}.",
        )
    if min(height, width) < MIN_SIDE:
        raise NotARadiograph(
            "too_small",
            f"The image is under {MIN_SIDE} pixels on its shorter side, too coarse to show lungs. "
            "Use the original film.",
        )


@contextmanager
def decoding() -> Iterator[None]:
    """Turn whatever a third-party decoder raises on bad bytes into a coded refusal."""
    try:
        yield
    except CxrError:
        raise
    # Pillow and pydicom raise whatever their parsers stumble over: OSError, SyntaxError,
    # struct.error, OverflowError, RecursionError, MemoryError … and change it between releases.
    # `from None`: their messages quote the file's contents.
    except Exception:
        raise damaged() from None


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The segments of a JPEG stream up to its first scan: marker, where it starts and ends.

    The scan comes last and ends with the file. A stream without one, or with more segments than
    any real file, just ends.
    """
    at = 2
    for _ in range(_MAX_SEGMENTS):
        at = data.find(b"\xff", at)
        if at < 0 or at + 10 > len(data):
            return
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        elif marker == _SCAN:
            yield marker, at, len(data)
            return
        else:
            end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            yield marker, at, end
            at = end


def jpeg_frame(data: bytes) -> Frame | None:
    """Read the frame header of a JPEG or JPEG-LS stream.

    Returns
    -------
    Frame, or None unless there is exactly one frame header and a scan after it.
    """
    if data.count(b"\xff\xda") > _MAX_SCANS:
        return None
    frame = None
    for marker, at, _ in segments(data):
        if marker == _SCAN:
            return frame
        if marker in _FRAME_HEADERS:
            if frame:
                return None
            precision, height, width, components = struct.unpack_from(">BHHB", data, at + 4)
            frame = Frame(height, width, components, precision, marker)
    return None


def jpeg2000_frame(data: bytes) -> Frame | None:
    """Read the size marker of a JPEG 2000 codestream, bare or in its file format.

    Returns
    -------
    Frame, or None where there is no size marker or where components are subsampled.
    """
    at = data.find(b"\xff\x4f\xff\x51", 0, 4096)
    if at < 0 or at + 45 > len(data):
        return None
    right, bottom, left, top = struct.unpack_from(">4I", data, at + 8)
    (components,) = struct.unpack_from(">H", data, at + 40)
    depth, step_x, step_y = struct.unpack_from(">3B", data, at + 42)
    if (step_x, step_y) != (1, 1) or right <= left or bottom <= top:
        return None
    size = (bottom - top, right - left)
    return Frame(*size, components, (depth & 0x7F) + 1, signed=bool(depth & 0x80))


def check_run_lengths(frame: bytes, segments: int, length: int) -> None:
    """Refuse a DICOM RLE frame that does not unfold to `segments` planes of `length` bytes.

    Run lengths can unfold 64-fold, and pydicom unfolds all of a segment before it counts.
    """
    if len(frame) < 64:
        raise damaged()
    count, *starts = struct.unpack_from("<16I", frame)
    if count != segments:
        raise damaged()
    stops = [*starts[1:count], len(frame)]
    for start, stop in zip(starts[:count], stops, strict=True):
        if not 64 <= start <= stop or not length <= _unfolded(frame[start:stop], length) <= (
            length + 1
        ):
            raise damaged()


def _unfolded(segment: bytes, limit: int) -> int:
    at = total = 0
    while at < len(segment) and total <= limit + 1:
        control = segment[at]
        if control < 128:
            total += min(control + 1, len(segment) - at - 1)
            at += control + 2
        elif control > 128:
            total += 257 - control
            at += 2
        else:
            at += 1
    return total
