"""A PNG or JPEG without what a decoder does not need for its pixels.

Pillow keeps texts, profiles and camera notes while it opens a file, and unfolds them as they ask
for: some hundred kilobytes can ask for gigabytes. So it is shown the film alone, and the two things
that are worth knowing besides are read here, in a few lines that allocate nothing.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .decode_limits import damaged, segments

_PNG_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT"}
_MAX_CHUNKS = 250_000
_SCAN = 0xDA
_JPEG_KEPT = {*range(0xC0, 0xD0), 0xDB, 0xDD, _SCAN}  # frames, tables, restarts
_JFIF, _EXIF, _MPF, _ADOBE = 0xE0, 0xE1, 0xE2, 0xEE
_COLOUR = (_JFIF, _ADOBE)  # say how it is coded; the first of each
_ORIENTATION, _PICTURES = 0x0112, 0xB001
_MAX_TAGS = 1024
_SHORT = 3


@dataclass(frozen=True)
class Stripped:
    """What is left of a file, and what was said beside it.

    Attributes
    ----------
    data : bytes
    orientation : int
        As Exif numbers it, 1 (upright) to 8.
    pictures : int
        How many the file says that it holds.
    """

    data: bytes
    orientation: int = 1
    pictures: int = 1


def strip_png(data: bytes) -> Stripped:
    """Keep of a PNG its size, colours, pixels and whether it moves."""
    kept: list[memoryview] = []
    view, orientation, start, at = memoryview(data), 1, 0, 8
    for _ in range(_MAX_CHUNKS):
        if at + 8 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if kind not in _PNG_KEPT:
            kept.append(view[start:at])
            start = end
            if kind == b"eXIf":
                orientation = _oriented(view[at + 8 : end - 4])
        if kind == b"IEND":
            break
        at = end
    else:
        raise damaged()
    return Stripped(b"".join([*kept, view[start:]]) if kept else data, orientation)


def strip_jpeg(data: bytes) -> Stripped:
    """Keep of a JPEG its frame, tables and scans, and how its colours are coded.

    Raises
    ------
    UnreadableFile
        ``damaged`` if it has no scan.
    """
    view = memoryview(data)
    kept, orientation, pictures, coded = [view[:2]], 1, 1, set()
    marker = 0
    for marker, at, end in segments(data):
        begins = data[at + 4 : at + 10]
        if marker == _EXIF and begins == b"Exif\0\0":
            orientation = _oriented(view[at + 4 : end])
        elif marker == _MPF and begins[:4] == b"MPF\0":
            pictures = _tag(view[at + 8 : end], _PICTURES) or 1
        elif marker in _JPEG_KEPT or (marker in _COLOUR and marker not in coded):
            coded.add(marker)
            kept.append(view[at:end])
    if marker != _SCAN:
        raise damaged()
    return Stripped(b"".join(kept), orientation, pictures)


def _oriented(exif: memoryview) -> int:
    found = _tag(exif[6:] if bytes(exif[:6]) == b"Exif\0\0" else exif, _ORIENTATION)
    return found if found in range(1, 9) else 1


def _tag(block: memoryview, wanted: int) -> int:
    """A number of a TIFF's first directory, as Exif and MPF are built; 0 where there is none."""
    order = {b"II": "<", b"MM": ">"}.get(bytes(block[:2]), "")
    if not order:
        return 0
    try:
        (first,) = struct.unpack_from(f"{order}I", block, 4)
        (count,) = struct.unpack_from(f"{order}H", block, first)
        for at in range(first + 2, first + 2 + 12 * min(count, _MAX_TAGS), 12):
            tag, kind = struct.unpack_from(f"{order}HH", block, at)
            if tag == wanted:
                form = "H" if kind == _SHORT else "I"
                return int(struct.unpack_from(f"{order}{form}", block, at + 8)[0])
    except struct.error:  # it points past its own end
        pass
    return 0
