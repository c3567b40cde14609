"""Films of a PACS, day by day, as ``pacs:2026-01-01..2026-01-31``: CR and DX of the chest."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date, timedelta

from ..dicomweb.reference import reference
from ..dicomweb.settings import needed
from ..errors import PacsError, ScreenError, UnreadableFile
from ..imaging.decode_limits import check_bytes

_BEGINS = "pacs:"
_OF_THE_FILM = {"not_in_pacs", "other_film", "half_an_answer", "pacs_too_large", "pacs_failed"}
"""Codes of what the next film need not meet too."""
_A_DAY = 100_000
"""Films of one, at most."""


def is_query(given: str) -> bool:
    """Whether SOURCE is in a PACS."""
    return given.startswith(_BEGINS)


def days(given: str) -> tuple[date, date]:
    """The first and the last of a SOURCE, which may be one.

    Raises
    ------
    ScreenError
        ``no_source``.
    """
    first, _, last = given.removeprefix(_BEGINS).partition("..")
    try:
        found = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        found = date.max, date.min
    if found[0] > found[1]:
        raise ScreenError(
            "no_source", "Films of a PACS are named by days: pacs:2026-01-01..2026-01-31."
        )
    return found


def films(given: str) -> Iterator[str]:
    """``pacs:STUDY/SERIES/INSTANCE`` of each, by day. What a search leaves out is told.

    Raises
    ------
    ScreenError
        ``no_source``, and as :func:`cxr.dicomweb.query.search`.
    """
    day, last = days(given)
    try:
        from ..dicomweb.query import Query, search

        pacs = needed()
        while day <= last:
            found = search(pacs, Query(since=day, until=day, most=_A_DAY))
            for note in found.notes:
                print(f"{day}: {note}", file=sys.stderr)
            yield from sorted(f"{_BEGINS}{each.film}" for each in found.films)
            day += timedelta(days=1)
    except PacsError as error:
        raise ScreenError(error.code, error.message) from error


def fetch(place: bytes) -> bytes:
    """The bytes of a film.

    Raises
    ------
    UnreadableFile
        It cannot be had.
    ScreenError
        No film can.
    """
    try:
        from ..dicomweb import client

        data = client.fetch(reference(place.decode().removeprefix(_BEGINS)))
    except PacsError as error:
        kind = UnreadableFile if error.code in _OF_THE_FILM else ScreenError
        raise kind(error.code, error.message) from error
    check_bytes(len(data))
    return data
