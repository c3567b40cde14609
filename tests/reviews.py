"""Rows of a review that several tests write."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cxr.manifest import case_of
from cxr.review.entries import Entry
from cxr.review.store import new_key

BUNDLE = "b" * 64


def verdict(reader: str = "A", image: str = "images/1.jpg", **values: Any) -> Entry:
    """A row as a form gives it, without a time."""
    given = {"verdict": "model_wrong", "label": "T", "called": "N", "bundle": BUNDLE, **values}
    return Entry(new_key(), "verdict", reader, case_of(image), image, **given)


def blind(reader: str = "A", image: str = "images/1.jpg", read: str = "T") -> Entry:
    return Entry(
        new_key(), "blind", reader, case_of(image), image, BUNDLE, read=read, confidence="fair"
    )


def consensus(*readers: str, image: str = "images/1.jpg", **values: Any) -> Entry:
    """As the first of them writes it down."""
    row = verdict(readers[0], image, **values)
    return replace(row, kind="consensus", took_part="\n".join(sorted(readers)))


def withdrawn(row: Entry) -> Entry:
    return Entry(
        new_key(), "withdrawn", row.reader, row.case, row.image, row.bundle, withdraws=row.key
    )


def moment(second: int) -> str:
    return f"2026-01-01T00:00:{second:02d}.000000Z"
