"""CXR Lens in a browser: `make app`, or `python -m streamlit run app.py`.

The frame of every page: the notice, the navigation and the model's picker.
"""

from __future__ import annotations

import streamlit as st

from ui import frame, models
from ui.desk import desk

# Streamlit also serves pages/*.py by their stem, past this file, to a server's very first request.
# So a page's address differs from its stem, and each page begins with frame.guard().
READ = st.Page("pages/read.py", title="Read", url_path="film", default=True)

frame.configure()
if frame.accepted():
    page = st.navigation([READ], position="top")
    frame.notice()
    models.pick()
    frame.keys()
    if page != READ:
        desk().leave_job()
    page.run()
else:
    st.navigation([READ], position="hidden")
