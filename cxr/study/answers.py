"""Where answers are kept: a database that takes new rows and nothing else.

One row for a reader, a film and a stage (:mod:`cxr.review.append_only`). Whoever reads a film a
second time is told what was said the first: that is what a study is about.
"""

from __future__ import annotations

import os
import re
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import exc

from ..errors import ReviewError
from ..review.append_only import Database, Words
from ..review.entries import LONGEST_NAME, clean, tidy
from ..user_folders import data_home

SETTING = "CXR_STUDY"
STAGES = ("alone", "aided")
CONFIDENCES = (1, 2, 3, 4, 5)
_WORDS = Words(SETTING, "database of reader studies", "answers of reader studies")


@dataclass(frozen=True)
class Answer:
    """What a reader said of a film.

    Attributes
    ----------
    study, bundle : str
        See :class:`cxr.study.plan.StudyPlan`.
    reader : str
    film, truth, advice : str
    seeded : bool
        See :class:`cxr.study.plan.StudyFilm`.
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
_ONE = ("study", "reader", "film", "stage")
_KINDS = {"seeded": sa.Boolean, "confidence": sa.Integer}
_tables = sa.MetaData()
_answers = sa.Table(
    "cxr_study_answers",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    *(sa.Column(name, _KINDS.get(name, sa.Text), nullable=False) for name in _NAMES),
    sa.UniqueConstraint(*_ONE),
    sqlite_autoincrement=True,
)


def setting() -> str:
    """A path or a URL: `CXR_STUDY`, else a file in the user's data folder."""
    return os.environ.get(SETTING) or str(data_home() / "study.sqlite3")


class Answers:
    """An open database of answers; safe to share between threads and processes.

    Parameters
    ----------
    place : str or Path
        As :class:`cxr.review.append_only.Database` takes it.

    Raises
    ------
    ReviewError
        Those of that class, here and from every method.
    """

    def __init__(self, place: str | Path) -> None:
        self._database = Database(str(place), _WORDS)
        self._database.prepare(_answers, self._create)

    def close(self) -> None:
        self._database.close()

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
        first = replace(answer, stage=STAGES[0])
        if first != answer and self._held(first) is None:
            raise _bad("stage")
        try:
            with self._database.written() as connection:
                connection.execute(_answers.insert().values(**asdict(answer)))
        except exc.IntegrityError:
            held = self._held(answer)
            if held is None:
                raise
            return held
        return answer

    def of(self, study: str) -> list[Answer]:
        """All answers of a study, in the order they were given."""
        return self._read(_answers.c.study == study)

    def _held(self, answer: Answer) -> Answer | None:
        found = self._read(*(_answers.c[name] == getattr(answer, name) for name in _ONE))
        return found[0] if found else None

    def _read(self, *wanted: sa.ColumnElement[bool]) -> list[Answer]:
        query = sa.select(*(_answers.c[name] for name in _NAMES)).where(*wanted)
        with self._database.looked_at() as connection:
            return [Answer(*row) for row in connection.execute(query.order_by(_answers.c.id))]

    def _create(self, connection: sa.Connection) -> None:
        """Make the table with its triggers."""
        _tables.create_all(connection)
        self._database.forbid_changes(connection, _answers, _ONE)


def _checked(answer: Answer) -> Answer:
    """The same, the reader's name cleaned."""
    answer = replace(answer, reader=tidy(answer.reader))
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
