"""The session's films: what was dropped in, which one is shown, what each scored.

File names are kept only here, in the session of the person who gave them; nothing logs them.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from hashlib import sha256

import cv2
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cxr.errors import CxrError, UnreadableFile
from cxr.imaging.altered import altered
from cxr.imaging.preprocessing import reduce_film
from cxr.imaging.radiograph import Radiograph
from cxr.imaging.reader import read
from cxr.model.classifier import Classifier
from cxr.screening.assess import Assessment, assess
from cxr.site_profiles import watch
from cxr.teaching.samples import Sample
from ui.server import film_bytes
from ui.server.memory import WATCH
from ui.session import missing, record
from ui.session.film import Change as Change
from ui.session.film import Film as Film
from ui.session.film import Reading as Reading
from ui.work.fragments import pressed
from ui.work.session_cache import workspace

THUMBNAIL = 72
"""Pixels of a thumbnail's side."""
MOST_FILMS = 200
MOST_BYTES = 1_000_000_000


def films() -> dict[int, Film]:
    """By number, in the order they were given."""
    return st.session_state.setdefault("films", {})


def add(name: str, data: bytes, label: str = "", source: str = "") -> int:
    """Put a film at the end of the list; returns its number."""
    number = st.session_state.get("last_number", 0) + 1
    st.session_state["last_number"] = number
    digest = sha256(data).hexdigest()
    refusal = None
    crowded = len(films()) + len(removed()) >= MOST_FILMS
    if removed() and (crowded or _weight() + len(data) > min(film_bytes.left(), MOST_BYTES)):
        forget()
    held = _weight()
    if held + len(data) > film_bytes.left():
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
    known = missing.back(name, len(data))
    if known is not None:
        label = label or known.label
        if known.shown:
            choose(number)
    films()[number] = Film(number, name, data, digest, label, source, refusal)
    film_bytes.weigh(_weight())
    return number


def _weight() -> int:
    """Bytes of the session's films, and of those that can be brought back."""
    return sum(len(film.data) for film in (*films().values(), *removed().values()))


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


@pressed
def alter(number: int, turn: int = 0, exchange: bool = False, let_in: bool = False) -> None:
    """Turn a film, exchange its black and white, let it in: it is scored anew."""
    if (film := films().get(number)) is None:
        return
    old = film.change
    change = Change((old.turns + turn) % 4, old.exchanged != exchange, old.let_in or let_in)
    _change(film, change)


def as_filed(number: int) -> None:
    """Take back what was changed."""
    if (film := films().get(number)) is not None:
        _change(film, Change())


def _change(film: Film, change: Change) -> None:
    """Whatever was worked out of the film as it was goes."""
    workspace().clear()
    films()[film.number] = replace(film, change=change)
    for key in [key for key in readings() if key[0] == film.number]:
        readings().pop(key)
    st.session_state.get("tries", {}).pop(film.number, None)


def remove(number: int) -> None:
    """Remove a film and what was worked out from it; one that is gone already is left so."""
    numbers = listed()
    if number not in films():
        return
    place = numbers.index(number) if number in numbers else 0
    _put_aside({number: films().pop(number)})
    for key in [key for key in readings() if key[0] == number]:
        readings().pop(key)
    left = [n for n in numbers if n in films()] or list(films())
    choose(left[min(place, len(left) - 1)] if left else None)


def clear() -> None:
    """Remove every film and all that was worked out from them."""
    choose(None)
    gone = dict(films())
    films().clear()
    _put_aside(gone)
    readings().clear()
    workspace().clear()


def _put_aside(gone: dict[int, Film]) -> None:
    """Keep the films that were removed last, until they are brought back or forgotten; of those
    before them nothing stays, nor what was worked out of them."""
    for number, film in removed().items():
        if number not in films() and number not in gone:
            _let_go(film)
    # In place: Streamlit holds what a name stood for until the page runs once more.
    removed().clear()
    removed().update(gone)
    weigh()


