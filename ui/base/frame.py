"""What stands round every page: the styles and the notice."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from cxr.notice import NOTICE

HERE = Path(__file__).parent
ABOUT = f"CXR Lens reads chest radiographs with a network and shows what moved it. {NOTICE}"


def configure() -> None:
    """Title, width, styles; the menu keeps the choice of dark or light as it holds an entry."""
    st.set_page_config(
        page_title="CXR Lens",
        layout="wide",
        initial_sidebar_state="auto",
        menu_items={"About": ABOUT},
    )
    st.html(HERE / "style.css")


def accepted(besides: str) -> bool:
    """Show the notice until it has been accepted, once a session, and what else is to be known."""
    if st.session_state.get("accepted"):
        return True
    with st.container(key="gate"):
        st.title("CXR Lens", anchor=False)
        st.write(
            "A network scores frontal chest radiographs. Beside each score stands what it is "
            "worth; a map of what moved the network is drawn if asked for."
        )
        st.subheader(NOTICE, anchor=False)
        st.write(
            "Scores hold, at most, for films like those that the network was measured on. It can "
            "be wrong on any film, and a map does not show where disease is."
        )
        if besides:
            st.caption(besides)
        st.button("I have read this and accept", key="accept", type="primary", on_click=_accept)
    return False


def require_notice() -> None:
    """Begin a page: nothing of it is drawn before the research-only notice was accepted.

    ``app.py`` asks for that, but Streamlit can serve a page's address without it. Whoever came so
    is sent back to the notice.
    """
    if st.session_state.get("accepted"):
        return
    if PagesManager.uses_pages_directory:
        # Streamlit believes so of any folder called pages until st.navigation is first called.
        PagesManager.uses_pages_directory = False
        st.rerun()
    st.stop()


def _accept() -> None:
    st.session_state["accepted"] = True


def notice() -> None:
    """The name and the line at the top of every page."""
    st.logo(HERE / "logo.svg", size="large")
    st.html(
        f'<div class="cxr-notice" role="note">{NOTICE}</div>'
        '<button class="cxr-keys-ask" type="button">Keys: ?</button>'
    )
