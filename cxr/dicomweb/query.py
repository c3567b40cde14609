"""What films a PACS holds: by date, modality, part of the body, accession; those not read yet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from pydicom.dataset import Dataset

from ..errors import NotARadiograph, PacsError
from ..imaging.dicom import tag_checks
from .client import Answers, connect, text  # first: it says which extra is needed
from .reference import REPORT, Reference, is_uid, series_of
from .session import ask
from .settings import Pacs

if TYPE_CHECKING:
    from dicomweb_client.web import DICOMwebClient

MODALITIES = ("CR", "DX")
CHEST = "CHEST"
MOST = 50
"""Films that one search lists."""

LONGEST = 20
"""Films that a series of radiographs may hold: what holds more is a sequence, or no film."""

_PART = "00180015"
_PAGE = 50
_MOST_PAGES = 20
_MOST_SERIES = 200


@dataclass(frozen=True)
class Query:
    """What is searched for.

    Attributes
    ----------
    since, until : date, optional
        Of the study, both included.
    modality : str
        "CR", "DX", or "" for either.
    body_part : str
        "CHEST", which also takes films whose tags name no part, or the chest in another language;
        else a term as the films' tags have it, which leaves out films that name none, or "" for
        any.
    accession : str
        Its number; "" for any.
    unread : bool
        Only films for which the PACS has no report of this program.
    most : int
    """

    since: date | None = None
    until: date | None = None
    modality: str = ""
    body_part: str = CHEST
    accession: str = ""
    unread: bool = False
    most: int = MOST

    def __post_init__(self) -> None:
        if self.modality not in ("", *MODALITIES):
            raise PacsError("bad_query", "Films are CR or DX: nothing else can be read here.")
        if re.search(r"[\\\r\n]", self.accession) or len(self.accession) > 16:
            raise PacsError("bad_query", "An accession number has 16 characters at most.")
        if re.search(r"[\\\r\n]", self.body_part) or len(self.body_part) > 16:
            raise PacsError(
                "bad_query", "A part of the body has 16 characters at most, no backslash."
            )
        if self.since and self.until and self.since > self.until:
            raise PacsError("bad_query", "The first day is after the last.")
        if self.most < 1:
            raise PacsError("bad_query", "At least one film must be asked for.")


@dataclass(frozen=True)
class PacsFilm:
    """A film that a PACS holds. Its patient's name is not asked for.

    Attributes
    ----------
    film : Reference
    date, time, accession, modality, body_part, description : str
        As its study and series state them, "" where they don't.
    read : bool
        Whether the PACS has a report of this program about it.
    """

    film: Reference
    date: str
    time: str
    accession: str
    modality: str
    body_part: str
    description: str
    read: bool

    @property
    def title(self) -> str:
        """In one line."""
        day = f"{self.date[:4]}-{self.date[4:6]}-{self.date[6:8]}" if self.date else "no date"
        clock = f"{self.time[:2]}:{self.time[2:4]}" if len(self.time) >= 4 else ""
        part = self.body_part or "no part named"
        said = (f"{day} {clock}".strip(), self.modality, part, self.accession)
        return " · ".join(part for part in (*said, self.description) if part)


@dataclass(frozen=True)
class SearchResult:
    """What a search gave.

    Attributes
    ----------
    films : tuple of PacsFilm
        The latest first.
    notes : tuple of str
        What was left out, a sentence each.
    """

    films: tuple[PacsFilm, ...]
    notes: tuple[str, ...] = ()


def search(pacs: Pacs, query: Query) -> SearchResult:
    """Films that may be read here.

    The part of the body is looked at here and not by the PACS, which would leave out films that
    name it in another language or not at all.

    Raises
    ------
    PacsError
    """
    client = connect(pacs)
    films: list[PacsFilm] = []
    others = unnamed = long = 0
    notes: list[str] = []
    for study in _studies(client, query, notes):
        if len(films) > query.most:
            break
        uid = text(study, "0020000D")
        series = _series(client, uid)
        held = {text(each, "0020000E") for each in series}
        for each in series:
            if text(each, "00080060") not in _modalities(query):
                continue
            if not _wanted(each, query):
                named = bool(text(each, _PART))
                others, unnamed = others + named, unnamed + (not named)
                continue
            instances = _instances(client, uid, each)
            if instances is None:
                long += 1
                continue
            listed = [_listed(pacs, study, each, name, held) for name in instances]
            films += [film for film in listed if not (query.unread and film.read)]
    films.sort(key=lambda film: (film.date, film.time, str(film.film)), reverse=True)
    if len(films) > query.most:
        notes.append(f"There are more than {query.most} films: narrow the search to see the rest.")
    if others:
        notes.append(f"{others} series of other parts of the body are left out.")
    if unnamed:
        notes.append(f"{unnamed} series of which the PACS names no part of the body are left out.")
    if long:
        notes.append(f"{long} series of more than {LONGEST} images are left out as no films.")
    return SearchResult(tuple(films[: query.most]), tuple(notes))


def _modalities(query: Query) -> tuple[str, ...]:
    return (query.modality,) if query.modality else MODALITIES


def _studies(client: DICOMwebClient, query: Query, notes: list[str]) -> Iterator[dict[str, Any]]:
    """Page by page, each once: a PACS may pass over the filters, or the page that is asked for."""
    seen: set[str] = set()
    for modality in _modalities(query):
        filters = {"ModalitiesInStudy": modality}
        if query.accession:
            filters["AccessionNumber"] = query.accession
        if query.since or query.until:
            days = (f"{day:%Y%m%d}" if day else "" for day in (query.since, query.until))
            filters["StudyDate"] = "-".join(days)
        for page in range(_MOST_PAGES):

            def asked(filters: dict[str, str] = filters, page: int = page) -> Answers:
                return client.search_for_studies(
                    limit=_PAGE, offset=page * _PAGE, search_filters=filters
                )

            answers = ask(asked)
            new = [each for each in answers if text(each, "0020000D") not in seen]
            for each in new:
                seen.add(text(each, "0020000D"))
                if is_uid(text(each, "0020000D")) and _in_time(each, query):
                    yield each
            if len(answers) < _PAGE or not new:
                break
        else:
            notes.append(
                f"Only {_PAGE * _MOST_PAGES:,} studies with {modality} were looked at: narrow the "
                "search by day to see the rest."
            )


def _in_time(study: dict[str, Any], query: Query) -> bool:
    day = text(study, "00080020")
    if not day:
        return not (query.since or query.until)
    after = query.since is None or day >= f"{query.since:%Y%m%d}"
    return after and (query.until is None or day <= f"{query.until:%Y%m%d}")


def _series(client: DICOMwebClient, study: str) -> Answers:
    fields = ["BodyPartExamined", "SeriesDescription"]
    found = ask(lambda: client.search_for_series(study, fields=fields, limit=_MOST_SERIES))
    return [each for each in found if is_uid(text(each, "0020000E"))]


def _wanted(series: dict[str, Any], query: Query) -> bool:
    part = text(series, _PART)
    if not query.body_part:
        return True
    if query.body_part.upper() != CHEST:
        return part.upper() == query.body_part.upper()
    said = Dataset()
    said.BodyPartExamined = part
    try:
        tag_checks.check_body_part(said, [])
    except NotARadiograph:
        return False
    return True


def _instances(
    client: DICOMwebClient, study: str, series: dict[str, Any]
) -> list[tuple[str, str]] | None:
    """Series and instance of its films; None where they are too many to be films."""
    stated = text(series, "00201209")
    if stated.isdecimal() and int(stated) > LONGEST:
        return None
    uid = text(series, "0020000E")
    found = ask(lambda: client.search_for_instances(study, uid, limit=LONGEST + 1))
    names = [(uid, text(each, "00080018")) for each in found]
    return None if len(names) > LONGEST else [name for name in names if is_uid(name[1])]


def _listed(
    pacs: Pacs,
    study: dict[str, Any],
    series: dict[str, Any],
    name: tuple[str, str],
    held: set[str],
) -> PacsFilm:
    return PacsFilm(
        Reference(text(study, "0020000D"), *name, pacs),
        text(study, "00080020"),
        text(study, "00080030"),
        text(study, "00080050"),
        text(series, "00080060"),
        text(series, _PART),
        text(series, "0008103E"),
        series_of(REPORT, name[1]) in held,
    )
