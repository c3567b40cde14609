"""Where the audit log is kept: a database that takes new rows and nothing else, beside that of
verdicts (:mod:`cxr.review.append_only`). `CXR_AUDIT` says where it is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import exc

from ..errors import ReviewError
from ..review.append_only import Database, Words
from ..user_folders import data_home
from .chain import AuditRow, ChainHead, follow
from .events import Event

SETTING = "CXR_AUDIT"
_WORDS = Words(SETTING, "audit log", "audit log")
_tables = sa.MetaData()
_rows = sa.Table(
    "cxr_audit_rows",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("before", sa.Text, nullable=False, unique=True),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
)
_head = sa.Table(
    "cxr_audit_head",
    _tables,
    sa.Column("one", sa.Integer, sa.CheckConstraint("one = 1"), primary_key=True),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
)


def setting() -> str:
    """A path or a URL: `CXR_AUDIT`, else a file in the user's data folder."""
    return os.environ.get(SETTING) or str(data_home() / "audit.sqlite3")


def exists(place: str) -> bool:
    """Whether there is a log to read: one that is asked about is not begun by that."""
    return "://" in place or Path(place).expanduser().is_file()


class Log:
    """An open log; safe to share between threads, and between processes by its file.

    Parameters
    ----------
    place : str
        As :class:`cxr.review.append_only.Database` takes it.

    Raises
    ------
    ReviewError
        Those of that class, here and from every method.
    """

    def __init__(self, place: str) -> None:
        self._database = Database(place, _WORDS)
        self._database.prepare(_rows, self._create)

    def close(self) -> None:
        self._database.close()

    def add(self, events: Sequence[Event]) -> ChainHead:
        """Keep events, in their order, all of them or none; they are on the disk when this
        returns.

        Returns
        -------
        ChainHead
            With them.

        Raises
        ------
        ReviewError
            ``broken_log``: it was changed from outside.
        """
        try:
            with self._database.written() as connection:
                self._database.lock(connection)  # another writer would follow the same row
                head = _head_of(connection)
                for event in events:
                    row = follow(head, event.told)
                    connection.execute(_rows.insert().values(id=row.seq, **_texts(row)))
                    head = ChainHead(row.seq, row.hash)
                connection.execute(_head.update().values(seq=head.seq, hash=head.hash))
        except exc.IntegrityError:
            raise ReviewError(
                "broken_log",
                "The audit log was changed from outside and takes no more rows. Find out what was "
                f"changed (python -m cxr audit verify), keep it, and name another in {SETTING}.",
            ) from None
        return head

    def head(self) -> ChainHead:
        """Where it ends."""
        with self._database.looked_at() as connection:
            return _head_of(connection)

    @contextmanager
    def whole(self) -> Iterator[tuple[Iterator[AuditRow], ChainHead]]:
        """All rows, one after the other, and the head, of one moment."""
        with self._database.looked_at() as connection:
            if self._database.lite:
                connection.exec_driver_sql("BEGIN")
            else:
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            head = _head_of(connection)
            found = connection.execute(sa.select(_rows).order_by(_rows.c.id))
            yield (AuditRow(*row) for row in found), head

    def _create(self, connection: sa.Connection) -> None:
        """Make the tables with their triggers."""
        if self._database.lite and sa.inspect(connection).get_table_names():
            raise self._database.not_a_store()
        _tables.create_all(connection)
        self._database.forbid_changes(connection, _rows, ("hash",))
        connection.execute(_head.insert().values(one=1, seq=0, hash=ChainHead().hash))


def _texts(row: AuditRow) -> dict[str, str]:
    return {"body": row.body, "before": row.before, "hash": row.hash}


def _head_of(connection: sa.Connection) -> ChainHead:
    row = connection.execute(sa.select(_head.c.seq, _head.c.hash)).one_or_none()
    return ChainHead() if row is None else ChainHead(*row)
