"""An audit log that tests write and read."""

from __future__ import annotations

from cxr.audit.chain import AuditRow, ChainHead, breaks
from cxr.audit.events import Event
from cxr.audit.log import Log


def event(number: int = 0, who: str = "A. Reader") -> Event:
    return Event("shown", "5e55", who, {"film": f"{number:064x}"})


def read(place: str) -> tuple[list[AuditRow], ChainHead]:
    log = Log(place)
    with log.whole() as (rows, head):
        found = list(rows)
    log.close()
    return found, head


def found(place: str, *heads: str) -> list[str]:
    rows, head = read(place)
    return list(breaks(rows, head, heads))


def begun(place: str, rows: int = 5) -> ChainHead:
    log = Log(place)
    head = log.add([event(i) for i in range(rows)])
    log.close()
    return head
