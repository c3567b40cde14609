"""The films of one cell of the confusion matrix, and the way from there to the review room."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

import cv2
import numpy as np
import pandas as pd
import streamlit as st

from cxr.errors import CxrError
from cxr.metrics.predictions import select
from cxr.review.folder import DataFolder
from ui.base.formatting import WAY_OUT, plain, site
from ui.metrics.blocks import films, share
from ui.metrics.scope import Scope
from ui.review import source
from ui.session import studies
from ui.session.films import thumbnail

REVIEW = "pages/review.py"
PAGE = 24
THUMBNAIL = 200
_HIDDEN = f"Not marked as free to be shown: writing on a film may be a name. {WAY_OUT}"
TABLE_ROWS = 10_000
"""What a browser is sent at most; the export holds all."""


def show(scope: Scope, truth: str, called: str) -> None:
    """Thumbnails where a data folder is named, a table where none is."""
    back = {"at": "Classes", "labelled": truth}
    rows = select(scope.films, label=truth, called=called)
    many = len(rows)
    rows = studies.telling(rows).sort_values("loss", ascending=False, kind="stable")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{films(many)} labelled {plain(truth)} called {plain(called)}**")
        if len(rows):
            # With its first case: an address that Review has to complete is a step of its own.
            first = "".join(rows.case[rows.display][:1])
            cell = {"label": truth, "called": called, "case": first}
            review_link(scope, "Open all in review room", cell, back)
    listed(scope, rows, back)


def listed(scope: Scope, rows: pd.DataFrame, back: Mapping[str, str]) -> None:
    """Films of a table, each with the way to its case; see :func:`way`."""
    if waits := len(scope.films) - len(studies.telling(scope.films)):
        st.caption(studies.left_out(waits))
    rows = studies.telling(rows)
    if rows.empty:
        return
    folder = source.folder()
    why = "Start the app with CXR_DATA set to the films’ folder to see them here."
    if folder is not None:
        why = source.wrong(folder, scope.key)
    if folder is not None and not why:
        _gallery(scope, rows, folder, back)
    else:
        _table(scope, rows, back)
        st.caption(why)


def review_link(
    scope: Scope,
    name: str,
    row: Mapping[str, str],
    back: Mapping[str, str],
    shut: str = "",
) -> None:
    """A link to the review room, with a cell as its queue.

    Parameters
    ----------
    name : str
        What the link says.
    row : mapping
        ``label`` and ``called`` of the cell; ``case``, where one is to be opened.
    back : mapping
        What leads back here: ``at``, a part of this page, and what that needs. Streamlit leaves a
        place in the browser's history that has this page's path and that room's address, without
        what a control of this page is bound to: it has to be both.
    shut : str
        Why there is no way, if there is none.
    """
    wanted = {
        **back,
        "model": scope.bundle.folder.name,
        "split": scope.split,
        "source": scope.source,
        "truth": row["label"],
        "called": row["called"],
        "sort": "loss",  # as the films are listed here, so that Next goes on along the list
        "case": row.get("case", ""),
    }
    st.page_link(
        REVIEW,
        label=name,
        disabled=bool(shut),
        help=shut or None,
        query_params={name: value for name, value in wanted.items() if value},
    )


def _gallery(scope: Scope, rows: pd.DataFrame, folder: DataFolder, back: Mapping[str, str]) -> None:
    pages = ceil(len(rows) / PAGE)
    place = st.container()
    page = st.pagination(pages, key=f"ev-page-{len(rows)}") if pages > 1 else 1
    if hidden := int((~rows.display).sum()):
        st.caption(
            f"{films(hidden)} of these {'is' if hidden == 1 else 'are'} not marked as free to be "
            f"shown: writing on a film may be a name. {plain(WAY_OUT)}"
        )
    with place, st.grid(min_column_width=130):
        for _, row in rows.iloc[PAGE * (page - 1) : PAGE * page].iterrows():
            with st.container(gap="xsmall"):
                st.image(_picture(row, folder), width="stretch", alt=f"Case {row.case}")
                scores = (f"{x} {share(row[f'p_{x}'], 2)}" for x in scope.bundle.labels)
                st.caption(f"{plain(' · '.join(scores))}  \n{plain(site(row.source))}")
                shown = bool(row.display and folder.may_show(row.image))
                name = f"Open case {row.case[:4]}…"
                review_link(scope, name, dict(row), back, "" if shown else _HIDDEN)


def _picture(row: pd.Series, folder: DataFolder) -> bytes:
    if not (row.display and folder.may_show(row.image)):
        return _blank("not shown")
    return _thumbnail(folder, folder.fingerprint, row.image) or _blank("not found")


@st.cache_data(max_entries=512, show_spinner=False)
def _thumbnail(_folder: DataFolder, fingerprint: str, image: str) -> bytes | None:
    """A square JPEG of the film on black; None where it cannot be read."""
    try:
        return thumbnail(_folder.film(image).eight_bit, THUMBNAIL)
    except (OSError, CxrError):
        return None


@st.cache_data(show_spinner=False)
def _blank(text: str) -> bytes:
    square = np.full((THUMBNAIL, THUMBNAIL), 24, np.uint8)
    cv2.putText(square, text, (48, 104), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 150, 1, cv2.LINE_AA)
    return cv2.imencode(".png", square)[1].tobytes()


def _table(scope: Scope, rows: pd.DataFrame, back: Mapping[str, str]) -> None:
    names = ["case", "source", "view", "age_group", "sex", "flags"]
    scores = [f"p_{label}" for label in scope.bundle.labels]
    shown = rows[[*names, *scores, "margin", "loss"]].head(TABLE_ROWS)
    shown = shown.assign(source=[site(name) for name in shown["source"]])
    event = st.dataframe(
        shown,
        hide_index=True,
        key="ev-cases",
        on_select="rerun",
        selection_mode="single-row",
        height=min(420, 38 + 35 * len(shown)),
        column_config={
            name: st.column_config.NumberColumn(format="%.3f")
            for name in (*scores, "margin", "loss")
        },
        alt="Films of the chosen cell",
    )
    if len(rows) > TABLE_ROWS:
        st.caption(f"The {TABLE_ROWS:,} films with the highest loss are listed.")
    chosen = event.selection.rows  # it outlives the films that it was chosen from
    if not chosen or chosen[0] >= len(shown):
        return
    review_link(scope, "Open in review room", dict(rows.iloc[chosen[0]]), back)
