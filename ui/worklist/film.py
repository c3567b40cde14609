"""The film of a row, on the light box."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from cxr.batch.results import Results, Row
from cxr.errors import CxrError
from cxr.model.classifier import Classifier
from ui.base.words import flag, odds, plain, short
from ui.session import films, record
from ui.viewer import Plate, viewer

HEIGHT = "calc(100dvh - 17rem)"
"""Of the light box, below what stands above it."""


def show(results: Results, number: int, model: Classifier) -> None:
    """What was scored, if it is still there; a press takes it to Read for maps and a report."""
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
        st.html(f'<div class="cxr-name">{escape(short(name))}</div>', width="content")
    viewer(
        [Plate(radiograph, "The film")],
        key="worklist-film",
        height=HEIGHT,
        caption=[short(name), *_scored(row)],
    )


def _scored(row: Row) -> list[str]:
    """What the table says of it; nothing of a film that was refused."""
    said = [row["decision"] or ""]
    if row["log_odds"] is not None:
        said.append(f"log-odds {odds(row['log_odds'])}")
    return [line for line in said if line]
