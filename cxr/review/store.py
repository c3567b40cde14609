"""Where rows are kept: a database that takes new rows and nothing else.

SQLite by default (write-ahead log, every commit on the disk before it is confirmed), PostgreSQL
where `CXR_REVIEW` is its URL. Triggers in the database itself refuse to change or delete a row,
whoever asks. Every commit is one transaction, so a process killed at any moment loses no row that
it had confirmed and leaves no half of one.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import event, exc

from ..errors import ReviewError
from ..user_folders import data_home
from .entries import FIELDS, Entry, checked

SCHEMA = 1
SETTING = "CXR_REVIEW"
_BUSY_S = 30  # another process may be writing

_tables = sa.MetaData()
_schema = sa.Table(
    "cxr_review_schema",
    _tables,
    sa.Column("one", sa.Integer, sa.CheckConstraint("one = 1"), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
)
_entries = sa.Table(
    "cxr_review_entries",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    *(
        sa.Column(name, sa.Text, nullable=False, unique=name == "key", index=name == "case")
        for name in FIELDS
    ),
    sqlite_autoincrement=True,
)

# The trigger on INSERT is against INSERT OR REPLACE, which would delete without a DELETE.
_SQLITE_GUARDS = [
    f"CREATE TRIGGER cxr_review_no_{what.split()[0].lower()} BEFORE {what} "
    f"ON cxr_review_entries {when} BEGIN SELECT RAISE(ABORT, 'rows are never changed'); END"
    for what, when in (
        ("UPDATE", ""),
        ("DELETE", ""),
        (
            "INSERT",
            "WHEN EXISTS (SELECT 1 FROM cxr_review_entries WHERE key = NEW.key OR id = NEW.id)",
        ),
    )
]
_POSTGRES_GUARDS = [
    "CREATE FUNCTION cxr_review_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'rows are never changed'; END $$",
    "CREATE TRIGGER cxr_review_no_change BEFORE UPDATE OR DELETE OR TRUNCATE "
    "ON cxr_review_entries FOR EACH STATEMENT EXECUTE FUNCTION cxr_review_refuse()",
]
_POSTGRES_ALONE = "SELECT pg_advisory_xact_lock(7249183)"  # any number that is always the same


def new_key() -> str:
    """For one form, shown once."""
    return uuid4().hex


def setting() -> str:
    """A path or a URL: `CXR_REVIEW`, else a file in the user's data folder."""
    return os.environ.get(SETTING) or str(data_home() / "review.sqlite3")


class Store:
    """An open database; safe to share between threads, and between processes by its file.

    Parameters
    ----------
    place : str
        Path of an SQLite file, or a URL that begins with ``postgresql://``.

    Raises
    ------
    ReviewError
        ``bad_store_setting``, ``store_unavailable``, ``not_a_store`` or ``other_schema``.
    """

    def __init__(self, place: str) -> None:
        url = _url(place)
        self._lite = url.get_backend_name() == "sqlite"
        self._engine = sa.create_engine(
            url,
            connect_args={"timeout": _BUSY_S} if self._lite else {"connect_timeout": 10},
            pool_pre_ping=not self._lite,  # a server may have been started again
            # A failed statement's values are readers' names and notes: not for a log.
            hide_parameters=True,
        )
        if self._lite:
            event.listen(self._engine, "connect", _make_durable)
        with _said_plainly("opened"):
            self._prepare()

    def close(self) -> None:
        self._engine.dispose()

    def record(self, entry: Entry) -> Entry:
        """Keep a row, once however often it is sent; it is on the disk when this returns.

        Parameters
        ----------
        entry : Entry
            Its time is set here.

        Returns
        -------
        Entry
            As kept, now or when it was first sent.

        Raises
        ------
        ReviewError
            ``bad_entry``, ``key_taken``, ``nothing_to_withdraw`` or ``store_unavailable``.
        """
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        entry = checked(replace(entry, time=now))
        try:
            with _said_plainly("written"):
                self._insert([entry])
        except exc.IntegrityError:
            held = self._held([entry.key]).get(entry.key)
            if held is not None and replace(held, time=now) == entry:
                return held
            raise _taken() from None
        return entry

    def take_in(self, entries: Sequence[Entry]) -> int:
        """Keep rows of another database with their own times: all of them or, on any refusal,
        none. Rows that are held already are passed over.

        Returns
        -------
        int
            How many were new.

        Raises
        ------
        ReviewError
            As :meth:`record`.
        """
        entries = [checked(entry) for entry in entries]
        given = {entry.key: entry for entry in entries}
        held = self._held(list(given))
        if len(given) < len(entries) or any(held[key] != given[key] for key in held):
            raise _taken()
        new = [entry for entry in entries if entry.key not in held]
        new.sort(key=lambda entry: entry.kind == "withdrawn")  # after what they take back
        try:
            with _said_plainly("written"):
                self._insert(new)
        except exc.IntegrityError:
            raise _taken() from None
        return len(new)

    def entries(self, **wanted: str) -> list[Entry]:
        """Rows in the order they were kept, all or those with these values, as in
        ``entries(bundle=digest, reader="A. Name")``."""
        query = sa.select(*(_entries.c[name] for name in FIELDS)).order_by(_entries.c.id)
        for name, value in wanted.items():
            query = query.where(_entries.c[name] == value)
        with _said_plainly("read"), self._engine.connect() as connection:
            return [Entry(*row) for row in connection.execute(query)]

    def _held(self, keys: list[str]) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        query = sa.select(*(_entries.c[name] for name in FIELDS))
        with _said_plainly("read"), self._engine.connect() as connection:
            for start in range(0, len(keys), 500):  # SQLite takes some hundred values a statement
                some = query.where(_entries.c.key.in_(keys[start : start + 500]))
                found |= {row.key: Entry(*row) for row in connection.execute(some)}
        return found

    def _insert(self, entries: Sequence[Entry]) -> None:
        with self._engine.begin() as connection:
            for entry in entries:
                connection.execute(_entries.insert().values(**asdict(entry)))
                if entry.withdraws and not connection.scalar(_target(entry)):
                    raise ReviewError(
                        "nothing_to_withdraw",
                        "There is no verdict of this reader on this case to take back.",
                    )

    def _prepare(self) -> None:
        with self._engine.connect() as connection:
            version = _version(connection)
        if version is None:
            with self._engine.begin() as connection:
                version = _create(connection)
        if version != SCHEMA:
            raise ReviewError(
                "other_schema",
                f"The review database has version {version}; this program keeps version {SCHEMA}. "
                "Export its verdicts with the program that wrote it and import them here.",
            )


