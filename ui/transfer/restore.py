"""Films that a tab had before the server was started again: brought back, or named."""

from __future__ import annotations

from html import escape

import streamlit as st

from ui.base.component import component
from ui.base.formatting import short
from ui.session import films, missing
from ui.transfer import samples

MOST_NAMED = 12

# The tab holds on to the files that it was given (not to their bytes, which stay on the reader's
# disk), and gives them once more where they are missed.
_JS = """
export default function ({ data }) {
  const selector = "[data-testid=stFileUploaderDropzoneInput]";
  const given = (window.cxrGiven ??= []);
  const keep = (files) => files && given.push(...files);
  const change = (event) => event.target.matches?.(selector) && keep(event.target.files);
  const drop = (event) => keep(event.dataTransfer?.files);
  window.addEventListener("change", change, true);
  window.addEventListener("drop", drop, true);

  const again = new DataTransfer();
  for (const [name, size] of data.missing) {
    const at = given.findIndex((file) => file.name === name && file.size === size);
    if (at >= 0) again.items.add(given.splice(at, 1)[0]);
  }
  const give = () => {
    const zone = document.querySelector(selector);
    if (!zone) return requestAnimationFrame(give);
    zone.files = again.files;
    zone.dispatchEvent(new Event("change", { bubbles: true }));
  };
  if (again.files.length) give();
  return () => {
    window.removeEventListener("change", change, true);
    window.removeEventListener("drop", drop, true);
  };
}
"""
_component = component("cxr_films_again", _JS)


def show() -> None:
    """Say what is missed, and bring back what can be."""
    if found := [each for each in missing.missing() if each.sample]:
        for each in found:
            missing.missing().remove(each)
            if (sample := samples.named(each.name)) is not None:
                number = films.add_sample(sample)
                if each.shown:
                    films.choose(number)
        st.rerun()
    missed = missing.missing()
    _component(key="films-again", data={"missing": [[each.name, each.size] for each in missed]})
    if not missed:
        return
    names = ", ".join(escape(short(each.name)) for each in missed[:MOST_NAMED])
    more = f" and {len(missed) - MOST_NAMED} more" if len(missed) > MOST_NAMED else ""
    with st.container(key="missing"):
        st.html(
            "<p>The server was started again and no longer holds your films. Add these again: "
            f"{names}{more}.</p>"
        )
        st.button("Do without", key="do-without", type="tertiary", on_click=missing.forget)
