"""One film from a PACS, and results to it."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset

from ..errors import PacsError
from .reference import Reference
from .settings import Pacs, needed

try:
    from dicomweb_client.web import DICOMwebClient
except ModuleNotFoundError:
    raise PacsError(
        "no_dicomweb", "A PACS is asked by the extra pacs: pip install cxr-lens[pacs]."
    ) from None

from .session import TRIES, PacsSession, ask

Answers = list[dict[str, Any]]

_MOST_RESULTS = 1000
"""Of one film and one kind, that a PACS is asked for."""


def connect(pacs: Pacs) -> DICOMwebClient:
    """A client that does not ask again by itself: what may be asked twice, `ask` does."""
    client = DICOMwebClient(pacs.url.rstrip("/"), PacsSession(pacs), timeout=pacs.seconds)
    client.set_http_retry_params(retry=False)
    return client


def fetch(film: Reference) -> bytes:
    """The DICOM file of a film, its pixels as the PACS keeps them.

    Raises
    ------
    PacsError
    """
    client = connect(film.pacs or needed())

    def asked() -> bytes:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they quote values, and values carry names
            found = client.retrieve_instance(film.study, film.series, film.instance)
            if str(found.SOPInstanceUID) != film.instance:
                raise PacsError("other_film", "The PACS sends another film than was asked for.")
            out = io.BytesIO()
            found.save_as(out)
        return out.getvalue()

    return ask(asked)


def store(pacs: Pacs, files: Sequence[bytes]) -> tuple[int, int]:
    """Send results about films; what the PACS holds already is not sent.

    An answer that is lost is no failure: the PACS is asked what has come, and only the rest is sent
    once more.

    Parameters
    ----------
    files : sequence of bytes
        DICOM files, all of one study, that the PACS must hold.

    Returns
    -------
    (int, int)
        How many were sent, and how many were there.

    Raises
    ------
    PacsError
        ``no_study_there``, ``not_stored`` and whatever a PACS may fail at. Nothing is half done: to
        call this again sends what is missing.
    """
    client = connect(pacs)
    waiting: list[Dataset] = [dcmread(io.BytesIO(data)) for data in files]
    studies = {str(ds.StudyInstanceUID) for ds in waiting}
    if len(studies) != 1:
        raise ValueError("results of one study at a time")
    _study_is_there(client, studies.pop())
    there = len(waiting)
    waiting = _missing(client, waiting)
    there -= len(waiting)
    sent = len(waiting)
    for left in reversed(range(TRIES)):
        if not waiting:
            break
        lost = PacsError("not_stored", "The PACS did not keep the results. Try again.")
        try:
            answer = ask(lambda: client.store_instances(waiting), tries=1)  # noqa: B023
        except PacsError as refusal:
            if refusal.code == "pacs_login":
                raise
            lost = refusal
        else:
            kept = {str(each.ReferencedSOPInstanceUID) for each in _stored(answer)}
            waiting = [each for each in waiting if str(each.SOPInstanceUID) not in kept]
        waiting = _missing(client, waiting)
        if waiting and not left:
            raise lost
    return sent, there


def _study_is_there(client: DICOMwebClient, study: str) -> None:
    def asked() -> Answers:
        return client.search_for_studies(search_filters={"StudyInstanceUID": study}, limit=1)

    if study not in {text(each, "0020000D") for each in ask(asked)}:
        raise PacsError(
            "no_study_there",
            "The PACS does not hold this film's study, so nothing is sent: it would be lost there.",
        )


def _stored(answer: Dataset) -> Sequence[Dataset]:
    """What a PACS says that it has stored."""
    said = answer.get("ReferencedSOPSequence") or ()
    return [each for each in said if each.get("ReferencedSOPInstanceUID")]


def _missing(client: DICOMwebClient, files: list[Dataset]) -> list[Dataset]:
    """Those that the PACS does not hold."""
    if not files:
        return []
    held: set[str] = set()
    for study, series in {(str(f.StudyInstanceUID), str(f.SeriesInstanceUID)) for f in files}:

        def asked(study: str = study, series: str = series) -> Answers:
            return client.search_for_instances(study, series, limit=_MOST_RESULTS)

        try:
            held |= {text(each, "00080018") for each in ask(asked)}
        except PacsError as refusal:
            if refusal.code != "not_in_pacs":  # no result of this kind has been sent yet
                raise
    return [each for each in files if str(each.SOPInstanceUID) not in held]


def text(answer: dict[str, Any], tag: str) -> str:
    """The first value of a tag of an answer, "" for none."""
    values = answer.get(tag, {}).get("Value") or [""]
    return str(values[0] if values[0] is not None else "")
