"""Where answers are kept: an SQLite file that takes new rows and nothing else.

One row for a reader, a film and a stage, each on the disk before it is confirmed. Triggers in the
database itself refuse to change or delete one. Whoever reads a film a second time is told what
was said the first: that is what a study is about.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path

from ..errors import ReviewError
from ..review.entries import LONGEST_NAME, clean
from ..user_folders import data_home

SETTING = "CXR_STUDY"
STAGES = ("alone", "aided")
CONFIDENCES = (1, 2, 3, 4, 5)
_BUSY_S = 30


@dataclass(frozen=True)
class Answer:
    """What a reader said of a film.

    Attributes
    ----------
    study, bundle : str
        See :class:`cxr.study.plan.Plan`.
    reader : str
    film, truth, advice : str
    seeded : bool
        See :class:`cxr.study.plan.Case`.
    stage : {"alone", "aided"}
        Before the advice was shown, and after.
    read : str
        The reader's label.
    confidence : int, 1 to 5
    time : str
        UTC, ISO 8601; "" until the row is kept.
    """

    study: str
    bundle: str
    reader: str
    film: str
    truth: str
    advice: str
    seeded: bool
    stage: str
    read: str
    confidence: int
    time: str = ""


_NAMES = tuple(field.name for field in fields(Answer))
_ONE = "study = ? AND reader = ? AND film = ? AND stage = ?"
_SCHEMA = [
    f"""CREATE TABLE IF NOT EXISTS cxr_study_answers (
    id INTEGER PRIMARY KEY AUTOINCREMENT, {", ".join(f"{name} NOT NULL" for name in _NAMES)},
    UNIQUE (study, reader, film, stage))""",
    *(
        f"CREATE TRIGGER IF NOT EXISTS cxr_study_no_{what.lower()} BEFORE {what} "
        "ON cxr_study_answers BEGIN SELECT RAISE(ABORT, 'answers are never changed'); END"
        for what in ("UPDATE", "DELETE")
    ),
    # Against INSERT OR REPLACE, which would delete without a DELETE.
    "CREATE TRIGGER IF NOT EXISTS cxr_study_no_replace BEFORE INSERT ON cxr_study_answers "
    "WHEN EXISTS (SELECT 1 FROM cxr_study_answers WHERE id = NEW.id OR (study = NEW.study AND "
    "reader = NEW.reader AND film = NEW.film AND stage = NEW.stage)) "
    "BEGIN SELECT RAISE(ABORT, 'answers are never changed'); END",
]


def setting() -> Path:
    """`CXR_STUDY`, else a file in the user's data folder."""
    return Path(os.environ.get(SETTING) or data_home() / "study.sqlite3").expanduser()


class Answers:
    """The file; safe to share between threads and processes.

    Parameters
    ----------
    path : Path

    Raises
    ------
    ReviewError
        ``store_unavailable`` or ``not_a_store``, here and from every method.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with _said_plainly():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._open() as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                for part in _SCHEMA:
                    connection.execute(part)

    def keep(self, answer: Answer) -> Answer:
        """Keep an answer; it is on the disk when this returns.

        Returns
        -------
        Answer
            As kept: what was said first, however often and whatever is sent.

        Raises
        ------
        ReviewError
            ``bad_entry``: a value that no form gives, or a film read with the advice first.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        answer = _checked(replace(answer, time=now))
        with _said_plainly(), self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            held = self._held(connection, answer)
            first = replace(answer, stage=STAGES[0])
            if held is None and first != answer and self._held(connection, first) is None:
                raise _bad("stage")
            if held is None:
                places = ", ".join("?" * len(_NAMES))
                connection.execute(
                    f"INSERT INTO cxr_study_answers ({', '.join(_NAMES)}) VALUES ({places})",
                    astuple(answer),
                )
            connection.execute("COMMIT")
        return held or answer

    def of(self, study: str) -> list[Answer]:
        """All answers of a study, in the order they were given."""
        query = f"SELECT {', '.join(_NAMES)} FROM cxr_study_answers WHERE study = ? ORDER BY id"
        with _said_plainly(), self._open() as connection:
            return [_answer(row) for row in connection.execute(query, (study,))]

    def _held(self, connection: sqlite3.Connection, answer: Answer) -> Answer | None:
        query = f"SELECT {', '.join(_NAMES)} FROM cxr_study_answers WHERE {_ONE}"
        wanted = (answer.study, answer.reader, answer.film, answer.stage)
        row = connection.execute(query, wanted).fetchone()
        return _answer(row) if row else None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None)
        with closing(connection):
            connection.execute("PRAGMA synchronous = FULL")
            yield connection


def _answer(row: tuple) -> Answer:
    found = Answer(*row)
    return replace(found, seeded=bool(found.seeded))


def _checked(answer: Answer) -> Answer:
    """The same, the reader's name cleaned."""
    answer = replace(answer, reader=" ".join(clean(answer.reader).split()))
    sound = {
        "study": re.fullmatch("[0-9a-f]{16}", answer.study),
        "bundle": re.fullmatch("[0-9a-f]{64}", answer.bundle),
        "film": re.fullmatch("[0-9a-f]{64}", answer.film),
        "reader": 1 <= len(answer.reader) <= LONGEST_NAME,
        "label": all(text and clean(text) == text for text in (answer.truth, answer.advice)),
        "seeded": not (answer.seeded and answer.advice == answer.truth),
        "stage": answer.stage in STAGES,
        "read": answer.read and clean(answer.read) == answer.read,
        "confidence": answer.confidence in CONFIDENCES,
    }
    if wrong := [name for name, holds in sound.items() if not holds]:
        raise _bad(", ".join(wrong))
    return answer


def _bad(what: str) -> ReviewError:
    return ReviewError("bad_entry", f"This is no answer of a reader study: see {what}.")


@contextmanager
def _said_plainly() -> Iterator[None]:
    """SQLite's messages carry paths: none of them goes on."""
    try:
        yield
    except (sqlite3.OperationalError, OSError):
        raise ReviewError(
            "store_unavailable",
            "The answers of reader studies cannot be kept or read now. Try again; if it stays so, "
            f"see that {SETTING} names a place that can be written.",
        ) from None
    except sqlite3.DatabaseError:
        raise ReviewError(
            "not_a_store",
            f"{SETTING} names a file that holds no answers of reader studies. Give a new path.",
        ) from None
