"""The server: `make app`, or ``python -m streamlit run serve.py``.

The app behind what opens a film only in its own browser, and the health endpoint. ``app.py`` is
what is shown.
"""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route
from streamlit.runtime.pages_manager import PagesManager

from ui.server.film_access import FilmAccess
from ui.server.health import health

# The pages are those that app.py names, from the first request on: without this a link to a case
# finds no page on a server that has just begun.
PagesManager.uses_pages_directory = False

app = st.App("app.py", routes=[Route("/health", health)], middleware=[Middleware(FilmAccess)])
