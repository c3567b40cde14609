"""Where films come in, and the list of them."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from cxr.model.classifier import Classifier
from ui.base.words import plain, score, short
from ui.panels import pacs, standing
from ui.panels.export import scores_csv
from ui.panels.samples import groups, picker
from ui.session import films, hospitals, record

RULE = "Frontal chest films as PNG, JPEG or DICOM. They stay in this session’s memory only."


def first(model: Classifier) -> None:
    """The page before there is a film."""
    with st.container(key="intake"):
        drop("Films")
        st.caption(RULE)
        pacs.find()
        st.html('<div class="cxr-heading">Or take a sample</div>')
        groups(model.labels)


def more(model: Classifier) -> None:
    """Room for more films, beside those there are."""
    drop("Add films", help=RULE)
    pacs.find()
    if st.button("Samples", key="samples"):
        picker(model.labels)


def drop(label: str, help: str | None = None) -> None:
    """The drop zone, which empties itself into the list."""
    turn = st.session_state.setdefault("uploads", 0)
    # Any type may be dropped: the bytes decide, and a refusal says more than a greyed-out name.
    given = st.file_uploader(label, accept_multiple_files=True, key=f"upload-{turn}", help=help)
    if given:
        numbers = [films.add(file.name, file.getvalue()) for file in given]
        forget(given)
        films.choose(numbers[0])
        st.session_state["uploads"] = turn + 1
        st.rerun()


def forget(given: list[UploadedFile]) -> None:
    """Streamlit would hold the bytes until the tab is closed, and Remove would remove nothing."""
    context = get_script_run_ctx()
    if context and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        for file in given:
            context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


def film_list(model: Classifier) -> None:
    """Every film by name with its class, score and margin, or why it was refused."""
    held = films.films()
    key = films.list_key()
    st.radio(
        f"Films ({len(held)})",
        list(held),
        index=list(held).index(films.chosen().number),
        key=key,
        on_change=films.pick,
        args=(key,),
        format_func=lambda number: plain(short(held[number].name)),
        captions=[_caption(film, model) for film in held.values()],
    )


def _caption(film: films.Film, model: Classifier) -> str:
    reading = films.known(film, model)
    if reading is None:
        return "not read yet"
    if reading.prediction is None:
        return plain(f"Refused: {reading.refusal}")
    prediction = reading.prediction
    top = prediction.probabilities[prediction.label]
    said = f"{prediction.label} {score(top)} · margin {score(prediction.margin)}"
    if (stands := hospitals.standing(film, reading, model)) is not None:
        said = standing.brief(stands)
    if film.label and not film.source:
        said += f" · known to be {film.label}"
    unknown = reading.passport is not None and reading.passport.outside
    return plain(f"Outside what it knows · {said}" if unknown else said)


def tools(model: Classifier) -> None:
    """What can be done with all films; scores first those that were not looked at yet.

    Comes last on the page: the film on the stage is there at once, and a click while the others
    are read starts the page anew and loses nothing.
    """
    place = st.container(horizontal=True)
    if waiting := films.unread(model):
        with place:
            st.button("Scores (CSV)", key="scores-wait", disabled=True)
        said = st.empty()
        for i, film in enumerate(waiting):
            said.caption(f"Reading {i + 1} of {len(waiting)}")
            films.reading(film, model)
        st.rerun()
    rows = [(film, films.reading(film, model)) for film in films.films().values()]
    tell = record.exporter()

    def table() -> bytes:
        tell("scores", {"films": [film.sha256 for film, _ in rows]})
        return scores_csv(rows, model, record.head())

    with place:
        st.download_button(
            "Scores (CSV)",
            table,
            "cxr-lens-scores.csv",
            "text/csv",
            key="download-scores",
            on_click="ignore",
        )
        st.button("Remove all", key="clear", type="tertiary", on_click=films.clear)
