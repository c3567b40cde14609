"""Whether bytes are a DICOM data set without the 128 bytes and the mark that files begin with.

Told from the first elements alone: the tags rise, the kinds are DICOM's and the lengths lie within
the file. Text, programs, archives and noise are not built so. Nothing is allocated.
"""

from __future__ import annotations

import struct

_KINDS = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR "
    b"US UT UV".split()
)
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_META, _FIRST = 0x0002, (0x0002, 0x0008, 0x0010, 0x0018, 0x0020, 0x0028)  # groups
_LAST = 0x7FE0
_PREAMBLE, _MARK = 128, b"DICM"
_ENOUGH, _LEAST = 8, 3  # elements
_WITHOUT_LENGTH = 0xFFFFFFFF


def start_of_data_set(data: bytes) -> int | None:
    """Where a data set begins in the bytes, or None where they hold none.

    It may stand behind the mark alone, or behind an empty preamble that lacks the mark.
    """
    at = 0
    if data.startswith(_MARK):
        at = len(_MARK)
    elif not any(data[:_PREAMBLE]):
        at = _PREAMBLE
    return at if _is_data_set(data, at) else None


def _is_data_set(data: bytes, at: int) -> bool:
    order, explicit, last = "<", True, -1
    for seen in range(_ENOUGH):
        if at + 12 > len(data):
            return seen >= _LEAST and at == len(data)
        group, number = struct.unpack_from(f"{order}HH", data, at)
        if group != _META and last >> 16 in (-1, _META):  # the first of the data set itself
            explicit = data[at + 4 : at + 6] in _KINDS
            if explicit and group not in _FIRST:
                order = ">"
                group, number = struct.unpack_from(">HH", data, at)
        if not _is_next(group, number, last):
            # What follows its head may be deflated.
            return seen >= _LEAST and last >> 16 == _META
        length, header = _length(data, at, order, explicit)
        if length == _WITHOUT_LENGTH:
            return seen >= _LEAST
        last, at = group << 16 | number, at + header + length
        if length < 0 or at > len(data):
            return False
    return True


def _is_next(group: int, number: int, last: int) -> bool:
    begins = last == -1
    return last < (group << 16 | number) and (group in _FIRST if begins else group <= _LAST)


def _length(data: bytes, at: int, order: str, explicit: bool) -> tuple[int, int]:
    """Of an element's value and of what stands before it; below 0 where it is no element."""
    if not explicit:
        return struct.unpack_from("<I", data, at + 4)[0], 8
    kind = data[at + 4 : at + 6]
    if kind not in _KINDS:
        return -1, 0
    if kind in _LONG:
        return struct.unpack_from(f"{order}I", data, at + 8)[0], 12
    return struct.unpack_from(f"{order}H", data, at + 6)[0], 8
