"""Keys that hold what they promise: one that is held down gives one verdict, not one to every case
that follows, and a click on a switch or a filter leaves the keys to the page, as does Esc in a
note. A key that would judge asks for the reader's name where none was given.

Streamlit hears no single-key shortcut while such a field holds the focus; whoever came there by
keyboard keeps it.
"""

from __future__ import annotations

import streamlit as st

_LISTEN = """
export default function () {
  const typing = (e) => e.target.closest?.("input, textarea, [contenteditable=true]");
  const stop = (event) => {
    event.stopImmediatePropagation();
    event.preventDefault();
  };
  const hear = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && event.target instanceof HTMLTextAreaElement) {
      event.target.blur();
    } else if (!typing(event) && "etusq67890fjyxa".includes(event.key)) {
      const name = document.querySelector(".st-key-reader-name input");
      if (event.repeat) stop(event);
      else if (name && !"xa".includes(event.key)) {
        stop(event);
        name.focus();
      }
    }
  };
  const release = (event) => {
    if (event.detail !== 0) setTimeout(free, 100, 20);  // a filter's list closes only then
  };
  const free = (looks) => {
    const held = document.activeElement;
    if (!(held instanceof HTMLInputElement)) return;
    const list = held.role === "combobox";
    if (list && held.ariaExpanded === "true") looks && setTimeout(free, 100, looks - 1);
    else if (list || held.type === "checkbox") held.blur();
  };
  window.addEventListener("keydown", hear, true);
  document.addEventListener("click", release, true);
  return () => {
    window.removeEventListener("keydown", hear, true);
    document.removeEventListener("click", release, true);
  };
}
"""
_held = st.components.v2.component("cxr_review_keys", js=_LISTEN)


def listen() -> None:
    with st.sidebar:
        _held(key="review-keys", height=1)
