"""Which films a folder, a pattern, a list, an archive, a store or a PACS holds, always in the same
order, and the bytes of each."""

from __future__ import annotations

import glob
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .. import manifest
from ..errors import ScreenError, UnreadableFile
from ..files import TapeHeader
from ..imaging.decode_limits import MAX_BYTES, check_bytes, damaged
from ..imaging.reader import bytes_of
from . import dicomdir, pacs
from .store import ObjectStore, is_url

Kind = Literal["folder", "file", "list", "dicomdir", "zip", "tar", "pattern", "store", "pacs"]
COLUMN = "image"
"""Of a list: where its films are."""
_UNSOUND = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError),
    *(EOFError, NotImplementedError),
)


@dataclass(frozen=True)
class SourceFilm:
    """A film to be scored.

    Attributes
    ----------
    path : bytes
        As it is given, which need not be text.
    place : bytes
        Where :func:`fetcher` finds it: a path, or its number in the archive.
    stamp : str
        Another one where the file may have changed.
    """

    path: bytes
    place: bytes
    stamp: str


def kind_of(given: str) -> Kind:
    """What SOURCE is.

    Raises
    ------
    ScreenError
        ``no_source``.
    """
    if pacs.is_query(given):
        pacs.days(given)
        return "pacs"
    if is_url(given):
        return "store"
    if os.path.isdir(given):  # noqa: PTH112 (names need not be text)
        return "folder"
    if Path(given).is_file():
        if given.lower().endswith(".csv"):
            return "list"
        if Path(given).name.upper() == dicomdir.NAME:
            return "dicomdir"
        with _readable(), Path(given).open("rb") as file:
            begins = file.read(4)
            if begins in (b"PK\x03\x04", b"PK\x05\x06"):
                return "zip"
            return "tar" if begins and tarfile.is_tarfile(given) else "file"
    if glob.has_magic(given):
        return "pattern"
    raise ScreenError(
        "no_source",
        "There is nothing at this place. Name a folder, a CSV file with a column called "
        f"{COLUMN}, a {dicomdir.NAME}, a zip or tar archive, a pattern in quotation marks, an "
        "object store, or days of a PACS.",
    )


def films(given: str, apart: frozenset[str] = frozenset()) -> Iterator[SourceFilm]:
    """All films, always in the same order. Names that begin with a dot are passed over.

    Parameters
    ----------
    given : str
        SOURCE.
    apart : frozenset of str
        Real paths that are passed over: what the run itself writes.

    Raises
    ------
    ScreenError
        ``no_source``, ``unreadable_source``, ``no_fsspec``, ``store_away``, and as a PACS fails.
    DataError
        ``bad_manifest``.
    """
    kind = kind_of(given)
    with _readable():
        if kind == "store":
            for url, stamp in ObjectStore(given).films():
                yield SourceFilm(url.encode(), url.encode(), stamp)
        elif kind == "pacs":
            for name in pacs.films(given):  # what has these UIDs is never another film
                yield SourceFilm(name.encode(), name.encode(), "")
        elif kind == "zip":
            yield from _zipped(given)
        elif kind == "tar":
            yield from _tarred(given)
        elif kind == "list":
            _, rows = manifest.read(Path(given).read_bytes(), [COLUMN])
            home = os.path.dirname(given)  # noqa: PTH120
            for row in rows:
                name = row[COLUMN]
                yield _file(name, os.path.join(home, name))  # noqa: PTH118
        elif kind == "dicomdir":
            for name, path in dicomdir.listed(given):
                yield _file(name, path)
        else:
            names = _below(given, apart) if kind == "folder" else iter([given])
            if kind == "pattern":
                found = glob.glob(given, recursive=True)  # noqa: PTH207 (Path reads it otherwise)
                names = iter(sorted(filter(os.path.isfile, found)))
            yield from (_file(n, n) for n in names if os.path.realpath(n) not in apart)


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (OSError, UnreadableFile, *_UNSOUND) as error:
        raise ScreenError(
            "unreadable_source",
            "A folder, list or archive that was named cannot be read to its end "
            f"({getattr(error, 'strerror', None) or type(error).__name__}), so films would be "
            "missing. Look at its rights, or copy it again.",
        ) from error


