"""The model card, made from the bundle when it is asked for."""

from __future__ import annotations

import streamlit as st

from cxr.metrics.model_card import card
from cxr.model.bundle import open_bundle
from ui.session.tables import Key


def show(key: Key) -> None:
    text = _card(key)
    st.download_button("Card (Markdown)", text, "model_card.md", "text/markdown", on_click="ignore")
    st.markdown(text)


@st.cache_data(max_entries=8, show_spinner="Writing the card")
def _card(key: Key) -> str:
    return card(open_bundle(key[0]))
