"""The server: `make app`, or ``python -m streamlit run serve.py``.

The app behind the guard of its films' addresses, and the health endpoint. ``app.py`` is what is
shown.
"""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware

from ui.server.guard import Guard

app = st.App("app.py", middleware=[Middleware(Guard)])
