"""Worklist: the films of a screening run, the most suspicious first."""

from __future__ import annotations

from hashlib import sha256

import streamlit as st

from cxr.batch import handout
from cxr.batch.readings import Readings
from cxr.batch.results import Numbers, Results
from cxr.batch.summary import verdict
from cxr.errors import CxrError
from ui.base import frame
from ui.base.words import plain
from ui.session import models, record
from ui.worklist import film, readers, source, table


def main() -> None:
    frame.require_notice()
    model = models.current()
    results = source.results()
    wanted = table.ask(results)
    found = results.find(wanted)
    readings = readers.beside(results)
    st.caption(plain(about(results)))
    if readings:
        found = readers.narrowed(found, readings)
        st.caption(plain(readers.told(readings)))
    if results.scores and results.scores.alarm:
        st.warning(plain(verdict(results.scores)))
    numbers = table.page_of(found, wanted)
    if not len(numbers):
        record.left()
        st.info("No film is like this.")
        return
    listed, shown = st.columns(2)
    try:
        with listed:
            chosen = table.show(results, numbers, readings)
            recall(results, found)
            if readings:
                read_back(readings, found)
            hand_out(results, found)
        with shown:
            if chosen is None:
                record.left()
                st.caption("Tick a row to see its film.")
            else:
                readers.of_film(readings, chosen)
                film.show(results, chosen, model)
    except CxrError as refusal:
        st.info(plain(str(refusal)))


def about(results: Results) -> str:
    """Which network and profile the rows come from, and what called them."""
    network = results.about.get("network") or {}
    hospital = results.about.get("hospital") or {}
    by = f" under the profile {hospital['name']}" if hospital else ""
    said = f"{len(results):,} films, scored by the network {network.get('name', 'unknown')}{by}."
    called = results.about.get("decision") or {}
    if called:
        positive, _ = table.pair(results)
        on = "log-odds" if called["on"] == "log_odds" else f"p({positive})"
        said += f" {positive} from {on} {called['threshold']:.3g} on, by the {called['of']}."
    return said


def recall(results: Results, found: Numbers) -> None:
    """All films that the filters leave, as a file; the audit log holds which file it was."""
    tell = record.exporter()

    def made() -> bytes:
        data = results.recall_list(found)
        tell("recall list", {"films": len(found), "sha256": sha256(data).hexdigest()})
        return data

    st.download_button(
        f"Recall list, {len(found):,} films",
        data=made,
        file_name="recall.csv",
        key="recall-download",
        mime="text/csv",
        on_click="ignore",
    )


def read_back(readings: Readings, found: Numbers) -> None:
    """The same films with what readers say of each."""
    tell = record.exporter()

    def made() -> bytes:
        data = readings.to_csv(found)
        tell("readings", {"films": len(found), "sha256": sha256(data).hexdigest()})
        return data

    st.download_button(
        f"Readings of {len(found):,} films",
        data=made,
        file_name="readings.csv",
        key="readings-download",
        mime="text/csv",
        on_click="ignore",
    )


def hand_out(results: Results, found: Numbers) -> None:
    """The same films as lists for several readers, without a score."""
    tell = record.exporter()
    with st.popover("Hand out"):
        readers = int(st.number_input("Readers", 1, handout.MOST_READERS, 2))
        each = int(st.number_input("Readers of each film", 1, readers, min(2, readers)))
        st.caption("A list for each reader, in an order that tells nothing, and a key for you.")

        def made() -> bytes:
            data = handout.hand_out(results, found, readers, each)
            tell("reading lists", {"films": len(found), "sha256": sha256(data).hexdigest()})
            return data

        few = len(found) <= handout.MOST_FILMS
        st.download_button(
            f"Lists of {len(found):,} films",
            data=made if few else b"",
            file_name="reading-lists.zip",
            key="lists-download",
            mime="application/zip",
            on_click="ignore",
            disabled=not few,
            help=None if few else f"At most {handout.MOST_FILMS:,} films: filter the list first.",
        )


main()