def _let_go(film: Film) -> None:
    shelf, change = workspace().shelf, film.change
    shown: Radiograph | None = shelf.find(("film", film.sha256, change.turns, change.exchanged))
    for name in {film.sha256} | ({shown.sha256} if shown is not None else set()):
        shelf.drop(name)


def weigh() -> None:
    """Say what the session holds now."""
    film_bytes.weigh(_weight())


def removed() -> dict[int, Film]:
    """The films that were removed last."""
    return st.session_state.setdefault("removed", {})


def bring_back() -> None:
    """Put them among the others again, as they were numbered."""
    back = {**films(), **removed()}
    films().clear()
    films().update(dict(sorted(back.items())))
    choose(next(iter(removed()), None))
    _put_aside({})


def forget() -> None:
    """Let them go."""
    _put_aside({})
    WATCH.freed()


def chosen() -> Film:
    """The film that is shown: there must be one."""
    if st.session_state.get("film") not in films():
        choose(next(iter(films())))
    return films()[st.session_state["film"]]


def choose(number: int | None) -> None:
    """Show a film."""
    st.session_state["film"] = number


def listed() -> list[int]:
    """The films in the order of the list, as it was last drawn, and those that came since; the one
    that is shown is always among them."""
    order = st.session_state.get("listed")
    if order is None:
        return list(films())
    known, held = st.session_state["listed-of"], films()
    shown = st.session_state.get("film")
    return [n for n in order if n in held] + [
        n for n in held if n not in known or (n == shown and n not in order)
    ]


def list_as(order: list[int]) -> None:
    """Have the films listed so from here on."""
    st.session_state["listed"] = order
    st.session_state["listed-of"] = set(films())


def looked_at() -> set[int]:
    """Films that were shown since they came."""
    return st.session_state.setdefault("looked-at", set())


@pressed
def step(by: int) -> None:
    """Show the film `by` places on; the ends hold."""
    numbers = listed()
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
        found = assess(radiograph, model, film.change.let_in)
        record.scored(film.sha256, model, found, film.change.said)
        # A film that brings its source is a sample or a case: the profile's hospital took neither.
        if found.prediction is not None and not film.change.let_in and not film.source:
            watch.record(model, found)
    except CxrError as error:
        return Reading(error)
    picture = Reading(
        found.refusal,
        _facts(radiograph),
        radiograph.notes,
        passport=found.checks,
        doubts=radiograph.doubts,
        thumbnail=thumbnail(radiograph.eight_bit, THUMBNAIL),
    )
    if found.prediction is None:
        return picture
    scores = replace(found.prediction, features=None)
    return replace(picture, prediction=scores, standing=found.standing)


def radiograph_of(film: Film) -> Radiograph:
    """The film at full depth as its reader wants it, from the shelf or read again; also one that
    is refused as none, since its reader may see otherwise."""
    return decoded(film.sha256, film.data, film.change)


def decoded(sha256: str, data: bytes, change: Change) -> Radiograph:
    """The film in a file with this hash, under what its reader says of it.

    Raises
    ------
    UnreadableFile
    """
    return workspace().shelf.get(
        ("film", sha256, change.turns, change.exchanged),
        lambda: altered(read(data, all_the_same=True), change.turns, change.exchanged),
        lambda r: 2 * r.pixels.nbytes,
    )


def thumbnail(pixels: NDArray[np.uint8], side: int) -> bytes:
    """A square JPEG of a film on black."""
    small = reduce_film(pixels, side)
    square = np.zeros((side, side), np.uint8)
    top, left = (side - small.shape[0]) // 2, (side - small.shape[1]) // 2
    square[top : top + small.shape[0], left : left + small.shape[1]] = small
    return cv2.imencode(".jpg", square)[1].tobytes()


def _facts(film: Radiograph) -> str:
    height, width = film.pixels.shape
    facts = [f"{width:,} × {height:,} pixels", film.format, f"{film.bits} bits"]
    if film.view:
        facts.append(film.view)
    if film.spacing_mm:
        facts.append(f"{film.spacing_mm[0]:.3g} mm a pixel")
    return " · ".join(facts)