def _version(connection: sa.Connection) -> int | None:
    """None where the tables aren't there."""
    if not sa.inspect(connection).has_table(_schema.name):
        return None
    return connection.scalar(sa.select(_schema.c.version))


def _create(connection: sa.Connection) -> int | None:
    """Make all tables and guards in one transaction, unless another process just has; returns
    the version."""
    lite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql("BEGIN IMMEDIATE" if lite else _POSTGRES_ALONE)
    here = _version(connection)
    if here is not None:
        return here
    if lite and sa.inspect(connection).get_table_names():
        raise _not_a_store()
    _tables.create_all(connection)
    for guard in _SQLITE_GUARDS if lite else _POSTGRES_GUARDS:
        connection.exec_driver_sql(guard)
    connection.execute(_schema.insert().values(one=1, version=SCHEMA))
    return SCHEMA


def _target(entry: Entry) -> sa.Select[Any]:
    """The verdict that a row takes back, if there is one and it is this reader's."""
    wanted = {"key": entry.withdraws, "kind": "verdict", "case": entry.case}
    wanted |= {"reader": entry.reader, "bundle": entry.bundle}
    return sa.select(_entries.c.id).where(*(_entries.c[k] == v for k, v in wanted.items()))


def _url(place: str) -> sa.URL:
    if "://" not in place:
        path = Path(place).expanduser().absolute()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            raise _unavailable("opened") from None
        return sa.URL.create("sqlite", database=str(path))
    try:
        url = sa.make_url(place)
    except exc.ArgumentError:
        url = None
    if url is None or url.get_backend_name() not in ("postgresql", "postgres"):
        raise ReviewError(
            "bad_store_setting",
            f"{SETTING} must be the path of a file, or a URL that begins with postgresql://.",
        )
    return url.set(drivername="postgresql+psycopg")


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


@contextmanager
def _said_plainly(what: str) -> Iterator[None]:
    """The driver's messages carry paths, URLs and passwords: none of them goes on."""
    try:
        yield
    except exc.IntegrityError:
        raise
    except exc.OperationalError:
        raise _unavailable(what) from None
    except exc.DatabaseError:
        raise _not_a_store() from None


def _unavailable(what: str) -> ReviewError:
    return ReviewError(
        "store_unavailable",
        f"The review database cannot be {what} now. Try again: a row that is sent twice is kept "
        f"once. If it stays so, see that {SETTING} names a place that can be written.",
    )


def _not_a_store() -> ReviewError:
    return ReviewError(
        "not_a_store",
        f"{SETTING} names a file or a database that holds no reviews. Give a new path, or that of "
        "a review database.",
    )


def _taken() -> ReviewError:
    return ReviewError(
        "key_taken",
        "A row with the same key but other content is held already, so nothing was kept. Rows are "
        "never changed: take the file as it was exported.",
    )
