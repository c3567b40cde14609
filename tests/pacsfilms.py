"""Films as a PACS holds them: drawn, of made-up patients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from films import dicom, film

from cxr.dicomweb.reference import Reference, uid_of
from cxr.dicomweb.settings import Pacs
from cxr.errors import PacsError


def stored(number: int = 1, series: int = 1, study: int = 1, **tags: Any) -> bytes:
    """A film with patient, study and UIDs."""
    said = {
        "PatientID": f"PID-{study}",
        "PatientName": "Müller^Jörg",
        "PatientBirthDate": "19600101",
        "PatientSex": "M",
        "SpecificCharacterSet": "ISO_IR 100",
        "StudyDate": "20261101",
        "StudyTime": "101112",
        "AccessionNumber": f"ACC{study}",
        "StudyID": f"S{study}",
        "StudyDescription": "Thorax p.a.",
        "PatientOrientation": ["L", "F"],
        **tags,
    }
    study_uid, series_uid, instance = uids(number, series, study)
    given = ("BodyPartExamined", "PatientName")  # by `dicom`, unless it is told None
    return dicom(
        film(),
        StudyInstanceUID=study_uid,
        SeriesInstanceUID=series_uid,
        SOPInstanceUID=instance,
        **{name: value for name, value in said.items() if value is not None or name in given},
    )


def uids(number: int = 1, series: int = 1, study: int = 1) -> tuple[str, str, str]:
    """Study, series and instance of a film of :func:`stored`."""
    of_study = uid_of("study", str(study))
    of_series = uid_of(of_study, str(series))
    return of_study, of_series, uid_of(of_series, str(number))


def there(pacs: Pacs | None, number: int = 1, series: int = 1, study: int = 1) -> Reference:
    """Where it is."""
    return Reference(*uids(number, series, study), pacs)


def code(call: Callable[..., object], *args: object) -> str:
    """Of the refusal that a call ends with."""
    with pytest.raises(PacsError) as caught:
        call(*args)
    return caught.value.code
