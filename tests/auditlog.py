"""An audit log that tests write and read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cxr.audit.chain import AuditRow, ChainHead, breaks
from cxr.audit.events import Event
from cxr.audit.log import Log
from ui.session import record


def event(number: int = 0, who: str = "A. Reader") -> Event:
    return Event("shown", "5e55", who, {"film": f"{number:064x}"})


def read(place: str) -> tuple[list[AuditRow], ChainHead]:
    log = Log(place)
    with log.whole() as (rows, head):
        found = list(rows)
    log.close()
    return found, head


def told(place: Path, kind: str = "") -> list[dict[str, Any]]:
    """What the app has told its log until now, of one kind or all; the chain is whole."""
    assert record._writer(str(place)).written(60)
    rows, head = read(str(place))
    assert list(breaks(rows, head)) == []
    events = [json.loads(row.body) for row in rows]
    return [each for each in events if kind in ("", each["kind"])]


def found(place: str, *heads: str) -> list[str]:
    rows, head = read(place)
    return list(breaks(rows, head, heads))


def begun(place: str, rows: int = 5) -> ChainHead:
    log = Log(place)
    head = log.add([event(i) for i in range(rows)])
    log.close()
    return head
