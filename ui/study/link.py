"""A study as a link: whoever opens it reads the same films with the same calls."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from urllib.parse import urlencode

import streamlit as st

from cxr.study.plan import FEWEST, MOST_WRONG
from ui.study.source import SENDABLE

MOST_FILMS, MOST_SEED = 60, 10**6


@dataclass(frozen=True)
class Sent:
    """What an instructor chose.

    Attributes
    ----------
    films_from : str
        Key of :data:`ui.study.source.SENDABLE`.
    films, share, seed : int
        See :func:`cxr.study.plan.make`; the share in percent.
    study : str
        The plan's own number: that of other films or calls is another one.
    model : str
        The bundle's folder.
    """

    films_from: str
    films: int
    share: int
    seed: int
    study: str
    model: str


def of(sent: Sent) -> str:
    """The address to send."""
    here = str(st.context.url or "").split("?")[0]
    return f"{here}?{urlencode(asdict(sent))}"


def opened() -> Sent | None:
    """What the page's address asks for; None where it asks for no study, or for none that there
    can be."""
    given = st.query_params
    try:
        films, share, seed = (int(given[name]) for name in ("films", "share", "seed"))
        sent = Sent(given["films_from"], films, share, seed, given["study"], given["model"])
    except (KeyError, ValueError):
        return None
    possible = (
        sent.films_from in SENDABLE
        and FEWEST <= sent.films <= MOST_FILMS
        and 0 <= sent.share <= 100 * MOST_WRONG
        and 0 <= sent.seed <= MOST_SEED
    )
    return sent if possible else None


def leave() -> None:
    """A study of one's own instead."""
    st.query_params.clear()
