"""What the reader says of a film himself: before its scores are seen, and after."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from cxr.model.classifier import Classifier
from cxr.study.answers import CONFIDENCES
from ui.session import studies
from ui.session.films import Film

OTHER = "other"
"""The call of a reader who sees what the network was never taught."""
SURE = dict(zip(CONFIDENCES, ("Guess", "Unsure", "Fair", "Sure", "Certain"), strict=True))
STAGES = ("before", "after")


@dataclass(frozen=True)
class Call:
    """A label or ``other``, and how sure the reader is of it, 1 to 5."""

    label: str
    sure: int

    @property
    def said(self) -> str:
        return f"{self.label}, {SURE[self.sure].lower()}"


def calls() -> dict[tuple[int, str], Call]:
    """By number of the film and stage."""
    return st.session_state.setdefault("own-calls", {})


def labels(model: Classifier) -> list[str]:
    return [*model.labels, OTHER]


def first() -> bool:
    """Whether the reader calls before he sees a score."""
    return bool(st.session_state.get("call-first"))


def seen() -> set[int]:
    """Films whose scores he has looked at: a call of these is none before the scores."""
    return st.session_state.setdefault("scores-seen", set())


def waits(film: Film) -> bool:
    """Whether a film's scores wait for what he says of it, here or in a reader study."""
    return bool(why(film))


def why(film: Film) -> str:
    """For what they wait, as lists say it; "" where they do not."""
    if studies.in_study(film):
        return "waits for your reader study"
    return "waits for your call" if first() and film.number not in seen() else ""


def of(film: Film) -> dict[str, Call]:
    """Stage → call."""
    return {
        stage: call for stage in STAGES if (call := calls().get((film.number, stage))) is not None
    }
