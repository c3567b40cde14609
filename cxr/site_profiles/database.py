"""Profiles in a database that several machines share, as :mod:`.store` keeps them in a
folder on one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy import exc

from ..errors import ReviewError, SiteError
from ..review.append_only import Database, Words

_WORDS = Words(
    "CXR_SITES or CXR_REVIEW", "database of hospital profiles", "hospital profiles", "a folder"
)
_tables = sa.MetaData()
_profiles = sa.Table(
    "cxr_site_profiles",
    _tables,
    sa.Column("identity", sa.String(64), primary_key=True),
    sa.Column("content", sa.Text, nullable=False),
)
_read = sa.Table(
    "cxr_site_read",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("identity", sa.String(64), nullable=False, index=True),
    sa.Column("film", sa.String(12), nullable=False),
    sa.Column("line", sa.Text, nullable=False),
    sa.UniqueConstraint("identity", "film"),
    sqlite_autoincrement=True,
)


class Tables:
    """An open database; safe to share between threads.

    Parameters
    ----------
    place : str
        A URL that begins with ``postgresql://``, or the path of an SQLite file.

    Raises
    ------
    SiteError
        ``unreadable_profile`` where it cannot be read, here and from every method;
        ``profile_not_kept`` where it cannot be written to.
    """

    def __init__(self, place: str) -> None:
        with _said("unreadable_profile"):
            self._database = Database(place, _WORDS)
            with self._database.written("opened") as connection:
                self._database.lock(connection)
                _tables.create_all(connection)

    def listing(self) -> tuple[str, ...]:
        """What changes with every profile that comes or goes."""
        return self._column(sa.select(_profiles.c.identity).order_by(_profiles.c.identity))

    def files(self) -> list[tuple[str, bytes]]:
        """Name and content of each profile."""
        query = sa.select(_profiles).order_by(_profiles.c.identity)
        with _said("unreadable_profile"), self._database.looked_at() as connection:
            return [(row.identity, row.content.encode()) for row in connection.execute(query)]

    def put(self, identity: str, data: bytes) -> str:
        """Keep a profile, once; returns its name."""
        row = {"identity": identity, "content": data.decode()}
        self._insert(_profiles, row)
        return identity

    def remove(self, identity: str) -> None:
        """With what its films left behind."""
        with _said("profile_not_kept"), self._database.written() as connection:
            for table in (_profiles, _read):
                connection.execute(table.delete().where(table.c.identity == identity))

    def lines(self, identity: str) -> tuple[str, ...]:
        """What the films read under a profile left behind, in their order."""
        mine = _read.c.identity == identity
        return self._column(sa.select(_read.c.line).where(mine).order_by(_read.c.id))

    def add(self, identity: str, film: str, line: str) -> None:
        """Add such a line, unless the film has left one."""
        row = {"identity": identity, "film": film, "line": line}
        self._insert(_read, row)

    def _insert(self, table: sa.Table, row: dict[str, str]) -> None:
        """Unless it is there."""
        with (
            suppress(exc.IntegrityError),
            _said("profile_not_kept"),
            self._database.written() as connection,
        ):
            connection.execute(table.insert().values(**row))

    def _column(self, query: sa.Select[tuple[str]]) -> tuple[str, ...]:
        with _said("unreadable_profile"), self._database.looked_at() as connection:
            return tuple(connection.scalars(query))


@lru_cache(maxsize=4)
def tables(place: str) -> Tables:
    """The database at a URL, opened once."""
    return Tables(place)


@contextmanager
def _said(code: str) -> Iterator[None]:
    try:
        yield
    except ReviewError as refusal:
        raise SiteError(code, refusal.message) from None
