"""How many bytes of films the whole server holds: one session has its own limit, all have this."""

from __future__ import annotations

import os
from dataclasses import dataclass

import streamlit as st

SETTING = "CXR_SERVER_MB"
USUAL_MB = 8000


@dataclass(eq=False)
class SessionBytes:
    """What one session holds."""

    weight: int = 0

    def leave(self) -> None:
        _all.discard(self)


_all: set[SessionBytes] = set()


@st.cache_resource(scope="session", on_release=SessionBytes.leave, show_spinner=False)
def _held() -> SessionBytes:
    held = SessionBytes()
    _all.add(held)
    return held


def most() -> int:
    """Bytes, by `CXR_SERVER_MB`."""
    given = os.environ.get(SETTING, "")
    return (int(given) if given.isdecimal() else USUAL_MB) * 1_000_000


def weigh(weight: int) -> None:
    """Say how many bytes this session holds."""
    _held().weight = weight


def left() -> int:
    """Bytes that this session may hold, as the others have it."""
    own = _held()
    return most() - sum(each.weight for each in list(_all) if each is not own)
