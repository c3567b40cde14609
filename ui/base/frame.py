"""What stands round every page: the styles, the notice, and the keys."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from cxr.notice import NOTICE

HERE = Path(__file__).parent
ABOUT = f"CXR Lens reads chest radiographs with a network and shows what moved it. {NOTICE}"

# Streamlit hears no single-key shortcut while a slider, a radio button, a toggle, a list to choose
# from or a closed picker holds the focus. Who came there by a click is done with it: the key goes
# to the page. Who came by keyboard keeps the focus.
_RELEASE = """
export default function () {
  let clicked = false;
  const done = () => {
    const held = document.activeElement;
    if (held instanceof HTMLSelectElement) return held;
    if (!(held instanceof HTMLInputElement)) return null;
    if (["range", "radio", "checkbox", "file"].includes(held.type)) return held;
    const picker = held.getAttribute("role") === "combobox";
    return picker && held.getAttribute("aria-expanded") !== "true" ? held : null;
  };
  const press = () => (clicked = true);
  const hear = (event) => {
    if (event.key === "Tab") clicked = false;
    if (!clicked || !event.isTrusted || event.defaultPrevented) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.length > 1 && !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    const held = done();
    if (!held) return;
    held.blur();
    event.preventDefault();
    event.stopImmediatePropagation();
    const { key, code, keyCode, which, shiftKey } = event;
    for (const type of ["keydown", "keyup"]) {
      const said = { key, code, keyCode, which, shiftKey, bubbles: true, cancelable: true };
      document.body.dispatchEvent(new KeyboardEvent(type, said));
    }
  };
  window.addEventListener("pointerdown", press, true);
  window.addEventListener("keydown", hear, true);
  return () => {
    window.removeEventListener("pointerdown", press, true);
    window.removeEventListener("keydown", hear, true);
  };
}
"""
_release_keys = st.components.v2.component("cxr_release_keys", js=_RELEASE)


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


def guard() -> None:
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
    st.html(f'<div class="cxr-notice" role="note">{NOTICE}</div>')


def keys() -> None:
    with st.sidebar:
        _release_keys(key="release-keys", height=1)
