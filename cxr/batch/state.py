"""What of a run is done already: an SQLite file in the folder of its parts.

A commit outlives the process that made it, however that ends. So nothing that was kept is worked
out again, and a run that was killed goes on where it was.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from ..errors import ScreenError
from ..sources.films import SourceFilm
from .table_rows import Row

_TABLES = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
    sha256 TEXT PRIMARY KEY, answer TEXT NOT NULL, seconds TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS made (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS films (
    number INTEGER PRIMARY KEY, path BLOB, place BLOB, stamp TEXT, sha256 TEXT, refusal TEXT
);
"""
_STUDY = "json_extract(answer, '$.study')"
_ANSWERED = "films JOIN answers USING (sha256)"
_WAITS = "sha256 IS NULL AND refusal IS NULL"
_PAGE = 500


class State:
    """The films of a run in their order, and the answers that are there.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    plan : mapping
        What the run is called for people → what it goes by: network, profile, source. The folder of
        another run is refused.

    Raises
    ------
    ScreenError
        ``other_run``, ``run_in_progress``, ``broken_run``, ``not_written``.
    """

    def __init__(self, folder: Path, plan: Mapping[str, str]) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(folder / "state.sqlite3", timeout=0, isolation_level=None)
            try:
                self._base.executescript(
                    # The lock is the process's: it ends with it.
                    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; "
                    f"PRAGMA synchronous=NORMAL; BEGIN EXCLUSIVE; {_TABLES} COMMIT;"
                )
                self._timed()
                self._same(plan)
            except BaseException:
                self._base.close()  # else the lock is held until what was raised is forgotten
                raise
        except OSError as error:
            raise not_written(error) from error
        except sqlite3.DatabaseError as error:
            raise _refusal(error) from error

    def close(self) -> None:
        self._base.close()

    def _timed(self) -> None:
        """A run that was begun before times were kept goes on: films that it has have none."""
        columns = self._base.execute("PRAGMA table_info(answers)")
        if "seconds" not in {name for _, name, *_ in columns}:
            self._base.execute("ALTER TABLE answers ADD COLUMN seconds TEXT")

    def _same(self, plan: Mapping[str, str]) -> None:
        known = dict(self._base.execute("SELECT name, value FROM about WHERE name != 'films'"))
        if self._base.execute("SELECT 1 FROM answers LIMIT 1").fetchone() is None:
            with self._whole():
                self._base.execute("DELETE FROM about")
                self._base.executemany("INSERT INTO about VALUES (?, ?)", plan.items())
        elif differ := [name for name in plan if known.get(name) != plan[name]]:
            raise ScreenError(
                "other_run",
                f"This table was begun with another {' and another '.join(differ)}, and rows of "
                "two runs are not mixed. Name another --out, or delete the folder of its parts to "
                "begin it anew.",
            )

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """All of what is done, or nothing."""
        try:
            self._base.execute("BEGIN")
            yield
            self._base.execute("COMMIT")
        except BaseException as error:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            if isinstance(error, sqlite3.DatabaseError):
                raise _refusal(error) from error
            raise

    def set_films(self, films: Iterable[SourceFilm], forget: Callable[[int], None]) -> None:
        """Take the list of films as it is now; what is known of those that are as they were stays.

        Parameters
        ----------
        films : iterable of SourceFilm
        forget : callable
            Removes what was made of the films of this number and higher, if the list is another.
            Called before the new list is there for good: whoever is killed in between does it
            again.
        """
        digest = sha256()

        def numbered() -> Iterator[tuple[int, bytes, bytes, str]]:
            for number, film in enumerate(films):
                digest.update(repr(film).encode())
                yield number, film.path, film.place, film.stamp

        with self._whole():
            self._base.execute(
                "CREATE TABLE listed (number INTEGER PRIMARY KEY, path BLOB, place BLOB, "
                "stamp TEXT, sha256 TEXT, refusal TEXT)"
            )
            self._base.executemany(
                "INSERT INTO listed (number, path, place, stamp) VALUES (?, ?, ?, ?)", numbered()
            )
            before = self._base.execute("SELECT value FROM about WHERE name = 'films'").fetchone()
            if before != (digest.hexdigest(),):
                first = self._first_other()
                self._base.execute("CREATE INDEX known ON films (place, stamp)")
                self._base.execute(
                    "UPDATE listed SET sha256 = (SELECT sha256 FROM films WHERE "
                    "films.place = listed.place AND films.stamp = listed.stamp)"
                )
                self._base.execute("DELETE FROM films")
                self._base.execute("DROP INDEX known")
                self._base.execute("INSERT INTO films SELECT * FROM listed")
                self._base.execute(
                    "INSERT OR REPLACE INTO about VALUES ('films', ?)", (digest.hexdigest(),)
                )
                forget(first)
            self._base.execute("DROP TABLE listed")

    def _first_other(self) -> int:
        """Number of the first film that is not listed as it was, or is to be fetched again."""
        (other,) = self._base.execute(
            "SELECT MIN(number) FROM listed LEFT JOIN films USING (number) WHERE "
            "films.path IS NOT listed.path OR films.place IS NOT listed.place "
            "OR films.stamp IS NOT listed.stamp OR films.refusal IS NOT NULL"
        ).fetchone()
        (listed,) = self._base.execute("SELECT COUNT(*) FROM listed").fetchone()
        return int(listed if other is None else other)

    def count(self) -> tuple[int, int]:
        """Films, and how many of them have an answer."""
        films, waiting = self._base.execute(
            f"SELECT COUNT(*), COALESCE(SUM({_WAITS}), 0) FROM films"
        ).fetchone()
        return films, films - waiting

    def waiting(self) -> Iterator[tuple[int, SourceFilm]]:
        """Number and film of what has no answer yet, in order; answers may come meanwhile."""
        last = -1
        while page := self._base.execute(
            f"SELECT number, path, place, stamp FROM films WHERE number > ? AND {_WAITS} "
            "ORDER BY number LIMIT ?",
            (last, _PAGE),
        ).fetchall():
            for number, path, place, stamp in page:
                yield number, SourceFilm(path, place, stamp)
            last = page[-1][0]

    def waits(self, begin: int, end: int) -> bool:
        """Whether a film of these numbers has no answer yet."""
        sql = f"SELECT 1 FROM films WHERE number >= ? AND number < ? AND {_WAITS} LIMIT 1"
        return self._base.execute(sql, (begin, end)).fetchone() is not None

    def known(self, sha256: str) -> bool:
        """Whether there is an answer to these bytes."""
        sql = "SELECT 1 FROM answers WHERE sha256 = ?"
        return self._base.execute(sql, (sha256,)).fetchone() is not None

    def keep(
        self,
        sha256: str,
        answer: Row | None,
        numbers: Iterable[int],
        seconds: Mapping[str, float] | None = None,
    ) -> None:
        """Keep the answer to these bytes, which films have them, and how long it took by stage.

        Parameters
        ----------
        sha256 : str
        answer : Row or None
            None: it is there already.
        numbers : iterable of int
        seconds : mapping, optional
            Stage → seconds; without it the film has no times.
        """
        with self._whole():
            if answer is not None:
                self._base.execute(
                    "INSERT INTO answers VALUES (?, ?, ?)",
                    (sha256, json.dumps(answer), _told(seconds) if seconds else None),
                )
            self._base.executemany(
                "UPDATE films SET sha256 = ? WHERE number = ?", [(sha256, n) for n in numbers]
            )

    def refuse(self, number: int, answer: Row) -> None:
        """Keep why a film's bytes could not be had."""
        with self._whole():
            self._base.execute(
                "UPDATE films SET refusal = ? WHERE number = ?", (json.dumps(answer), number)
            )

    def rows(self, begin: int, end: int) -> list[Row]:
        """Rows of films that all have an answer, in order."""
        found = self._base.execute(
            "SELECT path, sha256, COALESCE(answer, refusal) FROM films "
            "LEFT JOIN answers USING (sha256) WHERE number >= ? AND number < ? ORDER BY number",
            (begin, end),
        )
        return [
            {"path": path.decode(errors="backslashreplace"), "sha256": mark, **json.loads(answer)}
            for path, mark, answer in found
        ]

    def times(self) -> Iterator[tuple[str, str, dict[str, float]]]:
        """Path, sha256, and stage → seconds of the films that were worked out, in order. Films of
        the same bytes were worked out once, so the first of them stands for all."""
        for path, mark, seconds, _ in self._base.execute(
            f"SELECT path, sha256, seconds, MIN(number) AS first FROM {_ANSWERED} "
            "WHERE seconds IS NOT NULL GROUP BY sha256 ORDER BY first"
        ):
            yield path.decode(errors="backslashreplace"), mark, json.loads(seconds)

    def find_laterals(self) -> int:
        """Find the lateral and oblique films of each study, for :meth:`laterals`; returns the
        number of studies that have such films and no frontal one with scores."""
        with self._whole():
            self._base.execute("DROP TABLE IF EXISTS temp.laterals")
            self._base.execute(
                f"CREATE TEMP TABLE laterals AS SELECT {_STUDY} AS study, path, number "
                f"FROM {_ANSWERED} WHERE {_STUDY} IS NOT NULL "
                "AND json_extract(answer, '$.refusal') = 'not_frontal'"
            )
            self._base.execute("CREATE INDEX temp.of_study ON laterals (study)")
            (alone,) = self._base.execute(
                "SELECT COUNT(DISTINCT study) FROM laterals WHERE study NOT IN (SELECT "
                f"{_STUDY} FROM {_ANSWERED} WHERE {_STUDY} IS NOT NULL "
                "AND json_extract(answer, '$.refusal') IS NULL)"
            ).fetchone()
        return int(alone)

    def laterals(self, studies: Collection[str]) -> dict[str, list[str]]:
        """Study → paths of its lateral and oblique films, in order."""
        found: dict[str, list[str]] = {}
        marks = ", ".join("?" * len(studies))
        sql = f"SELECT study, path FROM laterals WHERE study IN ({marks}) ORDER BY number"
        for study, path in self._base.execute(sql, list(studies)):
            found.setdefault(study, []).append(path.decode(errors="backslashreplace"))
        return found

    def called(self, decision: str) -> Iterator[tuple[bytes, str]]:
        """Place and sha256 of the films of this decision, each once."""
        yield from self._base.execute(
            f"SELECT place, sha256 FROM {_ANSWERED} WHERE "
            "json_extract(answer, '$.decision') = ? GROUP BY sha256 ORDER BY MIN(number)",
            (decision,),
        )

    def made(self, name: str) -> bool:
        """Whether a file was made by this run."""
        sql = "SELECT 1 FROM made WHERE name = ?"
        return self._base.execute(sql, (name,)).fetchone() is not None

    def keep_made(self, name: str) -> None:
        with self._whole():
            self._base.execute("INSERT OR IGNORE INTO made VALUES (?)", (name,))


def _told(seconds: Mapping[str, float]) -> str:
    return json.dumps({stage: round(spent, 5) for stage, spent in seconds.items()})


def not_written(error: OSError) -> ScreenError:
    return ScreenError(
        "not_written",
        f"The table or its parts cannot be written: {error.strerror}. Make room, or name another "
        "--out; what is done is kept.",
    )


def _refusal(error: sqlite3.DatabaseError) -> ScreenError:
    if "locked" in str(error):
        return ScreenError(
            "run_in_progress",
            "Another process works on this table. Wait until it is done, or name another --out.",
        )
    if isinstance(error, sqlite3.OperationalError):
        return not_written(OSError(0, str(error)))
    return broken()


def broken() -> ScreenError:
    return ScreenError(
        "broken_run",
        "What was kept of this run cannot be read. Delete the folder of its parts to begin anew.",
    )
