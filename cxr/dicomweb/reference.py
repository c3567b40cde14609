"""Where a film is in a PACS, and under which UIDs results about it are kept there."""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass

from ..errors import PacsError
from .settings import Pacs

REPORT, PICTURE, PRESENTATION = "report", "picture", "presentation"
"""What is sent about a film: a series of each."""

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")


@dataclass(frozen=True)
class Reference:
    """A film in a PACS: :func:`cxr.assess` takes it as it takes a path.

    Attributes
    ----------
    study, series, instance : str
        Its UIDs.
    pacs : Pacs, optional
        The one that is configured by default.
    """

    study: str
    series: str
    instance: str
    pacs: Pacs | None = None

    def __post_init__(self) -> None:
        for uid in (self.study, self.series, self.instance):
            if not is_uid(uid):
                raise PacsError(
                    "bad_reference", "A film in a PACS is named by UIDs: STUDY/SERIES/INSTANCE."
                )

    def __str__(self) -> str:
        return f"{self.study}/{self.series}/{self.instance}"


def reference(text: str, pacs: Pacs | None = None) -> Reference:
    """Of STUDY/SERIES/INSTANCE.

    Raises
    ------
    PacsError
        ``bad_reference``
    """
    parts = text.strip().split("/")
    study, series, instance = parts if len(parts) == 3 else ("", "", "")
    return Reference(study, series, instance, pacs)


def is_uid(text: str) -> bool:
    """Whether it is written as DICOM's UIDs are."""
    return len(text) <= 64 and _UID.fullmatch(text) is not None


def uid_of(*parts: str) -> str:
    """A UID that is the same whenever the parts are, so that nothing is kept twice.

    It is one of the UIDs that DICOM derives from a UUID (PS3.5, B.2), here from one of a hash.
    """
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return f"2.25.{uuid.UUID(bytes=digest[:16], version=5).int}"


def series_of(kind: str, film: str) -> str:
    """UID of the series that holds all results of a kind about a film.

    Whatever network they are by: a film for which the PACS has it was read.

    Parameters
    ----------
    kind : {"report", "picture", "presentation"}
    film : str
        Its SOP Instance UID.
    """
    return uid_of("CXR Lens", kind, film)
