"""One row of the review: who said what of which case, and when.

Rows are never changed. A changed mind is a new row, and a verdict taken back is a row of its own
that names the one it takes back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime

from ..errors import ReviewError
from ..manifest import case_of

KINDS = ("blind", "verdict", "consensus", "withdrawn")
JUDGING = ("verdict", "consensus")
"""Kinds that hold one of :data:`VERDICTS`, and that can be taken back."""
CONSENSUS = "consensus"
"""What stands in the reader's place where the readers of a case have agreed: no reader's name."""
VERDICTS = (
    *("call_right", "model_wrong", "label_wrong", "other_disease"),
    *("unreadable", "subtle", "unsure"),
)
SEVERITIES = ("none", "minor", "major")
CONFIDENCES = ("low", "fair", "high")
LONGEST_NAME = 60
LONGEST_NOTE = 4000
_PATTERNS = {
    "key": "[0-9a-f]{32}",
    "case": "[0-9a-f]{12}",
    "bundle": "[0-9a-f]{64}",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z",
    "withdraws": "([0-9a-f]{32})?",
    "mark": r"(\.\d{4}(,\.\d{4}){3})?",
    "profile": "([0-9a-f]{64})?",
}
_CHOICES = {
    "kind": KINDS,
    "verdict": ("", *VERDICTS),
    "severity": ("", *SEVERITIES),
    "confidence": ("", *CONFIDENCES),
}


@dataclass(frozen=True)
class Entry:
    """One row; "" wherever something was not said.

    Attributes
    ----------
    key : str
        32 hexadecimal digits, drawn when the form was shown: a form sent twice is one row.
    kind : {"blind", "verdict", "consensus", "withdrawn"}
        A read before anything of the model was shown; a verdict; the verdict that several readers
        of a case have come to together; a verdict or a consensus taken back.
    reader : str
        Whoever said it; of a consensus, who wrote it down.
    case, image : str
        First 12 hexadecimal digits of sha256(image); path below the data folder.
    bundle : str
        The network's sha256, 64 hexadecimal digits.
    label, called : str
        The data's label and the model's, as they were shown.
    verdict : str
        One of :data:`VERDICTS`.
    correction : str
        The right label, for the verdict ``label_wrong``.
    severity, note : str
    read, confidence : str
        The reader's own label: of kind ``blind`` before, of kind ``verdict`` after the model's.
    withdraws : str
        Key of what is taken back.
    time : str
        UTC, ISO 8601 with microseconds and Z; "" until the row is kept.
    mark : str
        A box round what the reader means, as :func:`marked` writes it.
    hospital, profile : str
        Name and identity of the hospital profile that the call and the maps went by; "" where they
        were as shipped.
    took_part : str
        Of a consensus, the readers who came to it, a line each.
    """

    key: str
    kind: str
    reader: str
    case: str
    image: str
    bundle: str
    label: str = ""
    called: str = ""
    verdict: str = ""
    correction: str = ""
    severity: str = ""
    note: str = ""
    read: str = ""
    confidence: str = ""
    withdraws: str = ""
    time: str = ""
    mark: str = ""
    hospital: str = ""
    profile: str = ""
    took_part: str = ""

    @property
    def behind(self) -> tuple[str, ...]:
        """Whose word it is."""
        return tuple(self.took_part.split("\n")) if self.took_part else (self.reader,)


FIELDS = tuple(field.name for field in fields(Entry))
LATER = ("mark", "hospital", "profile", "took_part")
"""Fields that rows of earlier versions lack."""
Box = tuple[float, float, float, float]


def marked(box: Box) -> str:
    """Left, top, width and height in shares of the film, as text of one length."""
    return ",".join(f"{min(max(share, 0), 0.9999):.4f}"[1:] for share in box)


def box_of(mark: str) -> Box | None:
    """The box that :func:`marked` wrote; None for none."""
    if not mark:
        return None
    left, top, width, height = map(float, mark.split(","))
    return left, top, width, height


def clean(text: str) -> str:
    """Text without control characters, which databases and spreadsheets refuse or act on; line
    breaks stay."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return "".join(c for c in lines if c == "\n" or c.isprintable())


def tidy(text: str) -> str:
    """Text of one line, for names: cleaned, single spaces."""
    return " ".join(clean(text).split())


