"""Worklist: the films of a screening run, the most suspicious first."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import streamlit as st

from cxr.batch.summary import verdict
from cxr.errors import CxrError
from cxr.worklist import handout
from cxr.worklist.readings import Readings
from cxr.worklist.results import Numbers, Results
from ui.base import frame
from ui.base.formatting import plain
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
    read = readers.ask() if readings else None
    if readings:
        found = readers.narrowed(found, readings, read)
        st.caption(plain(readers.told(readings)))
    if results.scores and results.scores.alarm:
        st.warning(plain(verdict(results.scores)))
    found = table.telling(results, found)
    numbers = table.page_of(found, (wanted, read))
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
    """All films that the filters leave, as a file."""
    file(
        f"Recall list, {len(found):,} films",
        "recall list",
        "recall.csv",
        found,
        lambda: results.recall_list(found, record.head()),
    )


def read_back(readings: Readings, found: Numbers) -> None:
    """The same films with what readers say of each."""
    file(
        f"Readings of {len(found):,} films",
        "readings",
        "readings.csv",
        found,
        lambda: readings.to_csv(found),
    )


def hand_out(results: Results, found: Numbers) -> None:
    """The same films as lists for several readers, without a score."""
    with st.popover("Hand out"):
        readers = int(st.number_input("Readers", 1, handout.MOST_READERS, 2))
        each = int(st.number_input("Readers of each film", 1, readers, min(2, readers)))
        st.caption("A list for each reader, in an order that tells nothing, and a key for you.")
        few = len(found) <= handout.MOST_FILMS
        file(
            f"Lists of {len(found):,} films",
            "reading lists",
            "reading-lists.zip",
            found,
            lambda: handout.hand_out(results, found, readers, each),
            "" if few else f"At most {handout.MOST_FILMS:,} films: filter the list first.",
        )


def file(
    title: str, what: str, name: str, films: Numbers, make: Callable[[], bytes], why_not: str = ""
) -> None:
    """A button for a file about films; the audit log holds which file it was, as `what`."""
    tell = record.exporter()

    def made() -> bytes:
        data = make()
        tell(what, {"films": len(films), "sha256": sha256(data).hexdigest()})
        return data

    st.download_button(
        title,
        data=made,
        file_name=name,
        key=f"download-{name}",
        on_click="ignore",
        disabled=bool(why_not),
        help=why_not or None,
    )


main()
