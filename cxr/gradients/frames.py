"""How two processes hand each other numbers: JSON and float32 arrays in frames, on a pipe.

No pickle: what one side says can never run as code on the other.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_SHAPES = "shapes"

Arrays = Sequence[NDArray[np.float32]]


def send(pipe: BinaryIO, header: Mapping[str, Any], arrays: Arrays = ()) -> None:
    """Write one frame: the header with the arrays' shapes, then the arrays."""
    shapes = [each.shape for each in arrays]
    text = json.dumps({**header, _SHAPES: shapes}).encode()
    pipe.write(struct.pack(">I", len(text)) + text)
    for each in arrays:
        pipe.write(np.asarray(each, "<f4").tobytes())
    pipe.flush()


def receive(pipe: BinaryIO) -> tuple[dict[str, Any], list[NDArray[np.float32]]]:
    """Read one frame.

    Raises
    ------
    EOFError
        Where the other side has ended.
    """
    (length,) = struct.unpack(">I", _read(pipe, 4))
    header = json.loads(_read(pipe, length))
    shapes = header.pop(_SHAPES)
    arrays = [
        np.frombuffer(_read(pipe, 4 * math.prod(shape)), "<f4").astype(np.float32).reshape(shape)
        for shape in shapes
    ]
    return header, arrays


def _read(pipe: BinaryIO, length: int) -> bytes:
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return data