def utc(timespec: str = "seconds") -> str:
    """The time as ISO 8601 with a Z, as fine as `timespec` of :meth:`datetime.isoformat`."""
    return datetime.now(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def checked(entry: Entry) -> Entry:
    """The same row, its text cleaned.

    Raises
    ------
    ReviewError
        ``reserved_name``: a reader called :data:`CONSENSUS`; ``bad_entry``: a value that no form
        gives.
    """
    entry = replace(entry, reader=tidy(entry.reader), note=clean(entry.note))
    if is_reserved(entry.reader) or any(map(is_reserved, entry.behind)):
        raise ReviewError(
            "reserved_name",
            "“consensus” is no reader’s name: what several readers agree on stands under it. Give "
            "the name of whoever read.",
        )
    wrong = [
        *(name for name, p in _PATTERNS.items() if not re.fullmatch(p, getattr(entry, name))),
        *(name for name, known in _CHOICES.items() if getattr(entry, name) not in known),
        *_senseless(entry),
    ]
    if wrong:
        raise ReviewError(
            "bad_entry", f"This is no row of a review: see {', '.join(dict.fromkeys(wrong))}."
        )
    return entry


def is_reserved(name: str) -> bool:
    """Whether no reader may be called so."""
    return tidy(name).casefold() == CONSENSUS


def withdrawal(of: Entry, key: str) -> Entry:
    """The row that takes another of the same reader back."""
    return Entry(
        key,
        "withdrawn",
        of.reader,
        of.case,
        of.image,
        of.bundle,
        label=of.label,
        called=of.called,
        withdraws=of.key,
        hospital=of.hospital,
        profile=of.profile,
    )


def _senseless(entry: Entry) -> Iterable[str]:
    if not 1 <= len(entry.reader) <= LONGEST_NAME:
        yield "reader"
    if tidy(entry.hospital) != entry.hospital or bool(entry.hospital) != bool(entry.profile):
        yield "hospital"
    if len(entry.note) > LONGEST_NOTE:
        yield "note"
    if any(clean(text) != text for text in (entry.label, entry.called, entry.correction)):
        yield "label"
    if clean(entry.read) != entry.read:
        yield "read"
    if not entry.image or clean(entry.image) != entry.image or case_of(entry.image) != entry.case:
        yield "image"
    try:
        datetime.fromisoformat(entry.time)
    except ValueError:
        yield "time"
    if bool(entry.verdict) != (entry.kind in JUDGING):
        yield "verdict"
    if bool(entry.withdraws) != (entry.kind == "withdrawn"):
        yield "withdraws"
    if entry.kind == "blind" and not (entry.read and entry.confidence):
        yield "read"
    if entry.mark and entry.kind != "verdict":
        yield "mark"
    if entry.correction and entry.verdict != "label_wrong":
        yield "correction"
    names = entry.took_part.split("\n")
    together = len(set(names)) == len(names) > 1 and all(
        name == tidy(name) and 1 <= len(name) <= LONGEST_NAME for name in names
    )
    if (entry.kind == "consensus") != together or (entry.took_part and not together):
        yield "took_part"


def standing(entries: Iterable[Entry], kind: str = "verdict") -> dict[tuple[str, str], Entry]:
    """What each reader says of each case now: the latest row of a kind that was not taken back.

    Parameters
    ----------
    entries : iterable of Entry
        Of one model, or of several: then the latest of any.
    kind : {"verdict", "blind", "consensus"}

    Returns
    -------
    dict of (case, reader) to Entry
    """
    rows = list(entries)
    gone = {row.withdraws for row in rows if row.kind == "withdrawn"}
    kept = [row for row in rows if row.kind == kind and row.key not in gone]
    return {(row.case, row.reader): row for row in sorted(kept, key=lambda row: row.time)}


def open_to(reader: str, entries: Iterable[Entry]) -> list[Entry]:
    """The rows that a reader may see: his own, and all of the cases that he judges under the same
    model and profile, by a verdict that stands."""
    rows = list(entries)
    gone = {row.withdraws for row in rows if row.kind == "withdrawn"}
    judged = {
        _judged(row)
        for row in rows
        if row.kind == "verdict" and row.reader == reader and row.key not in gone
    }
    return [row for row in rows if row.reader == reader or _judged(row) in judged]


def _judged(row: Entry) -> tuple[str, str, str]:
    return row.bundle, row.profile, row.case


def consensus(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Case → the consensus that stands: the latest that was not taken back."""
    latest = sorted(standing(entries, "consensus").values(), key=lambda row: row.time)
    return {row.case: row for row in latest}


def settled(entries: Iterable[Entry]) -> dict[tuple[str, str], Entry]:
    """As :func:`standing`, but where a case has a consensus that alone, under :data:`CONSENSUS`:
    what labels go by."""
    rows = list(entries)
    agreed = consensus(rows)
    alone = {who: row for who, row in standing(rows).items() if who[0] not in agreed}
    return alone | {(case, CONSENSUS): row for case, row in agreed.items()}
