"""Whose film it is, and when it was taken, as far as a DICOM file says.

Of a patient's number nothing is kept but a hash under a key: it tells that two films are of one
patient, to whoever has the key, and nothing else.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from ...errors import UnreadableFile
from ..decode_limits import decoding
from .film import data_set
from .values import text

_PERSON = ("PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex")
_NOBODY = re.compile(r"[0X.\-_ ]*|(ANON|UNKNOWN|UNBEKANNT|NONE|NULL|N/?A$|NO ?ID|TEST|PATIENT$).*")
"""Numbers that stand for no patient: two films that bear one may be of two people."""


@dataclass(frozen=True)
class Whose:
    """What a file says of its patient and its date.

    Attributes
    ----------
    patient : str
        The same for files that state the same number, issuer, birth date and sex, and were read
        under the same key; "" where no number is stated, or one that stands for nobody.
    taken : datetime or None
        The study's date, and its time where there is one, else midnight.
    """

    patient: str = ""
    taken: datetime | None = None


def whose(data: bytes, key: bytes, bare: bool = False) -> Whose:
    """Of the bytes of a DICOM file; what cannot be read is not stated.

    Parameters
    ----------
    key : bytes
        At most 64.
    bare : bool
        See :func:`cxr.imaging.dicom.film.read_dicom`.
    """
    keywords = ("SpecificCharacterSet", *_PERSON, "StudyDate", "StudyTime")
    try:
        ds, _ = data_set(data, bare, [tag_for_keyword(keyword) for keyword in keywords])
        person = [_as_written(ds, keyword) for keyword in _PERSON]
        return Whose(_hashed(person, key), _taken(ds))
    except UnreadableFile:
        return Whose()


def _as_written(ds: Dataset, keyword: str) -> bytes:
    """The very bytes: letters that cannot be decoded tell patients apart, too."""
    with decoding():
        found = ds.get_item(keyword) if keyword in ds else None
        held = found.value if isinstance(found, RawDataElement) else b""
        return bytes(held or b"").strip(b" \0")


def _hashed(person: list[bytes], key: bytes) -> str:
    if _NOBODY.fullmatch(person[0].decode("ascii", "replace").upper()):
        return ""
    return hashlib.blake2b(b"\\".join(person), key=key, digest_size=16).hexdigest()


def _taken(ds: Dataset) -> datetime | None:
    day = re.fullmatch(r"(\d{4})[.\-/]?(\d\d)[.\-/]?(\d\d)", text(ds, "StudyDate"))
    if day is None:
        return None
    time = re.match(r"([01]\d|2[0-3]):?([0-5]\d)", text(ds, "StudyTime"))
    year, month, number = map(int, day.groups())
    hour, minute = map(int, time.groups()) if time else (0, 0)
    try:
        return datetime(year, month, number, hour, minute)
    except ValueError:
        return None
