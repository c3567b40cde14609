"""Whose film it is: patient, study and the film's own UIDs, as its file states them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from ..dicomweb.reference import is_uid
from ..errors import DicomOutError
from ..imaging.decode_limits import decoding
from ..imaging.dicom.film import data_set
from ..imaging.dicom.without_preamble import start_of_data_set

_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")
_SHAPES: Mapping[str, str] = {
    "PatientName": r"[^\\]{1,194}",
    "PatientID": r"[^\\]{1,64}",
    "IssuerOfPatientID": r"[^\\]{1,64}",
    "PatientBirthDate": r"\d{8}",
    "PatientSex": "[MFO]",
    "PatientAge": r"\d{3}[DWMY]",
    "StudyDate": r"\d{8}",
    "StudyTime": r"\d{6}(\.\d{1,6})?",
    "AccessionNumber": r"[^\\]{1,16}",
    "StudyID": r"[^\\]{1,16}",
    "StudyDescription": r"[^\\]{1,64}",
    "ReferringPhysicianName": r"[^\\]{1,194}",
    "BodyPartExamined": r"[A-Z0-9 _]{1,16}",
    "BurnedInAnnotation": "YES|NO",
}
"""What is taken over, and how it must be written. What is not is left out: to copy it would make a
file that a PACS refuses."""

_OPTIONAL = {"IssuerOfPatientID", "PatientAge", "StudyDescription", "BodyPartExamined"}
_ALPHABET = "ISO_IR 192"
"""Of all that is written, whatever the film's: profiles and labels have names in any language."""


def is_dicom(data: bytes) -> bool:
    """Whether the bytes are a DICOM file, with or without its mark."""
    return data[128:132] == b"DICM" or start_of_data_set(data) is not None


def parsed(data: bytes, wanted: Sequence[Any]) -> Dataset:
    """Those tags of a film's file.

    Raises
    ------
    DicomOutError
        ``not_dicom``
    """
    bare = data[128:132] != b"DICM"
    start = start_of_data_set(data) if bare else 0
    if start is None:
        raise DicomOutError(
            "not_dicom", "The film is no DICOM: nothing says which patient and study it belongs to."
        )
    return data_set(data[start:], bare, wanted)[0]


def source_of(data: bytes) -> Dataset:
    """Patient, study and UIDs of a film, in Unicode and well-formed.

    Raises
    ------
    DicomOutError
        ``not_dicom``, ``no_study``
    """
    wanted = [tag_for_keyword(k) for k in (*_UIDS, *_SHAPES, "Rows", "Columns")]
    ds = parsed(data, [*wanted, tag_for_keyword("SpecificCharacterSet")])
    source = Dataset()
    for keyword in _UIDS:
        uid = _text(ds, keyword)
        if not is_uid(uid):
            raise DicomOutError(
                "no_study", "The film does not say which study it belongs to: its UIDs are missing."
            )
        setattr(source, keyword, uid)
    for keyword, shape in _SHAPES.items():
        found = _text(ds, keyword)
        good = re.fullmatch(shape, found) is not None
        if good or keyword not in _OPTIONAL:
            setattr(source, keyword, found if good else "")
    with decoding():
        source.Rows, source.Columns = int(ds.Rows), int(ds.Columns)
    source.SpecificCharacterSet = _ALPHABET
    return source


def _text(ds: Dataset, keyword: str) -> str:
    """A value as text; the first of several, "" for none and for what cannot be decoded."""
    try:
        found = ds.get(keyword)
    except Exception:  # pydicom raises whatever it stumbles over in a broken value
        return ""
    if isinstance(found, MultiValue):
        found = found[0] if found else ""
    return str(found or "").strip(" \0")
