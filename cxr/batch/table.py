"""The rows of a run as Parquet: parts as soon as their films are done, then one table of them."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import parquet as pq

from ..input_checks import limits_of
from ..model.classifier import Classifier
from ..notice import NOTICE
from ..spreadsheet import inert
from . import rows
from .state import State, broken, not_written

SHARD = 2000
"""Films of a part."""
FORMAT = 1


@dataclass
class Counts:
    """What the table came to.

    Attributes
    ----------
    films : int
        Rows.
    decisions, flags, refusals : Counter
        Decision, flag of the input checks, code → films.
    """

    films: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)


class Table:
    """Rows of a run, on their way to its table.

    Parameters
    ----------
    parts : Path
        Folder of the parts.
    state : State
    model : Classifier
    known_hospital : bool
        Whether the films are of hospitals that the model knows.
    given : str
        SOURCE.
    """

    def __init__(
        self, parts: Path, state: State, model: Classifier, known_hospital: bool, given: str
    ) -> None:
        self._parts, self._state = parts, state
        self._films, _ = state.count()
        self._next = 0
        self._same = {
            "network": model.bundle.digest,
            "hospital": model.site and model.site.identity,
        }
        self._schema = _schema(model, known_hospital, given)

    def write_ready(self) -> None:
        """Write the parts whose films all have an answer, as far as the first that has not."""
        while self._next < self._films:
            begin, end = self._next, self._next + SHARD
            if self._state.waits(begin, end):
                return
            path = _part(self._parts, begin)
            if not path.exists():
                found = [{**row, **self._same} for row in self._state.rows(begin, end)]
                with _whole(path, self._parts) as part:
                    pq.write_table(pa.Table.from_pylist(found, self._schema), part)
            self._next = end

    def merge(self, out: Path, csv_out: Path | None) -> Counts:
        """Write the table of all parts, part by part; the same parts give the same bytes."""
        counts = Counts()
        with _whole(out, self._parts) as part, pq.ParquetWriter(part, self._schema) as writer:
            for table in self._read():
                writer.write_table(table)
                counts.films += len(table)
                counts.decisions.update(filter(None, table["decision"].to_pylist()))
                for flags in filter(None, table["flags"].to_pylist()):
                    counts.flags.update(flags.split())
                counts.refusals.update(filter(None, table["refusal"].to_pylist()))
        if csv_out is not None:
            with _whole(csv_out, self._parts) as part:
                self._write_csv(part)
        return counts

    def _read(self) -> Iterator[pa.Table]:
        for begin in range(0, self._films, SHARD):
            try:
                yield pq.read_table(_part(self._parts, begin), schema=self._schema)
            except pa.ArrowInvalid as error:
                raise broken() from error

    def _write_csv(self, path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*self._schema.names, "notice"])
            for table in self._read():
                for row in table.to_pylist():
                    cells = (inert(v) if isinstance(v, str) else v for v in row.values())
                    writer.writerow([*cells, NOTICE])


def clear(parts: Path) -> None:
    """Remove the parts, which belong to another list of films."""
    for path in parts.glob("*.parquet"):
        path.unlink()


def _part(parts: Path, begin: int) -> Path:
    return parts / f"{begin // SHARD:06}.parquet"


@contextmanager
def _whole(path: Path, parts: Path) -> Iterator[Path]:
    """Where to write a file that is there at once or not at all."""
    part = parts / "unfinished"
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise not_written(error) from error


def _schema(model: Classifier, known_hospital: bool, given: str) -> pa.Schema:
    kinds = {str: pa.string(), float: pa.float64()}
    bundle, site, fitted = model.bundle, model.site, limits_of(model)
    about: dict[str, Any] = {
        "format": FORMAT,
        "source": os.fsencode(given).decode(errors="backslashreplace"),
        "network": bundle.told,
        "hospital": site and {"name": site.name, "sha256": site.identity},
        "log_odds": rows.pair_of(model),
        "decision": rows.threshold_of(model, known_hospital),
        "limits": dict(fitted.limits) if fitted else {},
    }
    fields = [(name, kinds[kind]) for name, kind in rows.columns(model).items()]
    return pa.schema(fields, metadata={"notice": NOTICE, "cxr": json.dumps(about)})
