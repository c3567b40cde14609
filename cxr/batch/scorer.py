"""What a worker does with a film, wherever it runs: its bytes, their hash, its row."""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import sha256

from ..errors import CxrError, UnreadableFile
from ..imaging.reader import read, study_and_view
from ..model.classifier import Classifier
from ..screening.assess import Assessment, assess, by_origin
from ..sources.films import fetcher
from . import table_rows

STAGES = ("read", "decode", "score")
Seconds = dict[str, float]
"""Of a film, by :data:`STAGES`."""
Answer = tuple[table_rows.Row, Seconds]


@dataclass(frozen=True)
class Stopped:
    """Why a worker cannot go on, and so nor can the run. An error does not travel between
    processes, its words do.

    Attributes
    ----------
    code, message : str
        Of a `ScreenError`.
    """

    code: str
    message: str


class Scorer:
    """A network, and the one film that it has in hand.

    Parameters
    ----------
    model : Classifier
    known_hospital : bool
        Whether the films are of hospitals that the model knows.
    given : str
        SOURCE.

    Raises
    ------
    ScreenError
        ``no_source``.
    """

    def __init__(self, model: Classifier, known_hospital: bool, given: str) -> None:
        self._model, self._known_hospital = model, known_hospital
        self._fetch = fetcher(given)
        self._data, self._seconds = b"", Seconds()

    def take(self, place: bytes) -> str | Answer:
        """Fetch a film and keep it in hand: its sha256; a row where its bytes cannot be had."""
        began = time.perf_counter()
        try:
            self._data = self._fetch(place)
        except UnreadableFile as refusal:
            return table_rows.refused(refusal), {}
        mark = sha256(self._data).hexdigest()
        self._seconds = {"read": time.perf_counter() - began}
        return mark

    def score(self) -> Answer:
        """Score the film in hand; reading and scoring are taken apart to be timed apart."""
        began = time.perf_counter()
        data, seconds = self._data, self._seconds
        study, view = study_and_view(data)
        film = None
        try:
            film = read(data)
        except CxrError as refusal:
            found = Assessment(refusal)
        seconds["decode"] = time.perf_counter() - began
        if film is not None:
            found = assess(film, self._model)
            seconds["score"] = time.perf_counter() - began - seconds["decode"]
        said = table_rows.answer(by_origin(found, self._model, self._known_hospital), self._model)
        return {"study": study, "view": view, **said}, seconds
