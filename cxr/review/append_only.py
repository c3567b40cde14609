"""A database whose tables take new rows and nothing else.

SQLite by default (write-ahead log, every commit on the disk before it is confirmed), PostgreSQL
where the setting is its URL. Triggers in the database itself refuse to change or delete a row,
whoever asks. Every commit is one transaction, so a process killed at any moment loses no row that
it had confirmed and leaves no half of one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc

from ..errors import ReviewError

_BUSY_S = 30  # another process may be writing
_POSTGRES_ALONE = "SELECT pg_advisory_xact_lock(7249183)"  # any number that is always the same


@dataclass(frozen=True)
class Words:
    """What refusals call a database.

    Attributes
    ----------
    setting : str
        The variable of the environment that says where it is.
    name, rows : str
        What it is, and what it holds.
    place : str
        What the variable may be beside a URL.
    """

    setting: str
    name: str
    rows: str
    place: str = "the path of a file"


class Database:
    """An open database; safe to share between threads, and between processes by its file.

    Parameters
    ----------
    place : str
        Path of an SQLite file, or a URL that begins with ``postgresql://``.
    words : Words

    Attributes
    ----------
    lite : bool
        Whether it is SQLite.
    engine : sqlalchemy.Engine

    Raises
    ------
    ReviewError
        ``bad_store_setting``, ``store_unavailable`` or ``not_a_store``, here and from every method.
    """

    def __init__(self, place: str, words: Words) -> None:
        self._words = words
        url = self._url(place)
        self.lite = url.get_backend_name() == "sqlite"
        self.engine = sa.create_engine(
            url,
            connect_args={"timeout": _BUSY_S} if self.lite else {"connect_timeout": 10},
            pool_pre_ping=not self.lite,  # a server may have been started again
            # A failed statement's values are readers' names and notes: not for a log.
            hide_parameters=True,
        )
        if self.lite:
            event.listen(self.engine, "connect", _make_durable)

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def looked_at(self, what: str = "read") -> Iterator[sa.Connection]:
        """A connection that reads; `what` cannot be done if that fails."""
        with self._said_plainly(what), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def written(self, what: str = "written") -> Iterator[sa.Connection]:
        """A connection whose work is kept as a whole, on the disk, when this ends.

        Raises
        ------
        sqlalchemy.exc.IntegrityError
            A row like it is there already.
        """
        with self._said_plainly(what), self.engine.begin() as connection:
            yield connection

    def prepare(self, table: sa.Table, create: Callable[[sa.Connection], None]) -> None:
        """Have `create` make a table, and what goes with it, unless it is there already."""
        with self.looked_at("opened") as connection:
            if sa.inspect(connection).has_table(table.name):
                return
        with self.written("opened") as connection:
            self.lock(connection)
            if not sa.inspect(connection).has_table(table.name):  # another process may just have
                create(connection)

    def lock(self, connection: sa.Connection) -> None:
        """Until its transaction ends, no other one that asks for this begins."""
        connection.exec_driver_sql("BEGIN IMMEDIATE" if self.lite else _POSTGRES_ALONE)

    def forbid_changes(
        self, connection: sa.Connection, table: sa.Table, key: Sequence[str]
    ) -> None:
        """Have a new table's rows never changed, deleted or, as told by `key`, replaced."""
        name = table.name
        if not self.lite:
            connection.exec_driver_sql(
                f"CREATE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'rows are never changed'; END $$"
            )
            connection.exec_driver_sql(
                f"CREATE TRIGGER {name}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE "
                f"ON {name} FOR EACH STATEMENT EXECUTE FUNCTION {name}_refuse()"
            )
            return
        same = " AND ".join(f"{column} = NEW.{column}" for column in key)
        # The one on INSERT is against INSERT OR REPLACE, which would delete without a DELETE.
        there = f"WHEN EXISTS (SELECT 1 FROM {name} WHERE id = NEW.id OR ({same}))"
        for what, when in (("UPDATE", ""), ("DELETE", ""), ("INSERT", there)):
            connection.exec_driver_sql(
                f"CREATE TRIGGER {name}_no_{what.lower()} BEFORE {what} ON {name} {when} "
                "BEGIN SELECT RAISE(ABORT, 'rows are never changed'); END"
            )

    def not_a_store(self) -> ReviewError:
        words = self._words
        return ReviewError(
            "not_a_store",
            f"{words.setting} names a file or a database that holds no {words.rows}. Give a new "
            f"path, or that of a {words.name}.",
        )

    def _url(self, place: str) -> sa.URL:
        if "://" not in place:
            path = Path(place).expanduser().absolute()
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError:
                raise self._unavailable("opened") from None
            return sa.URL.create("sqlite", database=str(path))
        try:
            url = sa.make_url(place)
        except (exc.ArgumentError, ValueError):
            url = None
        if url is None or url.get_backend_name() not in ("postgresql", "postgres"):
            raise ReviewError(
                "bad_store_setting",
                f"{self._words.setting} must be {self._words.place}, or a URL that begins with "
                "postgresql://.",
            )
        return url.set(drivername="postgresql+psycopg")

    def _unavailable(self, what: str) -> ReviewError:
        return ReviewError(
            "store_unavailable",
            f"The {self._words.name} cannot be {what} now. Try again: a row that is sent twice is "
            f"kept once. If it stays so, see that {self._words.setting} names a place that can be "
            "written.",
        )

    @contextmanager
    def _said_plainly(self, what: str) -> Iterator[None]:
        """The driver's messages carry paths, URLs and passwords: none of them goes on."""
        try:
            yield
        except exc.IntegrityError:
            raise
        except exc.OperationalError:
            raise self._unavailable(what) from None
        except exc.DatabaseError:
            raise self.not_a_store() from None


def _make_durable(connection: Any, _: Any) -> None:
    """SQLite's own patience does not cover opening beside somebody who repairs the log."""
    until = monotonic() + _BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError:
            if monotonic() > until:
                raise
            sleep(0.02)
    connection.execute("PRAGMA synchronous = FULL")
