"""A table of results, opened to be looked through: what is asked for is read, not the whole."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from numpy.typing import NDArray
from pyarrow import compute as pc
from pyarrow import parquet as pq

from .. import spreadsheet
from ..batch.parquet import SUMMARY
from ..batch.scores import Comparison
from ..errors import CxrError, ScreenError, UnreadableFile
from ..sources import dicomdir
from ..sources.films import fetch_path

_WORDS = ("decision", "refusal", "flags")
_TEXT = (*_WORDS, "path", "sha256")
_RECALL = (
    "path",
    "sha256",
    "study",
    "view",
    "log_odds",
    "decision",
    "flags",
    "network",
    "hospital",
)

Numbers = NDArray[np.int64]
"""Rows of the table, counted from 0."""
Row = dict[str, Any]


@dataclass(frozen=True)
class ResultFilter:
    """Which films are looked for; None: any.

    Attributes
    ----------
    decision, refusal : str or None
        Decision; code of a refusal.
    check, without : str or None
        Code of a check that flagged the film; of one that did not.
    low, high : float or None
        Log-odds, both ends included. A film without a score has none.
    """

    decision: str | None = None
    refusal: str | None = None
    check: str | None = None
    without: str | None = None
    low: float | None = None
    high: float | None = None


class Results:
    """A table that ``python -m cxr screen`` wrote.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    about : dict
        What the run went by, as the table states it.
    decisions, refusals, checks : dict of str to int
        How many films each has, the most frequent first, as the run counted them.
    scores : Comparison or None
        How its scores lie beside known ones, as the run found.

    Raises
    ------
    ScreenError
        ``no_results``, ``bad_results``.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = pq.ParquetFile(path)
            schema = self._file.schema_arrow
            self.about = _about(schema)
            texts = all(pa.types.is_string(schema.field(name).type) for name in _TEXT)
            if not texts or not pa.types.is_floating(schema.field("log_odds").type):
                raise _bad()
            told = json.loads(self._file.metadata.metadata[SUMMARY.encode()])
            self.decisions, self.refusals = dict(told["decisions"]), dict(told["refusals"])
            self.checks = dict(told["flags"])
            self.scores = Comparison(**told["scores"]) if told["scores"] else None
            held = self._file.read(columns=[*_WORDS, "log_odds"]).combine_chunks()
        except OSError as error:
            raise ScreenError(
                "no_results", f"The table of results cannot be read: {error.strerror or error}."
            ) from error
        except (pa.ArrowException, ValueError, KeyError, TypeError) as error:
            raise _bad() from error
        self._held = held
        self._flags = pc.unique(held["flags"]).drop_null().to_pylist()
        self._lock = Lock()  # sessions share the file, and Arrow promises nothing for threads
        # Stable, so that films of one score stay in the table's order; those without come last.
        order = pc.sort_indices(held, sort_keys=[("log_odds", "descending")])
        self._order: Numbers = order.to_numpy().astype(np.int64)
        sizes = [
            self._file.metadata.row_group(g).num_rows for g in range(self._file.num_row_groups)
        ]
        self._starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])

    def __len__(self) -> int:
        return len(self._held)

    def find(self, wanted: ResultFilter) -> Numbers:
        """The films that are looked for, highest log-odds first."""
        masks = []
        if wanted.decision is not None:
            masks.append(pc.equal(self._held["decision"], wanted.decision))
        if wanted.refusal is not None:
            masks.append(pc.equal(self._held["refusal"], wanted.refusal))
        if wanted.check is not None:
            masks.append(self._flagged(wanted.check))
        if wanted.without is not None:
            masks.append(pc.invert(self._flagged(wanted.without)))
        if wanted.low is not None:
            masks.append(pc.greater_equal(self._held["log_odds"], wanted.low))
        if wanted.high is not None:
            masks.append(pc.less_equal(self._held["log_odds"], wanted.high))
        if not masks:
            return self._order
        kept = np.logical_and.reduce([pc.fill_null(mask, False).to_numpy() for mask in masks])
        found: Numbers = self._order[kept[self._order]]
        return found

    def _flagged(self, check: str) -> pa.ChunkedArray:
        having = [flags for flags in self._flags if check in flags.split()]
        return pc.is_in(self._held["flags"], pa.array(having, pa.string()))

    def rows(self, numbers: Sequence[int] | Numbers, names: Collection[str]) -> list[Row]:
        """What some columns say of some films, in the order asked for; columns that the table
        lacks are left out.

        Raises
        ------
        ScreenError
            ``bad_results``.
        """
        found: list[Row] = self._take(numbers, names).to_pylist()
        return found

    def _take(self, numbers: Sequence[int] | Numbers, names: Collection[str]) -> pa.Table:
        """Row group by row group, so that no more is held than what is asked for."""
        wanted = np.asarray(numbers, np.int64)
        order = np.argsort(wanted)
        ascending = wanted[order]
        cuts = np.searchsorted(ascending, self._starts)
        kept = [name for name in names if name in self._file.schema_arrow.names]
        parts = [self._file.schema_arrow.empty_table().select(kept)]
        for group in np.flatnonzero(np.diff(cuts)).tolist():
            here = ascending[cuts[group] : cuts[group + 1]] - self._starts[group]
            table = self._of_group(group, kept)
            parts.append(table.select(kept).take(pa.array(here)))
        return pa.concat_tables(parts).take(pa.array(np.argsort(order)))

    def find_values(self, name: str, values: Collection[str]) -> dict[str, list[int]]:
        """Value of a column → the rows that have it, for those values that any has.

        Raises
        ------
        ScreenError
            ``bad_results``.
        """
        wanted = pa.array(list(values), pa.string())
        return self._found(name, lambda column: pc.is_in(column, wanted), lambda value: [value])

    def find_endings(self, names: Collection[str]) -> dict[str, list[int]]:
        """Name → the rows whose path is this or ends in it behind a slash; a row may be of several.

        Raises
        ------
        ScreenError
            ``bad_results``.
        """
        lasts = pa.array([name.rpartition("/")[2] for name in names], pa.string())

        def may(column: pa.ChunkedArray) -> pa.ChunkedArray:
            return pc.is_in(pc.replace_substring_regex(column, ".*/", ""), lasts)

        wanted = set(names)

        def endings(path: str) -> list[str]:
            parts = path.split("/")
            ends = ("/".join(parts[at:]) for at in range(len(parts)))
            return [each for each in ends if each in wanted]

        return self._found("path", may, endings)

    def _found(
        self,
        name: str,
        may: Callable[[pa.ChunkedArray], pa.ChunkedArray],
        keys: Callable[[str], list[str]],
    ) -> dict[str, list[int]]:
        """Row group by row group, as columns of text are not held."""
        found: dict[str, list[int]] = {}
        for group in range(self._file.num_row_groups):
            column = self._of_group(group, [name])[name]
            for at in np.flatnonzero(pc.fill_null(may(column), False).to_numpy()).tolist():
                for key in keys(column[at].as_py()):
                    found.setdefault(key, []).append(int(self._starts[group]) + at)
        return found

    def _of_group(self, group: int, names: list[str]) -> pa.Table:
        try:
            with self._lock:
                return self._file.read_row_group(group, columns=names)
        except (OSError, pa.ArrowException) as error:
            raise _bad() from error

    def recall_list(self, numbers: Numbers, log_head: str = "") -> bytes:
        """Films as CSV for those who call people in, in the order given; each row has the notice
        and `log_head`, that of the audit log.

        Raises
        ------
        ScreenError
            ``bad_results``.
        """
        table = self._take(numbers, _RECALL)
        out = io.BytesIO()
        text = io.TextIOWrapper(out, "utf-8-sig", newline="", write_through=True)
        batches = table.to_batches(max_chunksize=10_000)
        rows = ([*row.values(), log_head] for batch in batches for row in batch.to_pylist())
        spreadsheet.write(text, [*table.column_names, "log_head"], rows)
        return out.getvalue()

    def film(self, number: int) -> tuple[str, bytes]:
        """A film's path and its bytes, if they are still those that were scored.

        Raises
        ------
        ScreenError
            ``film_gone``, ``film_changed``, ``bad_results``, and as a store or a PACS fails.
        UnreadableFile
            ``file_too_large``.
        """
        (row,) = self.rows([number], ("path", "sha256"))
        path, mark = row["path"] or "", row["sha256"]
        source = str(self.about.get("source", ""))
        # Those of a list and of a DICOMDIR are relative to it.
        if source.lower().endswith(".csv") or Path(source).name.upper() == dicomdir.NAME:
            path = str(Path(source).parent / path)
        try:
            data = fetch_path(path)
        except UnreadableFile as refusal:
            if refusal.code != "not_found":
                raise
            raise ScreenError(
                "film_gone",
                "The film is not where it was when it was scored, or lies in an archive, from "
                "which this page opens none.",
            ) from None
        if sha256(data).hexdigest() != mark:
            raise ScreenError(
                "film_changed",
                "The file at this place is not the one that was scored, so it is not shown.",
            )
        return path, data


def _about(schema: pa.Schema) -> dict[str, Any]:
    found = json.loads((schema.metadata or {})[b"cxr"])
    if not isinstance(found, dict):
        raise _bad()
    return found


def _bad() -> CxrError:
    return ScreenError(
        "bad_results",
        "This is no table of results, or it is damaged. Write it anew with: python -m cxr screen.",
    )
