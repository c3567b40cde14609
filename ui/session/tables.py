"""Tables of predictions, read once for all sessions: they hold nothing that anyone has brought."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import streamlit as st

from cxr.errors import BundleError
from cxr.metrics.predictions import learnt, select, table
from cxr.model.bundle import MANIFEST, Bundle, open_bundle

Key = tuple[str, str]
"""A bundle's folder and the hash of its manifest, which holds the hash of every other file."""


def key_of(folder: Path) -> Key:
    """
    Raises
    ------
    BundleError
        ``no_bundle``: the folder can no longer be read.
    """
    try:
        manifest = (folder / MANIFEST).read_bytes()
    except OSError:
        raise BundleError(
            "no_bundle", "The model’s folder can no longer be read. Pick another model."
        ) from None
    return str(folder), hashlib.sha256(manifest).hexdigest()


@st.cache_resource(max_entries=6, show_spinner=False)
def bundle(key: Key) -> Bundle:
    return open_bundle(key[0])


@st.cache_resource(max_entries=6, show_spinner="Reading the predictions")
def all_films(key: Key) -> pd.DataFrame:
    return table(bundle(key))


@st.cache_resource(max_entries=3, show_spinner="Reading the predictions")
def reviewed(key: Key) -> pd.DataFrame:
    """All films, and behind them those that the model learnt from, where the bundle brings them."""
    measured, known = all_films(key), learnt(bundle(key))
    if known is None:
        return measured
    known = known[~known.image.isin(measured.image)]  # a film may have changed its split since
    both = pd.concat([measured, known], ignore_index=True)
    for name in measured.select_dtypes("category"):
        if not isinstance(both[name].dtype, pd.CategoricalDtype):  # they held different names
            both[name] = both[name].astype("category")
    return both


@st.cache_resource(max_entries=6, show_spinner=False)
def part(key: Key, split: str, source: str = "") -> pd.DataFrame:
    return select(all_films(key), split=split, source=source)
