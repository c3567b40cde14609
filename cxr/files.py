"""Files that are named, lie in folders that are, or are packed on a tape."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Sequence
from typing import Self


def files_at(place: str) -> list[str]:
    """The files in a folder and below; anything else, and a folder without any, as it is."""
    found: list[str] = []
    for folder, folders, names in os.walk(place):
        folders[:] = [name for name in folders if not name.startswith(".")]
        shown = (name for name in names if not name.startswith("."))
        found += (os.path.join(folder, name) for name in shown)  # noqa: PTH118 (need not be text)
    return sorted(found) or [place]


class TapeHeader(tarfile.TarInfo):
    """Of a file on a tape, for ``tarfile.open(…, tarinfo=TapeHeader)``. tarfile takes a head that
    is broken or cut off for the end of the tape, and so lists a part of a damaged one without a
    word: here it raises ``tarfile.ReadError``."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from error


def below(places: Sequence[str]) -> dict[str, str]:
    """Every file's path, and its path below the place that was named."""
    return {name: os.path.relpath(name, place) for place in places for name in files_at(place)}
