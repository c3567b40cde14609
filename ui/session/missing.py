"""Films that a tab had when its server was ended, until they are here again.

The tab is told what its session holds, by name and size, and says so to a server that was started
again. It does that from its memory alone: names are written nowhere.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class Missing:
    """What the tab says of a film.

    Attributes
    ----------
    size : int
        Bytes of its file.
    sample : bool
        It comes with the app.
    label : str
        What it was known to be.
    shown : bool
        It was on the screen.
    """

    name: str
    size: int
    sample: bool
    label: str
    shown: bool


def missing() -> list[Missing]:
    return st.session_state.get("missing", [])


def expect(said: object, most: int) -> None:
    """Take what the tab remembers, `most` films of it; what is not of that form is passed over."""
    found = []
    for each in said[:most] if isinstance(said, list) else ():
        with suppress(TypeError, ValueError):
            name, size, sample, label, shown = each
            found.append(Missing(str(name), int(size), bool(sample), str(label), bool(shown)))
    st.session_state["missing"] = found


def back(name: str, size: int) -> Missing | None:
    """A film has come: what the tab had said of it, which is not missing any more."""
    for each in missing():
        if (each.name, each.size) == (name, size):
            missing().remove(each)
            return each
    return None


def forget() -> None:
    """They are not to come back."""
    st.session_state["missing"] = []
