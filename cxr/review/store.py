"""Where rows are kept: a database that takes new rows and nothing else.

See :mod:`cxr.review.append_only`; `CXR_REVIEW` says where it is.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import exc

from ..errors import ReviewError
from ..user_folders import data_home
from .append_only import Database, Words
from .entries import FIELDS, JUDGING, LATER, Entry, checked, utc

SCHEMA = 3
SETTING = "CXR_REVIEW"
_WORDS = Words(SETTING, "review database", "reviews")

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


def new_key() -> str:
    """For one form, shown once."""
    return uuid4().hex


def setting() -> str:
    """A path or a URL: `CXR_REVIEW`, else a file in the user's data folder."""
    return os.environ.get(SETTING) or str(data_home() / "review.sqlite3")


class ReviewStore:
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
        self._database = Database(place, _WORDS)
        self._prepare()

    def close(self) -> None:
        self._database.close()

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
            ``bad_entry``, ``reserved_name``, ``key_taken``, ``nothing_to_withdraw``, ``not_judged``
            or ``store_unavailable``.
        """
        now = utc("microseconds")
        entry = checked(replace(entry, time=now))
        try:
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
        order = {"consensus": 1, "withdrawn": 2}  # after what they rest on
        new.sort(key=lambda entry: order.get(entry.kind, 0))
        try:
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
        with self._database.looked_at() as connection:
            return [Entry(*row) for row in connection.execute(query)]

    def _held(self, keys: list[str]) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        query = sa.select(*(_entries.c[name] for name in FIELDS))
        with self._database.looked_at() as connection:
            for start in range(0, len(keys), 500):  # SQLite takes some hundred values a statement
                some = query.where(_entries.c.key.in_(keys[start : start + 500]))
                found |= {row.key: Entry(*row) for row in connection.execute(some)}
        return found

    def _insert(self, entries: Sequence[Entry]) -> None:
        with self._database.written() as connection:
            for entry in entries:
                connection.execute(_entries.insert().values(**asdict(entry)))
                if entry.withdraws and not connection.scalar(_target(entry)):
                    raise ReviewError(
                        "nothing_to_withdraw",
                        "There is no verdict of this reader on this case to take back.",
                    )
                if entry.took_part and not _judged_by(connection, entry):
                    raise ReviewError(
                        "not_judged",
                        "Whoever takes part in a consensus has judged the case under this model: "
                        "give that verdict first.",
                    )

    def _prepare(self) -> None:
        with self._database.looked_at("opened") as connection:
            version = _version(connection)
        if version is None:
            with self._database.written("opened") as connection:
                version = self._create(connection)
        if version in range(1, SCHEMA):
            with self._database.written("opened") as connection:
                version = self._with_later_fields(connection)
        if version != SCHEMA:
            raise ReviewError(
                "other_schema",
                f"The review database has version {version}; this program keeps version {SCHEMA}. "
                "Export its verdicts with the program that wrote it and import them here.",
            )

    def _create(self, connection: sa.Connection) -> int | None:
        """Make all tables and triggers in one transaction, unless another process just has; returns
        the version."""
        self._database.lock(connection)
        here = _version(connection)
        if here is not None:
            return here
        if self._database.lite and sa.inspect(connection).get_table_names():
            raise self._database.not_a_store()
        _tables.create_all(connection)
        self._database.forbid_changes(connection, _entries, ("key",))
        connection.execute(_schema.insert().values(one=1, version=SCHEMA))
        return SCHEMA

    def _with_later_fields(self, connection: sa.Connection) -> int | None:
        """Give a database of an earlier version the columns that it lacks, unless another process
        just has; returns the version."""
        self._database.lock(connection)
        version = _version(connection)
        if version is not None and version < SCHEMA:
            there = {each["name"] for each in sa.inspect(connection).get_columns(_entries.name)}
            for name in (name for name in LATER if name not in there):
                column = f"ALTER TABLE {_entries.name} ADD COLUMN {name} TEXT NOT NULL DEFAULT ''"
                connection.exec_driver_sql(column)
            connection.execute(_schema.update().values(version=SCHEMA))
        return _version(connection)


def _version(connection: sa.Connection) -> int | None:
    """None where the tables aren't there."""
    if not sa.inspect(connection).has_table(_schema.name):
        return None
    return connection.scalar(sa.select(_schema.c.version))


def _target(entry: Entry) -> sa.Select[Any]:
    """What a row takes back, if it is there and this reader's."""
    wanted = {"key": entry.withdraws, "case": entry.case}
    wanted |= {"reader": entry.reader, "bundle": entry.bundle, "profile": entry.profile}
    return sa.select(_entries.c.id).where(
        _entries.c.kind.in_(JUDGING), *(_entries.c[k] == v for k, v in wanted.items())
    )


def _judged_by(connection: sa.Connection, entry: Entry) -> bool:
    """Whether all who took part in a consensus gave a verdict on its case, taken back or not."""
    readers = sa.select(_entries.c.reader).where(
        _entries.c.kind == "verdict",
        _entries.c.case == entry.case,
        _entries.c.bundle == entry.bundle,
        _entries.c.profile == entry.profile,
    )
    return set(entry.behind) <= set(connection.scalars(readers))


def _taken() -> ReviewError:
    return ReviewError(
        "key_taken",
        "A row with the same key but other content is held already, so nothing was kept. Rows are "
        "never changed: take the file as it was exported.",
    )
