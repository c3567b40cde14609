"""What a film's DICOM files take from how it is shown: its map, and its window where its reader
wants that."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import streamlit as st

from cxr.dicom_out.marks import Map, Window
from cxr.errors import DicomOutError
from cxr.model.classifier import Classifier
from ui.base.formatting import plain
from ui.session.films import Film, radiograph_of
from ui.viewer import Shown

_WANTED, _KEPT, _MAP = "window-as-shown", "windows", "map-as-shown"


def toggle(film: Film) -> Callable[[], Window | None]:
    """Whether it is wanted.

    Returns
    -------
    callable
        Gives it, where there may be no session to ask; None where it is not wanted, is the file's
        own, or cannot be said, which is said then.
    """
    asked = st.toggle(
        "Window as shown",
        key=_WANTED,
        persist_state="session",
        width="content",
        help="A presentation state besides: another viewer then shows the film under this window, "
        "inverted and turned as here.",
    )
    if not asked:
        return lambda: None
    from cxr.dicom_out.presentation import check

    try:
        check(film.data, radiograph_of(film))
    except DicomOutError as refusal:
        st.caption(plain(str(refusal)))
        return lambda: None
    kept = _kept()
    return lambda: kept.get(film.number)


def keeper(film: Film) -> Callable[[Shown], None] | None:
    """Who is told; None where nobody asks."""
    if not st.session_state.get(_WANTED) or radiograph_of(film).format != "DICOM":
        return None
    kept, number, change = _kept(), film.number, film.change

    def keep(shown: Shown) -> None:
        window = Window(
            (shown.low + shown.high) / 2,
            shown.high - shown.low,
            shown.inverted,
            (change.turns + shown.turns) % 4,
            shown.mirrored,
            change.exchanged,
        )
        as_its_file = shown.as_filed and not (
            window.inverted or window.turns or window.mirrored or window.exchanged
        )
        kept[number] = None if as_its_file else window

    return keep


def keep_map(film: Film, model: Classifier, drawn: Map | None) -> None:
    """Note the map that is shown now; None: there is none."""
    shown = _maps()
    shown.clear()
    if drawn is not None:
        shown[film.number, model.identity] = drawn


def map_shown(film: Film, model: Classifier) -> Callable[[], Map | None]:
    """Gives the map that is shown by then, where there may be no session to ask."""
    shown, name = _maps(), (film.number, model.identity)
    return lambda: shown.get(name)


def _maps() -> dict[Hashable, Map]:
    return st.session_state.setdefault(_MAP, {})


def _kept() -> dict[int, Window | None]:
    return st.session_state.setdefault(_KEPT, {})
