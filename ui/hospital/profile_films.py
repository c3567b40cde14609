"""The films that a profile is to be fitted on, as far as a session has read them.

A file is read, scored and let go: what stays is a :class:`cxr.site.films.SiteFilm` without any
picture. File names stay in the session of the person who gave them; nothing logs them.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from threading import Lock

import streamlit as st

from cxr.errors import CxrError, SiteError
from cxr.model.classifier import Classifier
from cxr.site.command import UNLABELLED
from cxr.site.films import SiteFilm
from cxr.site.table import LabelTable, TableRow

MOST_BYTES = 2_000_000_000
"""Of files that wait to be read."""
TWICE = "film_twice"
"""Code of a file whose film is there already, with the same label."""
LEFT_OUT = "left out"
"""What is chosen for a film that has two labels and shall have none."""
_HELD = "hospital-profile-films"


@dataclass(frozen=True)
class Waiting:
    """A file that is not read yet."""

    name: str = field(repr=False)
    data: bytes = field(repr=False)
    label: str
    patient: str = field(default="", repr=False)


@dataclass(frozen=True, eq=False)
class ProfileFilm:
    """A film, and all that was said of it.

    Attributes
    ----------
    names : tuple of str
        Of every file that it came in.
    labels : tuple of str
        Every label that it was given; none: without a label.
    chosen : str
        Which of several labels holds, or :data:`LEFT_OUT`; "" until that is said.
    """

    film: SiteFilm
    names: tuple[str, ...] = field(repr=False)
    labels: tuple[str, ...]
    patient: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    chosen: str = ""

    @property
    def label(self) -> str | None:
        """Its label, "" without one; None where it is left out, or nobody said which of two."""
        if len(self.labels) > 1:
            return self.chosen if self.chosen in self.labels else None
        return self.labels[0] if self.labels else ""

    @property
    def person(self) -> str:
        """Whose film it is: as a table or a manifest says, else its DICOM file; "": not known."""
        return self.patient or self.film.patient

    @property
    def undecided(self) -> bool:
        return len(self.labels) > 1 and not self.chosen


@dataclass
class ProfileFilms:
    """All films of one session under one network.

    Attributes
    ----------
    held : dict of str to ProfileFilm
        By the film's identity: another file of the same film is the same film.
    refused : list of (str, CxrError)
        File and why.
    unknown : set of str
        Labels of tables and folders that the model does not have.
    stopped : bool
        Reading was stopped; files may still wait.
    turns : Counter
        How often each drop zone was emptied.
    reading : Lock
        Held while a film is read: a press starts the page anew before the run that it interrupts
        has ended, and the two must not take one film twice.
    """

    labels: tuple[str, ...]
    held: dict[str, ProfileFilm] = field(default_factory=dict)
    waiting: deque[Waiting] = field(default_factory=deque)
    refused: list[tuple[str, CxrError]] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    table: LabelTable | None = None
    stopped: bool = False
    turns: Counter[str] = field(default_factory=Counter)
    reading: Lock = field(default_factory=Lock)

    def wait(self, name: str, data: bytes, label: str, patient: str = "") -> None:
        """Put a file among those to be read."""
        weight = sum(len(each.data) for each in self.waiting)
        if weight + len(data) > MOST_BYTES:
            self.refused.append(
                (
                    name,
                    SiteError(
                        "too_many_files",
                        f"More than {MOST_BYTES // 10**9} GB of files wait to be read. Add this "
                        "one again once they are read.",
                    ),
                )
            )
            return
        self.waiting.append(Waiting(name, data, label or self._folder(name), patient))
        self.stopped = False

    def _folder(self, name: str) -> str:
        """The label that the innermost folder with a label's name stands for; "" if none does."""
        known = {label.casefold(): label for label in self.labels}
        parts = PurePosixPath(name.replace("\\", "/")).parent.parts
        return next((known[p.casefold()] for p in reversed(parts) if p.casefold() in known), "")

    def name_strange(self, names: Iterable[str]) -> None:
        """Note folders that stand beside one that names a label, and name none themselves."""
        known = {label.casefold() for label in self.labels}
        folders = [PurePosixPath(name.replace("\\", "/")).parent.parts for name in names]
        beside = {
            parts[:place]
            for parts in folders
            for place, part in enumerate(parts)
            if part.casefold() in known
        }
        there = {
            parts[len(above)]
            for parts in folders
            for above in beside
            if len(parts) > len(above) and parts[: len(above)] == above
        }
        self.unknown |= {part for part in there if part.casefold() not in {*known, UNLABELLED}}

    def take(self, waiting: Waiting, film: SiteFilm) -> None:
        """Add a film that was read."""
        row = (self.table.find(waiting.name) if self.table else None) or TableRow()
        said = (waiting.label,) if waiting.label else ()
        new = self._told(ProfileFilm(film, (waiting.name,), said, waiting.patient), row)
        there = self.held.get(film.identity)
        if there is None:
            self.held[film.identity] = new
            return
        labels = tuple(dict.fromkeys((*there.labels, *new.labels)))
        if labels == there.labels:
            twice = SiteError(TWICE, "This film is there already; it counts once.")
            self.refused.append((waiting.name, twice))
        self.held[film.identity] = replace(
            there,
            names=tuple(dict.fromkeys((*there.names, waiting.name))),
            labels=labels,
            patient=there.patient or new.patient,
            columns={**new.columns, **there.columns},
            chosen=there.chosen if labels == there.labels else "",
        )

    def tell(self, table: LabelTable) -> int:
        """Go by a table, for films that are there and for those to come.

        Returns
        -------
        int
            How many films that are there it names.
        """
        self.table = table
        named = 0
        for identity, held in self.held.items():
            rows = [row for name in held.names if (row := table.find(name)) is not None]
            for row in rows:
                held = self._told(held, row)
            self.held[identity] = held
            named += bool(rows)
        return named

    def _told(self, held: ProfileFilm, row: TableRow) -> ProfileFilm:
        known = {label.casefold(): label for label in self.labels}
        said = [known[x.casefold()] for x in row.labels if x.casefold() in known]
        self.unknown |= {x for x in row.labels if x.casefold() not in known}
        labels = tuple(dict.fromkeys((*held.labels, *said)))
        return replace(
            held,
            labels=labels,
            patient=held.patient or row.patient,
            columns={**held.columns, **row.columns},
            chosen=held.chosen if labels == held.labels else "",
        )

    def decide(self, identity: str, label: str) -> None:
        """Say which of a film's labels holds, or :data:`LEFT_OUT`."""
        self.held[identity] = replace(self.held[identity], chosen=label)

    @property
    def again(self) -> int:
        """How many of those refused are :data:`TWICE`."""
        return sum(refusal.code == TWICE for _, refusal in self.refused)

    @property
    def contrary(self) -> dict[str, ProfileFilm]:
        """Films with more than one label, decided or not."""
        return {name: held for name, held in self.held.items() if len(held.labels) > 1}

    def usable(self) -> list[ProfileFilm]:
        """Films with one label or none, those left out not among them."""
        return [held for held in self.held.values() if held.label is not None]

    def numbers(self) -> Counter[str]:
        """How many of them have each label; "" counts those without."""
        return Counter(str(held.label) for held in self.usable())


def profile_films(model: Classifier) -> ProfileFilms:
    """This session’s under a model: averages mean nothing to another network."""
    by_model: dict[tuple[object, ...], ProfileFilms] = st.session_state.setdefault(_HELD, {})
    return by_model.setdefault(model.at(None).identity, ProfileFilms(model.labels))


def elsewhere(model: Classifier) -> int:
    """Films that were read with another model."""
    here = profile_films(model)
    others = (other for other in st.session_state[_HELD].values() if other is not here)
    return sum(len(other.held) for other in others)
