"""Rows that hold each other: what was edited, taken out or moved is found."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

START = "0" * 64
"""What stands before the first row."""


@dataclass(frozen=True)
class AuditRow:
    """One row as it is kept.

    Attributes
    ----------
    seq : int
        1, 2, 3, …, without a gap.
    body : str
        An event and its `seq` as JSON.
    before, hash : str
        Of the row before it, and of `before` and `body`.
    """

    seq: int
    body: str
    before: str
    hash: str


@dataclass(frozen=True)
class ChainHead:
    """The end of a chain: how many rows, and the last one's hash, which stands for all of them."""

    seq: int = 0
    hash: str = START

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


def follow(head: ChainHead, event: dict[str, object]) -> AuditRow:
    """The row that comes after `head`."""
    seq = head.seq + 1
    body = json.dumps({"seq": seq, **event}, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return AuditRow(seq, body, head.hash, _hash(head.hash, body))


def _hash(before: str, body: str) -> str:
    return sha256(f"{before}\n{body}".encode()).hexdigest()


def breaks(rows: Iterable[AuditRow], head: ChainHead, heads: Iterable[str] = ()) -> Iterator[str]:
    """What is wrong with a log, as sentences; nothing where it is as it was written.

    Parameters
    ----------
    rows : iterable of AuditRow
        By `seq`.
    head : ChainHead
        As the log itself says it ends.
    heads : iterable of str
        Of exports (``str(ChainHead)``): each must be a place in this chain. Only these find a log
        that was written anew from some row on, or cut, by somebody who could change all of it.
    """
    wanted: dict[int, set[str]] = {}
    for seq, digest in map(_parted, heads):
        wanted.setdefault(seq, set()).add(digest)
    last = ChainHead()
    for row in rows:
        if row.seq != last.seq + 1:
            yield f"Rows {last.seq + 1} to {row.seq - 1}: missing."
        elif row.before != last.hash:
            yield f"Row {row.seq}: does not follow the row before it."
        if _hash(row.before, row.body) != row.hash or told_of(row).get("seq") != row.seq:
            yield f"Row {row.seq}: not as it was written, or in another place."
        last = ChainHead(row.seq, row.hash)
        if wanted.pop(row.seq, {row.hash}) != {row.hash}:
            yield f"Row {row.seq}: not the one that an export speaks of."
    if last.seq < head.seq:
        yield f"The last {head.seq - last.seq} rows are missing, from row {last.seq + 1} on."
    elif last != head:
        yield "The log does not end where it says."
    for seq in sorted(seq for seq in wanted if seq > last.seq):
        yield f"Row {seq}: missing, and an export speaks of it."


def _parted(text: str) -> tuple[int, str]:
    seq, _, digest = text.partition(":")
    return (int(seq) if seq.isdecimal() else 10**18), digest


def told_of(row: AuditRow) -> dict[str, Any]:
    """What a row tells; nothing where somebody made its text something else."""
    try:
        told = json.loads(row.body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
