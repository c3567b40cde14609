"""Alterations of PNG and JPEG that leave the rest of the file as a decoder wants it, so that what
is wrong is met by the decoder and not by a checksum before it."""

from __future__ import annotations

import struct
import zlib
from random import Random

from tests.films import png_chunk
from tests.fuzz.alter_bytes import ODD, ODD_LONG, altered

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNKS = (
    b"PLTE tRNS gAMA cHRM sRGB iCCP sBIT bKGD hIST pHYs tIME eXIf tEXt zTXt iTXt acTL fcTL fdAT "
    b"IDAT IHDR IEND caBX zzZz"
).split()
_HEADER = ">IIBBBBB"  # width, height, depth, colour type, compression, filter, interlace
_DEPTHS, _COLOURS = (0, 1, 2, 3, 4, 8, 12, 16, 32), (0, 1, 2, 3, 4, 5, 6, 7)


def png(data: bytes, rng: Random) -> bytes:
    """A PNG with one chunk altered, lost, doubled, moved or added; checksums are right."""
    chunks = _chunks(data)
    at = rng.randrange(len(chunks))
    kind, body = chunks[at]
    way = rng.choice(("header", "rows", "body", "kind", "lose", "double", "move", "add", "add"))
    if way == "header":
        chunks[0] = (b"IHDR", _odd_header(chunks[0][1], rng))
    elif way == "rows":
        chunks = [(k, _odd_rows(b, rng) if k == b"IDAT" else b) for k, b in chunks]
    elif way == "body":
        chunks[at] = (kind, altered(body, rng))
    elif way == "kind":
        chunks[at] = (rng.choice(_CHUNKS), body)
    elif way == "lose":
        del chunks[at]
    elif way == "double":
        chunks[at:at] = [chunks[at]] * rng.choice((1, 2, 500))
    elif way == "move":
        chunks.insert(rng.randrange(len(chunks)), chunks.pop(at))
    else:
        chunks.insert(at, (rng.choice(_CHUNKS), _odd_body(rng)))
    return _SIGNATURE + b"".join(png_chunk(k, b) for k, b in chunks)


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 8
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        found.append((kind, data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def _odd_header(header: bytes, rng: Random) -> bytes:
    fields = list(struct.unpack(_HEADER, header))
    at = rng.randrange(len(fields))
    odd = (ODD_LONG, ODD_LONG, _DEPTHS, _COLOURS, (1, 255), (1, 255), (1, 2, 255))[at]
    fields[at] = rng.choice(odd)
    return struct.pack(_HEADER, *fields)


def _odd_rows(packed: bytes, rng: Random) -> bytes:
    rows = altered(zlib.decompress(packed), rng)
    return zlib.compress(rows * rng.choice((1, 1, 1, 40)), 1)


def _odd_body(rng: Random) -> bytes:
    text = b"Comment\0" + rng.choice((b"", b"\0", b"\1\0", b"\0\0\0\0"))
    body = zlib.compress(bytes(rng.choice((10, 100_000)))) if rng.random() < 0.3 else b""
    return rng.choice((b"", text)) + (body or rng.randbytes(rng.choice((0, 1, 3, 26, 768))))


def jpeg(data: bytes, rng: Random) -> bytes:
    """A JPEG, JPEG Lossless or JPEG-LS stream with one segment altered, lost, doubled, moved or
    added, or with its scan altered."""
    segments, scan = _segments(data)
    if not segments or rng.random() < 0.2:
        return data[: len(data) - len(scan)] + altered(scan or b"\0", rng)
    at = rng.randrange(len(segments))
    marker, body = segments[at]
    way = rng.choice(("frame", "body", "length", "marker", "lose", "double", "move", "add"))
    length = None
    if way == "frame":
        segments = [(m, _odd_frame(b, rng) if _is_frame(m) else b) for m, b in segments]
    elif way == "body":
        segments[at] = (marker, altered(body or b"\0", rng)[:65000])
    elif way == "length":
        length = rng.choice(ODD)
    elif way == "marker":
        segments[at] = (rng.randrange(0xC0, 0x100), body)
    elif way == "lose":
        del segments[at]
    elif way == "double":
        segments[at:at] = [segments[at]] * rng.choice((1, 2, 300))
    elif way == "move":
        segments.insert(rng.randrange(len(segments)), segments.pop(at))
    else:
        segments.insert(at, (rng.randrange(0xC0, 0x100), rng.randbytes(rng.choice((0, 2, 64)))))
    out = bytearray(b"\xff\xd8")
    for place, (marker, body) in enumerate(segments):
        said = length if length is not None and place == at else len(body) + 2
        out += struct.pack(">BBH", 0xFF, marker, said % 65536) + body
    return bytes(out) + scan


def _is_frame(marker: int) -> bool:
    return marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC))


def _segments(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Marker and body up to and with the first scan's header; what follows it."""
    found, at = [], 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        found.append((marker, data[at + 4 : at + 2 + length]))
        at += 2 + length
        if marker == 0xDA:
            break
    return found, data[at:]


def _odd_frame(body: bytes, rng: Random) -> bytes:
    out = bytearray(body)
    if rng.random() < 0.5:
        struct.pack_into(">H", out, rng.choice((1, 3)), rng.choice(ODD))
    else:
        out[rng.randrange(len(out))] = rng.choice(ODD) % 256  # precision, components, sampling …
    return bytes(out)
