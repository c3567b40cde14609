"""The session's films: what was dropped in, which one is shown, what each scored.

File names are kept only here, in the session of the person who gave them; nothing logs them.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from hashlib import sha256

import streamlit as st

from cxr.errors import CxrError, UnreadableFile
from cxr.imaging.radiograph import Radiograph
from cxr.imaging.reader import read
from cxr.input_checks import Passport
from cxr.model.classifier import Classifier, Prediction
from cxr.screening.assess import Assessment, assess
from cxr.screening.standing import Standing
from cxr.site import watch
from cxr.teaching.samples import Sample
from ui.session import record, room
from ui.session.fragments import pressed
from ui.session.shelf import desk

MOST_FILMS = 200
MOST_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Film:
    """One entry of the list.

    Attributes
    ----------
    number : int
        Never used again within the session.
    name : str
        As given.
    data : bytes
        The file.
    sha256 : str
        Of the bytes.
    label : str
        As a sample's data set gives it, or as the person marked an upload; else "".
    source : str
        Of a sample; "" for an upload.
    refusal : CxrError or None
        Why it was not even taken in.
    """

    number: int
    name: str = field(repr=False)
    data: bytes = field(repr=False)
    sha256: str
    label: str = ""
    source: str = ""
    refusal: CxrError | None = None


@dataclass(frozen=True)
class Reading:
    """What became of a film under one model.

    Attributes
    ----------
    refusal : CxrError or None
        Why the file was not read; all else is empty then.
    facts : str
        Size, format, view.
    passport : Passport or None
        What the film is, as far as can be told; None where nobody looked.
    standing : Standing or None
        Where it lies among films of its hospital, or of hospitals that the model does not know.
    """

    refusal: CxrError | None = None
    facts: str = ""
    notes: tuple[str, ...] = ()
    prediction: Prediction | None = None
    passport: Passport | None = None
    standing: Standing | None = None


def films() -> dict[int, Film]:
    """By number, in the order they were given."""
    return st.session_state.setdefault("films", {})


def add(name: str, data: bytes, label: str = "", source: str = "") -> int:
    """Put a film at the end of the list; returns its number."""
    number = st.session_state.get("last_number", 0) + 1
    st.session_state["last_number"] = number
    digest = sha256(data).hexdigest()
    refusal = None
    held = _weight()
    if held + len(data) > room.left():
        data = b""
        refusal = UnreadableFile(
            "server_full", "All who use this server hold as much as it may. Try again later."
        )
    elif len(films()) >= MOST_FILMS or held + len(data) > MOST_BYTES:
        data = b""
        refusal = UnreadableFile(
            "too_many_films",
            f"A session holds {MOST_FILMS} films and {MOST_BYTES // 10**6} MB. Remove some first.",
        )
    films()[number] = Film(number, name, data, digest, label, source, refusal)
    room.weigh(_weight())
    return number


def _weight() -> int:
    """Bytes of the session's films."""
    return sum(len(film.data) for film in films().values())


def add_sample(sample: Sample) -> int:
    """The same of a sample; one whose file is gone is refused like an empty file."""
    try:
        data = sample.data()
    except OSError:
        data = b""
    return add(sample.name, data, sample.label, sample.source)


@pressed
def mark(number: int, label: str) -> None:
    """Say what an upload is known to be; the same again takes it back."""
    if (film := films().get(number)) is not None and not film.source:
        films()[number] = replace(film, label="" if film.label == label else label)


def remove(number: int) -> None:
    """Remove a film and what was worked out from it; one that is gone already is left so."""
    numbers = list(films())
    if number not in numbers:
        return
    place = numbers.index(number)
    films().pop(number)
    room.weigh(_weight())
    for key in [key for key in readings() if key[0] == number]:
        readings().pop(key)
    left = list(films())
    choose(left[min(place, len(left) - 1)] if left else None)


def clear() -> None:
    """Remove every film and all that was worked out from them."""
    choose(None)
    films().clear()
    room.weigh(0)
    readings().clear()
    desk().clear()


def chosen() -> Film:
    """The film that is shown: there must be one."""
    if st.session_state.get("film") not in films():
        choose(next(iter(films())))
    return films()[st.session_state["film"]]


def choose(number: int | None) -> None:
    """Show a film.

    The list of films starts anew: a key pressed before the browser has heard of the change would
    bring the list's old choice along and undo it.
    """
    st.session_state["film"] = number
    st.session_state["list"] = st.session_state.get("list", 0) + 1


def pick(key: str) -> None:
    """Show the film that was clicked in the list with the key `key`, if that still stands."""
    if key == list_key():
        st.session_state["film"] = st.session_state[key]


def list_key() -> str:
    """Of the list as it stands now."""
    return f"films-{st.session_state.get('list', 0)}"


@pressed
def step(by: int) -> None:
    """Show the film `by` places on; the ends hold."""
    numbers = list(films())
    if st.session_state.get("film") not in numbers:
        return  # all were removed before the press came
    place = numbers.index(st.session_state["film"]) + by
    choose(numbers[max(0, min(place, len(numbers) - 1))])


def readings() -> dict[tuple[int, Hashable], Reading]:
    """By number, and by all that a model's scores come from."""
    return st.session_state.setdefault("readings", {})


def known(film: Film, model: Classifier) -> Reading | None:
    """What has been read of a film already."""
    return readings().get(_key(film, model))


def _key(film: Film, model: Classifier) -> tuple[int, Hashable]:
    return film.number, model.identity


def reading(film: Film, model: Classifier) -> Reading:
    """Read and score a film, once a model."""
    key = _key(film, model)
    if key not in readings():
        readings()[key] = _read_and_score(film, model)
    return readings()[key]


def unread(model: Classifier) -> list[Film]:
    """Films that the model has not scored yet."""
    return [film for film in films().values() if known(film, model) is None]


def _read_and_score(film: Film, model: Classifier) -> Reading:
    if film.refusal is not None:
        return Reading(film.refusal)
    try:
        radiograph = radiograph_of(film)
    except CxrError as error:
        record.scored(film.sha256, model, Assessment(error))
        return Reading(error)
    try:
        found = assess(radiograph, model)
        record.scored(film.sha256, model, found)
        prediction, checks = found.scored
        watch.record(model, found)
    except CxrError as error:
        return Reading(error)
    scores = replace(prediction, features=None)
    return Reading(None, _facts(radiograph), radiograph.notes, scores, checks, found.standing)


def radiograph_of(film: Film) -> Radiograph:
    """The film at full depth, from the shelf or read again."""
    return desk().shelf.get(
        ("film", film.sha256), lambda: read(film.data), lambda r: 2 * r.pixels.nbytes
    )


def _facts(film: Radiograph) -> str:
    height, width = film.pixels.shape
    facts = [f"{width:,} × {height:,} pixels", film.format, f"{film.bits} bits"]
    if film.view:
        facts.append(film.view)
    if film.spacing_mm:
        facts.append(f"{film.spacing_mm[0]:.3g} mm a pixel")
    return " · ".join(facts)
