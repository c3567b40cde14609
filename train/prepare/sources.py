"""What somebody else's films come in: a folder per class, a table beside its films, an archive as
its home publishes it. Files are listed in one order, always the same, and read one by one.
"""

from __future__ import annotations

import lzma
import os
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from cxr.errors import DataError, UnreadableFile
from cxr.files import TapeHeader
from cxr.imaging.decode_limits import MAX_BYTES, check_bytes

from . import tables

SUFFIXES = (".png", ".jpg", ".jpeg", ".dcm", ".dicom", "")
"""What a film's name ends in; other files are passed over. DICOM files often have no ending, or
what seems one, the last number of their UID."""
ENCRYPTED = 1
"""The bit of a zip member's flags."""

_DAMAGED = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(struct.error, EOFError, OSError),
)

Content = Callable[[], bytes | Path]


@dataclass(frozen=True)
class Source:
    """One site: its name in the manifest and where its files are."""

    name: str
    path: Path


@dataclass(frozen=True)
class Naming:
    """How a source says what the manifest says.

    Attributes
    ----------
    labels : mapping
        What a class is called there → its label; empty = its label is what it is called.
    columns : mapping
        Column of the manifest → column of a table; those left out are called alike.
    patient : str
        Regular expression; what its first group finds in a file's path is the patient.
    several : str
        How rows of a table that contradict each other on a film end: see
        :func:`train.prepare.readers.settled`; "": they are refused.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    patient: str = ""
    several: str = ""

    def label(self, called: str) -> str:
        """The label of a class; "" if it is none of those asked for."""
        return self.labels.get(called, "") if self.labels else called


@dataclass(frozen=True)
class ListedFile:
    """A file that may be a film.

    Attributes
    ----------
    member : str
        Its path within the source.
    facts : mapping
        What the source says of it, by :data:`train.prepare.tables.COLUMNS`; ``label`` is "" if it
        is none asked for.
    content : callable
        What :func:`cxr.imaging.reader.read` takes; to be called before the next file is asked for.
        Raises :class:`cxr.errors.UnreadableFile`.
    refused : str
        Why the source itself says that it is no film to learn from: a code, or "".
    """

    member: str
    facts: Mapping[str, str]
    content: Content
    refused: str = ""


def films_of(source: Source, naming: Naming) -> Iterator[ListedFile]:
    """Everything in a source that may be a film.

    Raises
    ------
    DataError
        ``no_source``, ``bad_archive``, and those of :func:`train.prepare.tables.rows_of`.
    """
    path = source.path
    if path.is_dir():
        files = _in_folder(path)
    elif not path.is_file():
        raise DataError(
            "no_source",
            f"Nothing is where {source.name} was said to be. Name a folder, a .csv or an archive "
            "(.zip, .tar, .tar.gz), as PATH or NAME=PATH.",
        )
    elif path.suffix.lower() == ".csv":
        yield from _in_table(path, naming)
        return
    else:
        files = _in_archive(path)
    for member, content in files:
        yield ListedFile(member, _facts_of(member, naming), content)


def _facts_of(member: str, naming: Naming) -> dict[str, str]:
    """The class is the nearest folder that is called like one asked for; or simply the nearest."""
    folders = PurePosixPath(member).parts[-2::-1]
    labels = [label for folder in folders if (label := naming.label(folder))]
    return {"label": labels[0] if labels else "", "patient_id": _patient(member, naming)}


def _patient(member: str, naming: Naming) -> str:
    found = re.search(naming.patient, member) if naming.patient else None
    return found.group(1) if found else ""


def _in_folder(folder: Path) -> Iterator[tuple[str, Content]]:
    for path, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            file = Path(path) / name
            member = file.relative_to(folder).as_posix()
            if _may_be_film(member):
                yield member, partial(Path, file)


def _in_archive(path: Path) -> Iterator[tuple[str, Content]]:
    with _sound():
        yield from (_zipped if zipfile.is_zipfile(path) else _taped)(path)


@contextmanager
def _sound() -> Iterator[None]:
    try:
        yield
    except NotImplementedError as error:
        raise DataError(
            "bad_archive",
            "An archive is packed in a way that is not read here, as Deflate64. Unpack it and name "
            "the folder.",
        ) from error
    except _DAMAGED as error:
        raise DataError(
            "bad_archive",
            "An archive is neither zip nor tar, or is damaged. Fetch it again and run the same "
            "command: what was read need not be read again.",
        ) from error


def _zipped(path: Path) -> Iterator[tuple[str, Content]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir() and _may_be_film(info.filename):
                yield info.filename, partial(_unzipped, archive, info)


def _unzipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    check_bytes(info.file_size)
    if info.flag_bits & ENCRYPTED:
        raise UnreadableFile("encrypted", "The file is encrypted. Unpack the archive first.")
    with _sound(), archive.open(info) as file:
        return file.read(MAX_BYTES)


def _taped(path: Path) -> Iterator[tuple[str, Content]]:
    """As a stream: to go back in a compressed tape is to begin again."""
    with tarfile.open(path, "r|*", tarinfo=TapeHeader) as archive:
        for info in archive:
            if info.isfile() and _may_be_film(info.name):
                yield info.name, partial(_untaped, archive, info)
            # It would keep every header.
            archive.members = []  # type: ignore[attr-defined]


def _untaped(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    check_bytes(info.size)
    with _sound():
        file = archive.extractfile(info)
        return file.read() if file else b""


def _may_be_film(member: str) -> bool:
    path = PurePosixPath(member)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not hidden and (path.suffix.lower() in SUFFIXES or path.suffix[1:].isdigit())


def _in_table(path: Path, naming: Naming) -> Iterator[ListedFile]:
    members = [member for member, _ in _in_folder(path.parent)]
    rows = tables.rows_of(path, members, naming.columns, naming.labels, naming.several)
    for row in rows:
        patient = row.facts.get("patient_id") or _patient(row.path, naming)
        facts = {**row.facts, "patient_id": patient or _patient(row.member, naming)}
        yield ListedFile(row.member, facts, partial(Path, path.parent / row.member), row.refused)
