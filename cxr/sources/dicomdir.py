"""The films that a DICOMDIR lists: the index of a CD or of a folder of studies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..imaging.decode_limits import BoundedReader, decoding

NAME = "DICOMDIR"


def listed(given: str) -> Iterator[tuple[str, str]]:
    """Name as the index gives it and path, in the index's order; "" for a path that leads out of
    its folder.

    Raises
    ------
    UnreadableFile
        ``damaged``.
    """
    home = os.path.realpath(os.path.dirname(given))  # noqa: PTH120
    with decoding():
        import pydicom

        index = pydicom.dcmread(BoundedReader(Path(given).read_bytes()))
        names = [
            _parts(record.ReferencedFileID)
            for record in index.DirectoryRecordSequence
            if record.get("DirectoryRecordType") == "IMAGE" and record.get("ReferencedFileID")
        ]
    for parts in names:
        path = os.path.realpath(_as_written(home, parts))
        yield "/".join(parts), path if path.startswith(home + os.sep) else ""


def _parts(named: object) -> list[str]:
    return [named] if isinstance(named, str) else [str(part) for part in named]  # type: ignore[attr-defined]


def _as_written(home: str, parts: list[str]) -> str:
    """The standard knows capitals alone; a copy of a CD may have small letters."""
    paths = [os.path.join(home, *each) for each in (parts, [part.lower() for part in parts])]  # noqa: PTH118
    return next(filter(os.path.isfile, paths), paths[0])
