"""The class that the Lab's views speak of: one choice for a film and a model, whatever the view."""

from __future__ import annotations

import streamlit as st

from cxr.model.classifier import Classifier
from ui.session.films import Film


def choose_class(film: Film, called: str, model: Classifier) -> str:
    """The class; starts as the one that the film was given."""
    return str(
        st.segmented_control(
            "Class",
            model.labels,
            default=called,
            required=True,
            key=class_key(film, model),
            persist_state="session",
            label_visibility="collapsed",
        )
    )


def class_key(film: Film, model: Classifier) -> str:
    """Under which the session holds it."""
    return f"lab-class-{film.number}-{model.bundle.digest[:12]}"
