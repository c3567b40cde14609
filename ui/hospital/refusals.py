"""How this page refuses: in a sentence with the code that the command line and Python give."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import streamlit as st

from cxr.errors import CxrError
from ui.base.formatting import plain, short


def show(refusal: CxrError) -> None:
    """One refusal."""
    st.info(plain(str(refusal)))


def of_files(refused: Iterable[tuple[str, CxrError]]) -> None:
    """Those of files, a line each behind the file's name."""
    rows = "".join(
        f"<tr><td>{escape(short(name, 48))}</td><td>{escape(str(refusal))}</td></tr>"
        for name, refusal in refused
    )
    st.html(f'<table class="hospital-refused">{rows}</table>')
