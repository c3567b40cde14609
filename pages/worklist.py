"""Worklist: the films of a screening run, the most suspicious first."""

from __future__ import annotations

from functools import partial

import streamlit as st

from cxr.batch.results import Results
from cxr.errors import CxrError
from ui.base import frame
from ui.base.words import plain
from ui.session import models, record
from ui.worklist import film, setting, source, table


def main() -> None:
    frame.guard()
    model = models.current()
    results, changed = source.results()
    wanted = table.ask(results)
    found = source.found(results, setting.named(), changed, wanted)
    st.caption(plain(about(results)))
    numbers = table.page_of(found, wanted)
    if not len(numbers):
        st.info("No film is like this.")
        return
    try:
        chosen = table.show(results, numbers)
        st.download_button(
            f"Recall list, {len(found):,} films",
            data=partial(results.recall_list, found),
            file_name="recall.csv",
            mime="text/csv",
            on_click="ignore",
        )
        if chosen is None:
            record.left()
            st.caption("Choose a row to see its film.")
        else:
            film.show(results, chosen, model)
    except CxrError as refusal:
        st.info(plain(str(refusal)))


def about(results: Results) -> str:
    """Which network and profile the rows come from."""
    network = results.about.get("network") or {}
    hospital = results.about.get("hospital") or {}
    by = f", hospital {hospital['name']}" if hospital else ""
    return f"{len(results):,} films, scored by {network.get('name', 'an unknown network')}{by}."


main()
