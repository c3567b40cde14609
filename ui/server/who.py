"""Who is at the app: as signed in where the server has sign-in, else as the person said."""

from __future__ import annotations

import streamlit as st

from cxr.review.entries import LONGEST_NAME, tidy

SAID = "reader"
"""Where the session keeps a name that a person gave."""


def name() -> str:
    """As signed in, else as given once this session; "" until then."""
    return signed_in() or st.session_state.get(SAID, "")


def signed_in() -> str:
    """What the server's identity provider calls the person; "" without sign-in."""
    if not st.user.get("is_logged_in"):
        return ""
    return as_kept(str(st.user.get("name") or st.user.get("email") or st.user.get("sub") or ""))


def as_kept(given: str) -> str:
    """A name as it is kept."""
    return tidy(given)[:LONGEST_NAME]
