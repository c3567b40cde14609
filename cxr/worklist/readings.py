"""What readers give back, beside a table of results: filled lists of :mod:`cxr.worklist.handout`,
and verdicts as Review exports them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath

import numpy as np

from .. import spreadsheet
from ..errors import ReviewError, ScreenError
from ..review import exchange
from ..review.agreement import Agreement, agreement
from ..review.entries import Entry, standing, tidy
from ..review.relabel import means
from ..spreadsheet import original
from .handout import WRITTEN
from .results import Numbers, Results

MOST_BYTES = exchange.LARGEST


@dataclass(frozen=True)
class Read:
    """What a reader says of a film; "" for what was not said, but for the call."""

    call: str
    sure: str = ""
    note: str = ""


@dataclass(frozen=True)
class Reader:
    """What one reader gave back.

    Attributes
    ----------
    name : str
    said : dict of int to Read
        Row of the table → what was said; films of the same bytes have it all.
    films, listed : int
        Different films that he read, and that his file lists.
    elsewhere : int
        Films that he read and this table does not have, or has several of under his name for it.
    """

    name: str
    said: Mapping[int, Read]
    films: int
    listed: int
    elsewhere: int


class Readings:
    """The readers of a table's films.

    Parameters
    ----------
    results : Results
    files : sequence of (str, bytes)
        Name and content of each. A filled list is of the reader whom its name names.

    Attributes
    ----------
    readers : tuple of Reader
        By name.

    Raises
    ------
    ScreenError
        ``bad_readings``, ``bad_results``.
    """

    def __init__(self, results: Results, files: Sequence[tuple[str, bytes]]) -> None:
        found: dict[str, Reader] = {}
        for name, data in files:
            for reader in _readers(results, name, data):
                if reader.name in found:
                    raise _bad(f"two files are of the reader {reader.name}")
                found[reader.name] = reader
        self.readers = tuple(found[name] for name in sorted(found))
        self._results = results

    def of(self, number: int) -> dict[str, Read]:
        """Reader → what he says of this row's film."""
        return {each.name: each.said[number] for each in self.readers if number in each.said}

    @cached_property
    def read(self) -> Numbers:
        """Rows that anybody has read."""
        return _numbers({row for each in self.readers for row in each.said})

    @cached_property
    def differ(self) -> Numbers:
        """Rows of which readers make different calls; capitals make no difference."""
        calls = {number: self.of(int(number)).values() for number in self.read.tolist()}
        return _numbers(n for n, said in calls.items() if len({_same(s.call) for s in said}) > 1)

    @cached_property
    def agreement(self) -> Agreement:
        """How far they agree beyond chance, film by film."""
        rows = self._results.rows(self.read, ("sha256",))
        marks = dict(zip(self.read.tolist(), (row["sha256"] for row in rows), strict=True))
        return agreement(
            {
                (str(marks[number]), each.name): _same(read.call)
                for each in self.readers
                for number, read in each.said.items()
            }
        )

    def to_csv(self, numbers: Numbers) -> bytes:
        """Films in the order given, a line each, with three columns for each reader."""
        columns = ("path", "sha256", "log_odds", "decision", "refusal", "flags")
        differ = set(self.differ.tolist())
        theirs = [f"{each.name} {column}" for each in self.readers for column in WRITTEN]
        lines = []
        for number, row in zip(numbers.tolist(), self._results.rows(numbers, columns), strict=True):
            said = [each.said.get(number, Read("")) for each in self.readers]
            told = "yes" if number in differ else "no" if any(s.call for s in said) else ""
            lines.append(
                [*row.values(), *(x for s in said for x in (s.call, s.sure, s.note)), told]
            )
        text = io.StringIO()
        spreadsheet.write(text, (*columns, *theirs, "readers_differ"), lines)
        return text.getvalue().encode("utf-8-sig")


def _same(call: str) -> str:
    return call.casefold()


def _numbers(found: Iterable[int]) -> Numbers:
    return np.array(sorted(found), np.int64)


def _readers(results: Results, name: str, data: bytes) -> Iterable[Reader]:
    if len(data) > MOST_BYTES:
        raise _bad(f"one is larger than {MOST_BYTES // 10**6} MB")
    lines = _lines(data)
    header = set(lines[0]) if lines else set()
    if {"sha256", *WRITTEN} <= header:
        yield _list(results, name, lines)
    elif data.lstrip().startswith(b"{") or {"reader", "verdict"} <= header:
        yield from _verdicts(results, data)
    else:
        raise _bad("one is no list that was handed out, and no verdicts as Review exports them")


def _lines(data: bytes) -> list[list[str]]:
    """Of a table as a spreadsheet may have saved it: in its own encoding, with semicolons."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    first = text.partition("\n")[0]
    mark = max(",;\t", key=first.count)
    try:
        return [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=mark) if line]
    except csv.Error:
        return []


def _list(results: Results, name: str, lines: list[list[str]]) -> Reader:
    header = lines[0]
    places = [header.index(column) for column in ("sha256", *WRITTEN)]
    listed: dict[str, Read] = {}
    for line in lines[1:]:
        mark, *said = (original(tidy(line[at])) if at < len(line) else "" for at in places)
        listed[mark.lower()] = Read(*said)
    read = {mark: said for mark, said in listed.items() if said.call}
    where = results.find_values("sha256", read)
    said_of = {number: read[mark] for mark, numbers in where.items() for number in numbers}
    reader = tidy(PurePath(name).stem) or "reader"
    return Reader(reader, said_of, len(where), len(listed), len(read) - len(where))


def _verdicts(results: Results, data: bytes) -> Iterable[Reader]:
    """Review names a film by its path below the data folder, so by how a path ends here."""
    try:
        entries = exchange.from_file(data)
    except ReviewError as error:
        raise _bad(error.message.removeprefix("Nothing was taken in: ").rstrip(".")) from error
    held = {**standing(entries, "blind"), **standing(entries)}
    where = _of_one_film(results, results.find_endings({entry.image for entry in held.values()}))
    for reader in sorted({entry.reader for entry in held.values()}):
        theirs = [entry for entry in held.values() if entry.reader == reader]
        theirs.sort(key=lambda entry: len(entry.image))  # of a row, the longer name says more
        said = {n: _said(e) for e in theirs for n in where.get(e.image, ())}
        found = sum(entry.image in where for entry in theirs)
        yield Reader(reader, said, found, len(theirs), len(theirs) - found)


def _of_one_film(results: Results, where: Mapping[str, list[int]]) -> dict[str, list[int]]:
    """Without the names that rows of different bytes have; what was not read is like no other."""
    rows = sorted({number for numbers in where.values() for number in numbers})
    told = zip(rows, results.rows(rows, ("sha256",)), strict=True)
    marks = {number: row["sha256"] or number for number, row in told}
    return {
        name: numbers for name, numbers in where.items() if len({marks[n] for n in numbers}) == 1
    }


def _said(entry: Entry) -> Read:
    call = entry.read or means(entry) or entry.verdict.replace("_", " ")
    return Read(call, entry.confidence, tidy(entry.note))


def _bad(why: str) -> ScreenError:
    return ScreenError(
        "bad_readings",
        f"The files are not read: {why}. Take lists as they were handed out and filled, and "
        "verdicts as Review exports them.",
    )