def _below(folder: str, apart: frozenset[str]) -> Iterator[str]:
    """Folder by folder, so that no more than one folder's names are held at a time."""

    def stop(error: OSError) -> None:
        raise error

    for here, folders, names in os.walk(folder, onerror=stop):
        shown = sorted(name for name in folders if name[0] != ".")
        folders[:] = (name for name in shown if os.path.realpath(f"{here}/{name}") not in apart)
        films = (name for name in sorted(names) if name[0] != "." and name != dicomdir.NAME)
        yield from (os.path.join(here, name) for name in films)  # noqa: PTH118


def _file(name: str, path: str) -> SourceFilm:
    try:
        found = os.stat(path)  # noqa: PTH116
        stamp = f"{found.st_size} {found.st_mtime_ns}"
    except (OSError, ValueError):
        stamp = "gone"
    return SourceFilm(os.fsencode(name), os.fsencode(path), stamp)


def _zipped(given: str) -> Iterator[SourceFilm]:
    whole = _file(given, given).stamp
    with zipfile.ZipFile(given) as archive:
        for number, member in enumerate(archive.infolist()):
            if not member.is_dir() and _shown(member.filename):
                yield _member(given, member.filename, number, f"{whole} {member.CRC}")


def _tarred(given: str) -> Iterator[SourceFilm]:
    whole = _file(given, given).stamp
    with tarfile.open(given, tarinfo=TapeHeader) as archive:
        for number, member in _members(archive):
            if member.isfile() and _shown(member.name):
                yield _member(given, member.name, number, whole)


def _shown(name: str) -> bool:
    parts = name.removeprefix("./").split("/")
    return not any(part.startswith(".") for part in parts)


def _member(archive: str, name: str, number: int, stamp: str) -> SourceFilm:
    return SourceFilm(os.fsencode(f"{archive}/{name}"), str(number).encode(), stamp)


def _members(archive: tarfile.TarFile) -> Iterator[tuple[int, tarfile.TarInfo]]:
    number = 0
    while (member := archive.next()) is not None:
        archive.members.clear()  # type: ignore[attr-defined] # else it holds all that it has passed
        yield number, member
        number += 1


def fetcher(given: str) -> Callable[[bytes], bytes]:
    """What fetches a film's bytes by its place; it raises `UnreadableFile`, and `ScreenError` where
    no film can be had."""
    kind = kind_of(given)
    if kind == "store":
        return ObjectStore(given).fetch
    if kind == "pacs":
        return pacs.fetch
    if kind == "zip":
        return _Zip(given)
    if kind == "tar":
        return _Tar(given)
    return lambda place: bytes_of(os.fsdecode(place))


def fetch_path(path: str) -> bytes:
    """The bytes of a film by its path in a table, wherever it lies but in an archive; as
    :func:`fetcher` raises."""
    if pacs.is_query(path):
        return pacs.fetch(path.encode())
    return ObjectStore(path).fetch(path.encode()) if is_url(path) else bytes_of(path)


class _Zip:
    """Opened once in each process."""

    def __init__(self, given: str) -> None:
        self._archive = zipfile.ZipFile(given)
        self._members = self._archive.infolist()

    def __call__(self, place: bytes) -> bytes:
        member = self._members[int(place)]
        if member.flag_bits & 1:
            raise UnreadableFile(
                "encrypted", "The film is encrypted in the archive. Pack it without a password."
            )
        check_bytes(member.file_size)
        try:
            with self._archive.open(member) as file:
                data = file.read(MAX_BYTES + 1)
        except (OSError, ValueError, *_UNSOUND):
            raise damaged() from None
        check_bytes(len(data))
        return data


class _Tar:
    """Read forwards alone, as a packed one can be; from its beginning again for an earlier film."""

    def __init__(self, given: str) -> None:
        self._given = given
        self._begin()

    def _begin(self) -> None:
        self._archive = tarfile.open(self._given, tarinfo=TapeHeader)  # noqa: SIM115 (open as long as the process is)
        self._members = _members(self._archive)
        self._next = 0

    def __call__(self, place: bytes) -> bytes:
        wanted = int(place)
        try:
            if wanted < self._next:
                self._archive.close()
                self._begin()
            for number, member in self._members:
                self._next = number + 1
                if number == wanted:
                    check_bytes(member.size)
                    file = self._archive.extractfile(member)
                    assert file is not None
                    return file.read()
        except (OSError, *_UNSOUND):
            pass
        raise damaged()
