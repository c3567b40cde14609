"""Where films come in, and what leaves."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from cxr.model.classifier import Classifier
from ui.session import films, hospitals, missing, record
from ui.transfer import pacs, restore
from ui.transfer.export import scores_csv
from ui.transfer.samples import groups, picker

RULE = "Frontal chest films as PNG, JPEG or DICOM. They stay in this session’s memory only."
WHOSE = (
    "They are taken for films of a hospital that the model does not know, until you say in the "
    "sidebar, under “Films from”, where they are from."
)

# A film that is dropped beside a zone would open in the browser's tab, and the page be gone.
_ANYWHERE = """
export default function () {
  const zone = () => document.querySelector("[class*=st-key-upload-] input[type=file]");
  const files = (event) => event.dataTransfer?.types.includes("Files");
  const mark = (on) => (document.body.style.boxShadow = on ? "inset 0 0 0 4px #5aa5d6" : "");
  const over = (event) => {
    if (!files(event)) return;
    event.preventDefault();
    mark(zone());
  };
  const out = (event) => event.relatedTarget ?? mark(false);
  const drop = (event) => {
    mark(false);
    if (!files(event) || event.target.closest?.("[data-testid=stFileUploader]")) return;
    event.preventDefault();
    if (!zone()) return;
    zone().files = event.dataTransfer.files;
    zone().dispatchEvent(new Event("change", { bubbles: true }));
  };
  const heard = { dragover: over, dragleave: out, drop };
  for (const [kind, hear] of Object.entries(heard)) window.addEventListener(kind, hear);
  return () => {
    for (const [kind, hear] of Object.entries(heard)) window.removeEventListener(kind, hear);
  };
}
"""
_anywhere = st.components.v2.component("cxr_drop_anywhere", js=_ANYWHERE)


def anywhere() -> None:
    """Take films that are dropped anywhere in the window to the list's zone; on a page that has
    none such a drop does nothing."""
    _anywhere(key="drop-anywhere")


def first(model: Classifier) -> None:
    """The page before there is a film."""
    with st.container(key="intake"):
        if st.session_state.pop("lost", False):
            st.info(
                "If there were films here before the reload, they are no longer held: add them "
                "again."
            )
        undo()
        drop("Films")
        st.caption(RULE)
        if model.site is None and not hospitals.all_at_home():
            st.caption(WHOSE)
        pacs.find()
        st.html('<div class="cxr-heading">Or take a sample</div>')
        groups(model.bundle)


def more(model: Classifier) -> None:
    """Room for more films, beside those there are."""
    drop("Add films", help=RULE)
    pacs.find()
    if st.button("Samples", key="samples"):
        picker(model.bundle)


def undo() -> None:
    """Bring back what was removed last, or let it go; nothing where nothing was."""
    if not (gone := films.removed()):
        return
    many = "1 film" if len(gone) == 1 else f"{len(gone)} films"
    with st.container(key="undo", horizontal=True, gap="xsmall"):
        st.button(f"Bring back {many}", key="bring-back", on_click=films.bring_back)
        st.button("Forget", key="forget", type="tertiary", on_click=films.forget)


def drop(label: str, help: str | None = None) -> None:
    """The drop zone, which empties itself into the list."""
    restore.show()
    turn = st.session_state.setdefault("uploads", 0)
    # Any type may be dropped: the bytes decide, and a refusal says more than a greyed-out name.
    given = st.file_uploader(label, accept_multiple_files=True, key=f"upload-{turn}", help=help)
    if given:
        awaited = bool(missing.missing())
        numbers = [films.add(file.name, file.getvalue()) for file in given]
        forget(given)
        if not awaited:
            films.choose(numbers[0])
        st.session_state["uploads"] = turn + 1
        st.rerun()


def forget(given: list[UploadedFile]) -> None:
    """Streamlit would hold the bytes until the tab is closed, and Remove would remove nothing."""
    context = get_script_run_ctx()
    if context and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        for file in given:
            context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


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
    # Written here: where a download is made there is no session, so no own call and no threshold.
    written = scores_csv(rows, model, record.head())

    hashes = [film.sha256 for film, _ in rows]

    def table() -> bytes:
        tell("scores", {"films": hashes})
        return written

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
    undo()
