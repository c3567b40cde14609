"""``python -m cxr pacs …`` and ``python -m cxr receive``."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace, _SubParsersAction
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..dicom_out import command as dicom_out
from ..dicomweb.reference import Reference, reference
from ..dicomweb.settings import IN_VAIN, needed
from ..errors import CxrError, PacsError
from ..site_profiles.options import model_of

if TYPE_CHECKING:
    from ..dicomweb.query import PacsFilm


def add(commands: _SubParsersAction[Any]) -> None:
    """The commands' options."""
    pacs = commands.add_parser(
        "pacs",
        help="films of the PACS that CXR_PACS names",
        description="Set up by CXR_PACS.",
    )
    parts = pacs.add_subparsers(dest="part", required=True)
    query = parts.add_parser("query", help="list films")
    query.add_argument("--json", action="store_true", help="one JSON object a line")
    _searched(query)
    fetch = parts.add_parser("fetch", help="write films to a folder")
    fetch.add_argument("films", nargs="*", metavar="STUDY/SERIES/INSTANCE")
    fetch.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    _searched(fetch)
    send = parts.add_parser("send", help="read films, and send what is said of each")
    send.add_argument("films", nargs="*", metavar="FILE|STUDY/SERIES/INSTANCE")
    dicom_out.add_shown(send)
    _searched(send)
    receive = commands.add_parser("receive", help="take films in by C-STORE")
    receive.add_argument("folder", type=Path, metavar="FOLDER", help="where they are written")
    receive.add_argument("--port", type=int, default=11112)
    receive.add_argument("--address", default="127.0.0.1", help="this machine alone by default")
    receive.add_argument("--title", default="CXRLENS", help="the AE title that it answers to")
    receive.add_argument(
        "--from", dest="senders", action="append", metavar="TITLE", help="take from these alone"
    )


def _searched(parser: ArgumentParser) -> None:
    parser.add_argument("--since", type=_day, metavar="DATE", help="2026-11-28")
    parser.add_argument("--until", type=_day, metavar="DATE")
    parser.add_argument("--modality", default="", metavar="CR|DX")
    parser.add_argument("--body-part", default="CHEST", metavar="TERM", help="'' for any")
    parser.add_argument("--accession", default="", metavar="NUMBER")
    parser.add_argument("--unread", action="store_true", help="without a report of this program")
    parser.add_argument("--most", type=int, default=50, metavar="N", help="films, at most")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("a date is written 2026-11-28") from None


def run(asked: Namespace) -> int:
    """Do what was asked; returns the exit status.

    Raises
    ------
    CxrError
    """
    if asked.command == "receive":
        from .receive import serve

        return serve(asked.folder, asked.port, asked.address, asked.title, asked.senders or ())
    if asked.part == "query":
        for film in _search(asked):
            print(_json_line(film) if asked.json else _line(film))
        return 0
    return _fetch(asked) if asked.part == "fetch" else _send(asked)


def _search(asked: Namespace) -> tuple[PacsFilm, ...]:
    from ..dicomweb.query import Query, search

    query = Query(
        asked.since,
        asked.until,
        asked.modality.upper(),
        asked.body_part,
        asked.accession,
        asked.unread,
        asked.most,
    )
    found = search(needed(), query)
    print(*found.notes, sep="\n", end="\n" if found.notes else "", file=sys.stderr)
    return found.films


def _line(film: PacsFilm) -> str:
    return f"{'read' if film.read else 'unread':6}  {film.title}  {film.film}"


def _json_line(film: PacsFilm) -> str:
    shown = ("date", "time", "accession", "modality", "body_part", "description", "read")
    return json.dumps({"film": str(film.film), **{name: getattr(film, name) for name in shown}})


def _named(asked: Namespace) -> Iterable[str | Reference]:
    """Films that were named, else those that a search finds.

    Raises
    ------
    PacsError
        ``bad_request``: both were asked for.
    """
    alone = ArgumentParser()
    _searched(alone)
    unasked = vars(alone.parse_args([]))
    if asked.films and any(getattr(asked, name) != value for name, value in unasked.items()):
        raise PacsError(
            "bad_request", "Name films, or search for them: what is named is not searched for."
        )
    return asked.films or [film.film for film in _search(asked)]


def _data(film: str | Reference) -> bytes:
    from ..dicomweb.client import fetch

    if isinstance(film, Reference):
        return fetch(film)
    try:
        if not (path := Path(film)).is_file():
            return fetch(reference(film, needed()))
        return path.read_bytes()
    except OSError as error:
        raise PacsError("not_kept", f"A film cannot be read: {error.strerror}.") from None


def _fetch(asked: Namespace) -> int:
    from .receive import keep

    failed = 0
    for name in _named(asked):
        try:
            film = name if isinstance(name, Reference) else reference(name, needed())
            print(keep(asked.out, film.instance, _data(film)))
        except CxrError as refusal:
            failed += 1
            _tell(str(name), refusal)
    return 1 if failed else 0


def _send(asked: Namespace) -> int:
    from ..dicomweb.client import store

    dicom_out.check(asked)
    pacs, model = needed(), model_of(asked)
    failed = 0
    for film in _named(asked):
        try:
            made = dicom_out.made_of(_data(film), model, asked)
            sent, there = store(pacs, [each.data for each in made])
        except CxrError as refusal:
            failed += 1
            _tell(str(film), refusal)
        else:
            print(f"{film}: {sent} sent, {there} there already", flush=True)
    return 1 if failed else 0


def _tell(name: str, refusal: CxrError) -> None:
    if refusal.code in {*IN_VAIN, "no_highdicom", "bad_window"}:
        raise refusal
    print(f"{name}: {refusal}", file=sys.stderr)
