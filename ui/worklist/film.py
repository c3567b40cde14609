"""The film of a row, on the light box."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from cxr.errors import CxrError
from cxr.manifest import case_of
from cxr.model.classifier import Classifier
from cxr.screening.own_films import OWN
from cxr.worklist.results import Results, Row
from ui.base.formatting import flag, odds, plain, short
from ui.review import own, source
from ui.session import films, record, tables
from ui.viewer import Plate, viewer

HEIGHT = "calc(100dvh - 17rem)"
"""Of the light box, below what stands above it."""


def show(results: Results, number: int, model: Classifier) -> None:
    """What was scored, if it is still there; a press takes it to Read for maps and a report, or to
    its case on Review, where it is one of the data folder's."""
    (row,) = results.rows([number], ("sha256", "refusal", "reason", "log_odds", "decision"))
    if row["refusal"]:
        st.info(plain(row.get("reason") or flag(row["refusal"])))
    try:
        path, data = results.film(number)
        radiograph = films.decoded(row["sha256"], data, films.Change())
    except CxrError as refusal:
        record.left()
        if refusal.message != row.get("reason"):
            st.info(plain(str(refusal)))
        return
    record.shown(row["sha256"], model, beside=("worklist",))
    name = Path(path).name
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button("Open on Read", key="worklist-read"):
            films.choose(films.add(name, data))
            st.switch_page("pages/read.py")
        case = _case(path, model)
        if case and st.button("Judge on Review", key="worklist-review"):
            st.switch_page("pages/review.py", query_params=case)
        st.html(f'<div class="cxr-name">{escape(short(name))}</div>', width="content")
    viewer(
        [Plate(radiograph, "The film")],
        key="worklist-film",
        height=HEIGHT,
        caption=[short(name), *_scored(row)],
    )


def _case(path: str, model: Classifier) -> dict[str, str]:
    """The address of a film's case on Review; empty where it has none there."""
    folder = source.folder()
    if folder is None:
        return {}
    try:
        image = Path(path).resolve().relative_to(folder.root).as_posix()
        known = tables.reviewed(tables.key_of(model.bundle.folder))
    except (OSError, RuntimeError, ValueError, CxrError):
        return {}
    if not folder.may_show(image):
        return {}
    splits = known.split[known.image == image].tolist()
    if not splits and own.offered(model, known) and own.lists(folder, image, model):
        splits = [OWN]
    named = {"model": model.bundle.folder.name, "case": case_of(image)}
    return {**named, "split": splits[0]} if splits else {}


def _scored(row: Row) -> list[str]:
    """What the table says of it; nothing of a film that was refused."""
    said = [row["decision"] or ""]
    if row["log_odds"] is not None:
        said.append(f"log-odds {odds(row['log_odds'])}")
    return [line for line in said if line]
