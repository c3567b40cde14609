"""The rows of a run as Parquet: parts as soon as their films are done, then one table of them."""

from __future__ import annotations

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

from .. import spreadsheet
from ..input_checks import limits_of
from ..model.classifier import Classifier
from ..notice import NOTICE
from . import table_rows
from .scores import Comparison, Scores, known_of
from .state import State, broken, not_written

SHARD = 2000
"""Films of a part."""
FORMAT = 2
SUMMARY = "summary"
"""Of the table's metadata: :meth:`ScreeningCounts.told`."""


@dataclass
class ScreeningCounts:
    """What the table came to.

    Attributes
    ----------
    films : int
        Rows.
    decisions, flags, refusals : Counter
        Decision, flag of the input checks, code → films.
    scores : Comparison or None
        None where no film has a score, or there are none to hold them against.
    pair : (str, str)
        The labels of the scores.
    without_frontal : int
        Studies of which only lateral or oblique films are there.
    """

    films: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    scores: Comparison | None = None
    pair: tuple[str, str] = ("", "")
    without_frontal: int = 0

    def told(self) -> dict[str, Any]:
        """For JSON, the most frequent first."""
        counted = {"decisions": self.decisions, "flags": self.flags, "refusals": self.refusals}
        return {
            **{
                name: dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))
                for name, found in counted.items()
            },
            "without_frontal": self.without_frontal,
            "scores": self.scores.told() if self.scores else None,
        }


class ScreeningTable:
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
        self._schema = schema_of(model, known_hospital, given)
        self._known = known_of(model, known_hospital)
        self._pair = table_rows.pair_of(model) or ("", "")

    def write_ready(self) -> None:
        """Write the parts whose films all have an answer, as far as the first that has not."""
        while self._next < self._films:
            begin, end = self._next, self._next + SHARD
            if self._state.waits(begin, end):
                return
            path = _part(self._parts, begin)
            if not path.exists():
                found = [{**row, **self._same} for row in self._state.rows(begin, end)]
                with whole(path, self._parts) as part:
                    pq.write_table(pa.Table.from_pylist(found, self._schema), part)
            self._next = end

    def merge(self, out: Path, csv_out: Path | None) -> ScreeningCounts:
        """Write the table of all parts, part by part; the same parts give the same bytes."""
        counts = ScreeningCounts(pair=self._pair, without_frontal=self._state.find_laterals())
        scores = Scores(self._known) if self._known else None
        with whole(out, self._parts) as part, pq.ParquetWriter(part, self._schema) as writer:
            for table in self._read():
                writer.write_table(table)
                counts.films += len(table)
                counts.decisions.update(filter(None, table["decision"].to_pylist()))
                for flags in filter(None, table["flags"].to_pylist()):
                    counts.flags.update(flags.split())
                counts.refusals.update(filter(None, table["refusal"].to_pylist()))
                if scores is not None:
                    scores.add(table["log_odds"].to_numpy())
            counts.scores = scores.compare() if scores else None
            writer.add_key_value_metadata({SUMMARY: json.dumps(counts.told())})
        if csv_out is not None:
            with whole(csv_out, self._parts) as part:
                self._write_csv(part)
        return counts

    def _read(self) -> Iterator[pa.Table]:
        for begin in range(0, self._films, SHARD):
            try:
                part = pq.read_table(_part(self._parts, begin), schema=self._schema)
            except pa.ArrowInvalid as error:
                raise broken() from error
            yield self._with_laterals(part)

    def _with_laterals(self, part: pa.Table) -> pa.Table:
        """The lateral films may be in another part, so no part has them, but the table."""
        studies, refusals = part["study"].to_pylist(), part["refusal"].to_pylist()
        frontal = [None if r else s for s, r in zip(studies, refusals, strict=True)]
        found = self._state.laterals({study for study in frontal if study})
        told = ["; ".join(found[s]) if s in found else None for s in frontal]
        place = part.schema.get_field_index("laterals")
        return part.set_column(place, part.schema.field(place), pa.array(told, pa.string()))

    def _write_csv(self, path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = (row.values() for table in self._read() for row in table.to_pylist())
            spreadsheet.write(file, self._schema.names, rows)


def clear(parts: Path, first: int) -> None:
    """Remove the parts with films of this number and higher, which belong to another list."""
    for path in parts.glob("*.parquet"):
        if path.name >= _part(parts, first).name:
            path.unlink()


def _part(parts: Path, begin: int) -> Path:
    return parts / f"{begin // SHARD:09}.parquet"


@contextmanager
def whole(path: Path, parts: Path) -> Iterator[Path]:
    """Where to write a file that is there at once or not at all."""
    part = parts / "unfinished"
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise not_written(error) from error


def schema_of(model: Classifier, known_hospital: bool, given: str) -> pa.Schema:
    """Columns of the table, and what is said of the run in its metadata."""
    kinds = {str: pa.string(), float: pa.float64()}
    bundle, site, fitted = model.bundle, model.site, limits_of(model)
    about: dict[str, Any] = {
        "format": FORMAT,
        "source": os.fsencode(given).decode(errors="backslashreplace"),
        "network": bundle.told,
        "hospital": site and {"name": site.name, "sha256": site.identity},
        "log_odds": table_rows.pair_of(model),
        "decision": table_rows.threshold_of(model, known_hospital),
        "limits": dict(fitted.limits) if fitted else {},
    }
    fields = [(name, kinds[kind]) for name, kind in table_rows.columns(model).items()]
    return pa.schema(fields, metadata={"notice": NOTICE, "cxr": json.dumps(about)})
