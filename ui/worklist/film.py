"""The film of a row, on the light box."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from cxr.batch.results import Results
from cxr.errors import CxrError
from cxr.imaging.radiograph import Radiograph
from cxr.imaging.reader import read
from cxr.model.classifier import Classifier
from ui.base.words import plain
from ui.session import films, record
from ui.session.shelf import desk
from ui.viewer import STAGE, Plate, viewer


def show(results: Results, number: int, model: Classifier) -> None:
    """What was scored, if it is still there; a press takes it to Read for maps and a report."""
    (row,) = results.rows([number])
    if row["refusal"]:
        st.info(plain(row.get("reason") or row["refusal"]))
    try:
        name, data = results.film(number)
        radiograph: Radiograph = desk().shelf.get(
            ("film", row["sha256"]), lambda: read(data), lambda r: 2 * r.pixels.nbytes
        )
    except CxrError as refusal:
        if str(refusal) != row.get("reason"):
            st.info(plain(str(refusal)))
        return
    record.shown(row["sha256"], model, beside=("worklist",))
    if st.button("Open on Read", key="worklist-read"):
        films.choose(films.add(Path(name).name, data))
        st.switch_page("pages/read.py")
    viewer([Plate(radiograph, "The film")], key="worklist-film", height=STAGE)
