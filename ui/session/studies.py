"""What a session knows of the reader studies that it reads: which films tell nothing elsewhere, and
to whom figures are open."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pandas as pd
import streamlit as st

from cxr.manifest import case_of_digest
from ui.session.film import Film

HELD = "study-held"
"""Study → the SHA-256 of its films' files, and of the paths of those that a table or a folder
lists; of each study begun here and not read to its end."""
ANSWERED = "study-answered"
"""Studies of which any reader of this session has said something, here or before: their films could
be looked up between two answers, whoever is at it now."""
GIVEN_UP = "study-given-up"
"""Studies that nobody reads on here, since their films have told what they are."""
OPEN = "study-opened"
"""Study and reader of each whose figures are shown here without a question."""
INSTRUCTED = "study-instructed"
"""The same of each who saw them as an instructor, without having read all of it."""
WANTED = "study-wanted"
"""Whether an instructor has asked for the figures, and is yet to be told what that opens."""
OF_READER = (OPEN, INSTRUCTED, WANTED)
"""What is one reader's alone."""
HELD_BACK = (
    "This film belongs to a reader study that was begun here and is not finished: its call, scores "
    "and label are told once all of it is read, or once it is given up on Study."
)


def hold(study: str, files: Callable[[], Iterable[str]]) -> None:
    """Have a study's films tell nothing on other pages; by what they are known there is asked once:
    see :data:`HELD`."""
    by_study = st.session_state.setdefault(HELD, {})
    if study not in by_study:
        by_study[study] = frozenset(files())


def mark_answered(study: str) -> None:
    """Remember that something was said of a study."""
    st.session_state.setdefault(ANSWERED, set()).add(study)


def answered(study: str) -> bool:
    return study in st.session_state.get(ANSWERED, set())


def unfinished() -> list[str]:
    """Studies that are held back and of which something was said."""
    return [study for study in st.session_state.get(HELD, {}) if answered(study)]


def give_up(study: str) -> None:
    """Have its films tell again, and nobody read it on here."""
    let_go(study)
    st.session_state.setdefault(GIVEN_UP, set()).add(study)


def given_up(study: str) -> bool:
    return study in st.session_state.get(GIVEN_UP, set())


def let_go(study: str) -> None:
    """They tell again what they are."""
    st.session_state.get(HELD, {}).pop(study, None)


def holds(sha256: str) -> bool:
    """Whether a file's call, scores and label are held back."""
    return sha256 in held()


def held() -> frozenset[str]:
    """SHA-256 of all files of which that is so, and of paths: see :data:`HELD`."""
    return frozenset().union(*st.session_state.get(HELD, {}).values())


def cases() -> frozenset[str]:
    """The cases of which that is so, by which tables, verdicts and addresses name their films."""
    return frozenset(map(case_of_digest, held()))


def telling(rows: pd.DataFrame) -> pd.DataFrame:
    """The films of a table that may be told of one by one."""
    held = cases()
    return rows[~rows.case.isin(held)] if held else rows


def left_out(films: int) -> str:
    """Why lists lack some films."""
    return (
        f"{films:,} film{'s' if films > 1 else ''} of a reader study that was begun here and is "
        "not finished: left out until all of it is read, or it is given up on Study."
    )


def in_study(film: Film) -> bool:
    """The same of a film."""
    return holds(film.sha256)


def open_to(study: str, reader: str) -> None:
    """Show a study's figures to this reader once he has read all of it."""
    st.session_state.setdefault(OPEN, set()).add((study, reader))


def is_open(study: str, reader: str) -> bool:
    return (study, reader) in st.session_state.get(OPEN, set())


def instruct(study: str, reader: str) -> None:
    """Show all that was answered so far to this reader, who has not read all of it."""
    st.session_state.setdefault(INSTRUCTED, set()).add((study, reader))


def instructed(study: str, reader: str) -> bool:
    return (study, reader) in st.session_state.get(INSTRUCTED, set())
