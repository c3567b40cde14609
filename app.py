"""CXR Lens in a browser: `make app`, or `python -m streamlit run serve.py`.

The frame of every page: the notice, the navigation, the model's and the hospital's picker.
"""

from __future__ import annotations

import streamlit as st

from ui.base import frame, keymap
from ui.server import access, film_access
from ui.server.memory import WATCH
from ui.session import hospitals, models, record, reload
from ui.transfer import intake
from ui.work import callbacks
from ui.work.session_cache import workspace
from ui.worklist import setting as worklist

# Streamlit also serves pages/*.py by their stem, past this file, to a server's very first request.
# So a page's address differs from its stem, and each page begins with frame.require_notice().
# A tab is asked what it held once the page is known: an answer before that would lead to Read.
READ = st.Page("pages/read.py", title="Read", url_path="film", default=True)
METRICS = st.Page("pages/metrics.py", title="Metrics", url_path="evidence")
REVIEW = st.Page("pages/review.py", title="Review", url_path="cases")
LAB = st.Page("pages/lab.py", title="Lab", url_path="workbench")
STUDY = st.Page("pages/study.py", title="Study", url_path="reader-study")
HOSPITAL = st.Page("pages/hospital.py", title="Hospital", url_path="hospital")
WORKLIST = st.Page("pages/worklist.py", title="Worklist", url_path="worklist-of-films")
AUDIT = st.Page("pages/audit.py", title="Audit", url_path="audit-log")
PAGES = [READ, METRICS, REVIEW, LAB, STUDY]
if worklist.named():
    PAGES.append(WORKLIST)
if access.may("instructor"):
    PAGES.append(HOSPITAL)
if access.asks() and access.may("admin"):  # whoever runs it alone has the command line
    PAGES.append(AUDIT)

callbacks.never_cut()
WATCH.begin()
film_access.claim()
frame.configure()
if not access.let_in():
    st.navigation(PAGES, position="hidden")
elif frame.accepted("" if access.asks() else access.OPEN):
    page = st.navigation(PAGES, position="top")
    reload.come_back()
    frame.notice()
    access.show()
    models.pick()
    if page in (READ, REVIEW, LAB, STUDY):  # the others are about the model as it was shipped
        hospitals.pick()
    keymap.listen()
    intake.anywhere()
    if page.url_path != st.session_state.get("page"):  # a page's long work ends with it
        st.session_state["page"] = page.url_path
        workspace().leave_job()
        record.left()
    page.run()
    reload.remember()
    record.warn()
else:
    st.navigation(PAGES, position="hidden")
    reload.come_back()
