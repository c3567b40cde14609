"""Alterations that know nothing of a format."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

ODD = (0, 1, 2, 7, 8, 15, 16, 17, 31, 32, 127, 128, 255, 256, 4095, 32767, 32768, 65535)
ODD_LONG = (*ODD, 65536, 2**24 - 1, 2**31 - 1, 2**31, 2**32 - 16, 2**32 - 2, 2**32 - 1)
_MOST = 1 << 16


def flip(data: bytes, rng: Random) -> bytes:
    """Some bits, anywhere."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def number(data: bytes, rng: Random) -> bytes:
    """A value at which arithmetic goes wrong, in place of any bytes."""
    size = rng.choice((1, 2, 2, 4))
    value = rng.choice(ODD if size < 4 else ODD_LONG) % 2 ** (8 * size)
    at = rng.randrange(len(data))
    return data[:at] + value.to_bytes(size, rng.choice(("little", "big"))) + data[at + size :]


def cut(data: bytes, rng: Random) -> bytes:
    """A stretch left out, often the end."""
    start = rng.randrange(len(data))
    stop = len(data) if rng.random() < 0.5 else start + rng.randrange(1, 64)
    return data[:start] + data[stop:]


def insert(data: bytes, rng: Random) -> bytes:
    """Bytes that do not belong: nothing but one value, or noise."""
    at, length = rng.randrange(len(data) + 1), rng.choice((1, 2, 4, 16, 256, 4096))
    filling = rng.randbytes(length) if rng.random() < 0.5 else bytes([rng.choice(ODD) % 256])
    return data[:at] + (filling * length)[:length] + data[at:]


def repeat(data: bytes, rng: Random) -> bytes:
    """A stretch once more, or very often."""
    start = rng.randrange(len(data))
    part = data[start : start + rng.randrange(1, 64)]
    times = min(rng.choice((1, 2, 10, 1000)), _MOST // len(part))
    return data[:start] + part * times + data[start:]


def swap(data: bytes, rng: Random) -> bytes:
    """Two neighbouring stretches, the other way round."""
    a, b, c = sorted(rng.randrange(len(data)) for _ in range(3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


ANYWHERE: tuple[Callable[[bytes, Random], bytes], ...] = (flip, number, cut, insert, repeat, swap)


def altered(data: bytes, rng: Random) -> bytes:
    """`data` after one to three of these."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        data = rng.choice(ANYWHERE)(data or b"\0", rng)
    return data
