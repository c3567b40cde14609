"""``python -m cxr audit …``: whether the log is as it was written, and what it holds."""

from __future__ import annotations

import csv
import io
import json
import sys
from argparse import Namespace, _SubParsersAction
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import ReviewError


def add(commands: _SubParsersAction[Any]) -> None:
    """The command's options."""
    audit = commands.add_parser("audit", help="the log of what was shown and said")
    parts = audit.add_subparsers(dest="part", required=True)
    verify = parts.add_parser("verify", help="find any row that was edited, taken out or moved")
    verify.add_argument(
        "--export",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a report, scores, a recall list or verdicts that left the app: the log must hold "
        "the row that was its last then",
    )
    show = parts.add_parser("show", help="every row, a JSON object a line")
    show.add_argument("--film", metavar="SHA256", help="of one film alone, by how its hash begins")
    for part in (verify, show):
        part.add_argument("--log", metavar="PLACE", help="else CXR_AUDIT")


def run(asked: Namespace) -> int:
    """Do what was asked; returns the exit status: 1 where the log is not as it was written.

    Raises
    ------
    ReviewError
    """
    from .chain import breaks, told_of
    from .log import Log, exists, setting

    place = asked.log or setting()
    if not exists(place):
        raise ReviewError("no_log", "There is no audit log there. The app begins it.")
    log = Log(place)
    with log.whole() as (rows, head):
        if asked.part == "show":
            for row in rows:
                if not asked.film or str(told_of(row).get("film", "")).startswith(asked.film):
                    print(row.body)
            return 0
        heads = [text for path in asked.export for text in _heads(path)]
        found = list(breaks(rows, head, heads))
    if found:
        print(*found, sep="\n")
        return 1
    print(f"{head.seq} rows, none edited, taken out or moved. It ends at {head}.")
    if not asked.export:
        print(
            "That cannot find a log that was written anew as a whole: give an --export of before.",
            file=sys.stderr,
        )
    return 0


def _heads(path: Path) -> Iterator[str]:
    """The heads of the log that an export carries.

    Raises
    ------
    ReviewError
        ``no_head``.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        if text.lstrip().startswith("{"):
            found = {str(json.loads(text).get("log_head") or "")}
        else:
            found = {str(row.get("log_head") or "") for row in csv.DictReader(io.StringIO(text))}
    except (OSError, ValueError, RecursionError, csv.Error):
        found = set()
    if not any(found):
        raise ReviewError("no_head", "An export that was given carries no head of an audit log.")
    return (text for text in found if text)
