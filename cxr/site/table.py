"""A table of a hospital's films: file, label, and whatever else is known of a film."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from ..errors import SiteError

MOST_BYTES = 5_000_000
_FILE = ("file", "filename", "file_name", "image", "film", "path", "name")
_LABEL = ("label", "class", "truth")
_PATIENT = ("patient", "patient_id", "patientid")


@dataclass(frozen=True)
class TableRow:
    """What the table says of one film.

    Attributes
    ----------
    labels : tuple of str
        Every label that it is given: more than one is a contradiction; none, no label.
    patient : str
        "" where it is not said.
    columns : mapping
        Any other column → value.
    """

    labels: tuple[str, ...] = ()
    patient: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)


class LabelTable:
    """Rows by file name.

    Parameters
    ----------
    rows : mapping
        File as the table writes it → row.
    """

    def __init__(self, rows: Mapping[str, TableRow]) -> None:
        self.rows = dict(rows)
        self._whole = {_tidy(name): row for name, row in rows.items()}
        self._last: dict[str, TableRow | None] = {}
        for name, row in self._whole.items():
            for short in {PurePosixPath(name).name, PurePosixPath(name).stem}:
                self._last[short] = None if short in self._last else row

    def find(self, name: str) -> TableRow | None:
        """The row of a file: by its whole path, else by its name with or without an ending, where
        only one row has it."""
        tidy = PurePosixPath(_tidy(name))
        for short in (tidy.name, tidy.stem):
            if str(tidy) in self._whole:
                break
            if (row := self._last.get(short)) is not None:
                return row
        return self._whole.get(str(tidy))


def read_table(data: bytes) -> LabelTable:
    """Read a CSV whose first line names its columns: ``file``, and any of ``label``, ``patient``
    and others. Commas, semicolons or tabs part them.

    A file may stand in several rows: what one says and another leaves out holds.

    Raises
    ------
    SiteError
        ``bad_table``; also where a file is given two patients.
    """
    if len(data) > MOST_BYTES:
        raise _bad("it is far larger than any list of films")
    lines = _text(data).splitlines()
    head = lines[0] if lines else ""
    mark = max(",;\t", key=head.count)
    try:
        found = list(csv.DictReader(io.StringIO("\n".join(lines)), delimiter=mark, restval=""))
    except csv.Error as error:
        raise _bad(str(error)) from error
    names = [name.strip().casefold() for name in next(csv.reader([head], delimiter=mark), [])]
    file = next((name for name in _FILE if name in names), None)
    if file is None:
        raise _bad("no column is called file")
    label = next((name for name in _LABEL if name in names), "")
    patient = next((name for name in _PATIENT if name in names), "")
    rows: dict[str, TableRow] = {}
    for each in found:
        values = {
            name.strip().casefold(): value.strip()
            for name, value in each.items()
            if isinstance(name, str) and isinstance(value, str)
        }
        if not (name := _spelt(values.pop(file, ""))):
            continue
        told = values.pop(label, "") if label else ""
        person = values.pop(patient, "") if patient else ""
        before = rows.get(name, TableRow())
        if person and before.patient and person != before.patient:
            raise _bad(f"it gives {name} two patients, {before.patient} and {person}")
        labels = (*before.labels, told) if told and told not in before.labels else before.labels
        known = {key: value for key, value in before.columns.items() if not values.get(key)}
        rows[name] = TableRow(labels, person or before.patient, {**values, **known})
    if not rows:
        raise _bad("it names no file")
    return LabelTable(rows)


def _text(data: bytes) -> str:
    coding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(coding)
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")  # as spreadsheets of western machines write
    if "\0" in text:
        raise _bad("it is no text")
    return text


def _spelt(name: str) -> str:
    """A path in one spelling; in other letters it may be another file."""
    return name.replace("\\", "/").strip().removeprefix("./")


def _tidy(name: str) -> str:
    return _spelt(name).casefold()


def _bad(why: str) -> SiteError:
    return SiteError(
        "bad_table",
        f"The table cannot be used: {why}. Its first line names the columns: file, label, and if "
        "known patient, age, hiv or others.",
    )
