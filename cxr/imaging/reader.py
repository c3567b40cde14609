"""Read one film: bytes in, a `Radiograph` or a coded refusal out.

The format is told by the bytes, never by the name. pydicom is imported only for DICOM bytes.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UnreadableFile
from .decode_limits import check_bytes
from .dicom.without_preamble import start_of_data_set
from .radiograph import Radiograph

if TYPE_CHECKING:
    from .dicom.patient import Whose

_PNG = b"\x89PNG\r\n\x1a\n"


_JPEG = b"\xff\xd8\xff"


_ADVICE = "Export the film as PNG, JPEG or DICOM."


_OTHERS = {
    b"GIF8": "a GIF image",
    b"II*\x00": "a TIFF image",
    b"MM\x00*": "a TIFF image",
    b"BM": "a BMP image",
    b"\xff\x4f\xff\x51": "a bare JPEG 2000 image",
    b"\x00\x00\x00\x0cjP": "a bare JPEG 2000 image",
    b"\x00\x00\x00\x0cJXL": "a JPEG XL image",
    b"\xff\x0a": "a JPEG XL image",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"\x93NUMPY": "a NumPy array",
}


def read(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview, all_the_same: bool = False
) -> Radiograph:
    """Read a frontal chest film. That it shows lungs is not asked: :func:`cxr.assess` does.

    Parameters
    ----------
    source : path, or the bytes of a file
    all_the_same : bool
        Read also what its tags or its colours say is none; the film's `doubts` say why not.

    Raises
    ------
    UnreadableFile, NotARadiograph
        Nothing else, whatever the bytes; the codes are listed in ``docs/reading.md``.
    """
    data = bytes_of(source)
    if not data:
        raise UnreadableFile("empty", "The file is empty. Copy it again.")
    check_bytes(len(data))
    sha256 = hashlib.sha256(data).hexdigest()
    if data[128:132] == b"DICM":
        from .dicom.film import read_dicom

        return read_dicom(data, sha256, all_the_same=all_the_same)
    if data.startswith((_PNG, _JPEG)):
        from .raster import read_jpeg, read_png

        return (read_png if data.startswith(_PNG) else read_jpeg)(data, sha256, all_the_same)
    if (start := start_of_data_set(data)) is not None:
        from .dicom.film import read_dicom

        return read_dicom(data[start:], sha256, bare=True, all_the_same=all_the_same)
    raise _not_read(data)


def study_and_view(data: bytes) -> tuple[str | None, str | None]:
    """The study and the view that the bytes of a DICOM file state, be it read as a film or refused:
    StudyInstanceUID, and ViewPosition as it stands. None: not stated, or no DICOM."""
    if (found := _data_set(data)) is None:
        return None, None
    from .dicom.film import study_and_view as stated

    return stated(*found)


def whose(data: bytes, key: bytes) -> Whose | None:
    """Whose film the bytes of a DICOM file are, hashed under a key, and when it was taken, be it
    read as a film or refused; None where they are no DICOM."""
    if (found := _data_set(data)) is None:
        return None
    from .dicom.patient import whose as stated

    return stated(found[0], key, found[1])


def _data_set(data: bytes) -> tuple[bytes, bool] | None:
    """What of the bytes pydicom is given, and whether it begins bare; None: they are no DICOM."""
    marked = data[128:132] == b"DICM"
    start = 0 if marked else start_of_data_set(data)
    if start is None or data.startswith((_PNG, _JPEG)):
        return None
    return data[start:], not marked


def bytes_of(source: str | os.PathLike[str] | bytes | bytearray | memoryview) -> bytes:
    """The bytes of a file, which may be given themselves.

    Raises
    ------
    UnreadableFile
        ``not_found``, ``file_too_large``.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    folder = False
    try:
        path = Path(source)
        if path.is_file():
            check_bytes(path.stat().st_size)
            return path.read_bytes()
        folder = path.is_dir()
    except (OSError, ValueError):
        pass  # below, outside the handler: the system's message would carry the name
    if folder:
        raise UnreadableFile("not_found", "This is a folder, not a film. Name a file in it.")
    raise UnreadableFile("not_found", "There is no file that can be read at this place.")


def _not_read(data: bytes) -> UnreadableFile:
    """Name what the bytes are, where they can be told."""
    kind = next((name for magic, name in _OTHERS.items() if data.startswith(magic)), None)
    if data[8:12] == b"WEBP":
        kind = "a WebP image"
    elif data[4:8] == b"ftyp":
        kind = "a HEIC, AVIF or video file"
    elif data[:256].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        kind = "a web page"
    if kind:
        return UnreadableFile("unsupported_format", f"The file is {kind}. {_ADVICE}")
    return UnreadableFile("not_an_image", f"The file is not an image. {_ADVICE}")
