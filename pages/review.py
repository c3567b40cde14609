"""Review: the cases that a model called wrong, one by one, and what readers say of them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from html import escape
from pathlib import Path

import pandas as pd
import streamlit as st

from cxr.errors import CxrError
from cxr.model.classifier import Classifier
from cxr.review.entries import Entry
from cxr.review.store import ReviewStore
from cxr.screening.own_films import OWN
from ui.base import frame, keymap
from ui.base.formatting import plain
from ui.panels import own_call
from ui.review import (
    address,
    consensus,
    film_panes,
    film_view,
    history,
    own,
    page_links,
    queue,
    reader,
    records,
    source,
    verdict,
)
from ui.review.case import Case, case_of, facts, in_study, scores
from ui.review.queue import QueuePosition
from ui.session import hospitals, models, record, tables
from ui.session.hospitals import as_shipped
from ui.work.session_cache import workspace

STYLE = Path(__file__).parents[1] / "ui" / "review" / "style.css"


def main() -> None:
    frame.require_notice()
    shipped = models.current()
    st.html(STYLE)
    store = source.store()
    address.restore(shipped.bundle.folder.name)
    measured, table, model, key = cases(shipped)
    by = model.site.identity if model.site else ""
    rows = source.kept(store, bundle=model.bundle.digest, profile=by)
    place = queue.find(table, model.bundle, rows, key)
    case = "" if place.row is None else str(place.row.case)
    address.write(model.bundle.folder.name, place.wanted, case)
    with st.sidebar:
        queue.filters(table, model.bundle, place.wanted)
        queue.films(model.bundle, own.counted(model, predictions(shipped)[1]))
        reader.show()
    blind = verdict.committed(place, rows) if case else None
    found = None if place.row is None else case_of(place.row, model)
    held = found is not None and in_study(found)
    hidden = held or (place.wanted.blind and blind is None)
    toolbar(place, hidden)
    if hidden or found is None:
        workspace().leave_job()
    if found is None:
        st.info(queue.nothing(place))
    elif hidden:
        film_alone(place, found, model, None if held else store)
    else:
        open_case(place, found, measured, model, store, rows, blind)
    if not hidden:
        records.show(place, store, rows, "train" in address.splits_of(predictions(shipped)[1]))


def cases(
    shipped: Classifier,
) -> tuple[pd.DataFrame, pd.DataFrame, Classifier, Hashable]:
    """What it was measured on, the films that are asked for, by what they were called, and what
    that hangs on: those of the model's table as shipped, one's own by the picked profile. Ends the
    page while there are none."""
    measured, table = predictions(shipped)
    folder = own.offered(shipped, table)
    splits = [*([OWN] if folder is not None else []), *address.splits_of(table)]
    chosen = address.split(splits)
    if folder is None or chosen != OWN:
        with st.sidebar:
            as_shipped("Calls and maps are")
            queue.splits(splits, chosen)
        return measured, table, shipped, tables.key_of(shipped.bundle.folder)
    model = hospitals.model()
    with st.sidebar:
        own.caption(model)
        queue.splits(splits, chosen)
    films = own.table(folder, model)
    if films is None:
        with st.sidebar:
            queue.films(model.bundle, own.counted(model, table))
            reader.show()
        st.stop()
    return films, films, model, own.key_of(folder, model)


def predictions(model: Classifier) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The films that it was measured on, and these with those that it learnt from behind them."""
    try:
        key = tables.key_of(model.bundle.folder)
        return tables.all_films(key), tables.reviewed(key)
    except CxrError as refusal:
        st.info(plain(str(refusal)))
        st.stop()


def toolbar(place: QueuePosition, hidden: bool) -> None:
    """From case to case, and what is shown of it. Its buttons never move."""
    before, after = place.neighbour(-1), place.neighbour(1)
    shown = film_view.shown()
    with st.container(key="toolbar", horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Previous",
            shortcut=keymap.of("previous"),
            on_click=address.go,
            args=(before,),
            disabled=not before,
        )
        st.button(
            "Next",
            shortcut=keymap.of("next"),
            on_click=address.go,
            args=(after,),
            disabled=not after,
        )
        st.button(
            "Hide maps" if shown == "maps" else "Show maps",
            key="review-maps",
            shortcut=None if hidden else keymap.of("maps"),
            on_click=film_view.toggle,
            args=("maps",),
            disabled=hidden,
        )
        st.button(
            "Film alone" if shown == "neighbours" else "Link neighbours",
            key="review-neighbours",
            shortcut=None if hidden else keymap.of("alike"),
            on_click=film_view.toggle,
            args=("neighbours",),
            disabled=hidden,
        )
        st.html(f'<div class="cxr-name">{escape(queue.where(place))}</div>', width="content")


def film_alone(
    place: QueuePosition, case: Case, model: Classifier, store: ReviewStore | None
) -> None:
    """Blind: the film, and the reader's own read, which `store` keeps; None where the film waits
    for a reader study."""
    record.shown(str(case.row.case), model, beside=("blind",), what="case")
    with st.container(key="film-row"):
        left, right = st.columns([3, 1])
    with left:
        film_panes.show_blind(place, case)
    with right:
        if store is None:
            own_call.held()
        elif not reader.name():
            reader.ask()
        elif case.row.display:
            verdict.blind_read(place, model, store)


def open_case(
    place: QueuePosition,
    case: Case,
    measured: pd.DataFrame,
    model: Classifier,
    store: ReviewStore,
    rows: list[Entry],
    blind: Entry | None,
) -> None:
    """The film among its evidence, and the verdict."""
    assert place.row is not None
    record.shown(str(place.row.case), model, beside=(film_view.shown(),), what="case")
    case = replace(case, marks=history.marks(place, rows))
    if place.row.split == OWN and case.folder is not None and case.film is not None:
        own.tell(case.folder, str(place.row.image), case.film.sha256, model)
    with st.container(key="film-row"):
        left, right = st.columns([3, 1])
    with left:
        mark = film_panes.show(place, case, measured, model)
    with right:
        st.html(
            f'<div class="cxr-between" {keymap.judged(film_view.named(place))}>'
            f"Labelled {escape(str(place.row.label))}, "
            f"called {escape(str(place.row.called))}</div>"
        )
        if not reader.name():
            reader.ask()
        elif place.row.display:
            verdict.panel(place, model, store, blind, mark)
            history.show(place, rows)
            consensus.show(place, model, store, rows)
        page_links.show(case)
        scores(place.row, model)
        facts(case, model)


main()
