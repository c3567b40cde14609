"""Hospital: films of one's own hospital in, a profile out that makes scores right there."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from cxr.errors import BundleError, SiteError
from ui.base import frame
from ui.hospital import fitted, intake, refusals, report, saved_profiles, threshold, words
from ui.hospital.profile_films import elsewhere, profile_films
from ui.metrics.blocks import heading, said
from ui.session import models
from ui.work.session_cache import workspace

HERE = Path(__file__).parents[1] / "ui"


def main() -> None:
    frame.require_notice()
    workspace().leave_job()
    st.html(HERE / "metrics" / "style.css")
    st.html(HERE / "hospital" / "style.css")
    model = models.current().at(None)
    try:
        negative, positive = fitted.pair(model)
    except BundleError as refusal:
        refusals.show(refusal)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(
            heading("Your hospital")
            + said(
                "Films of your own hospital whose label you know make scores right there. Nothing "
                "is trained, and no film leaves this machine."
            )
        )
        fitted.ask_pair(model)
    intake.zones(model, negative, positive)
    here = profile_films(model)
    intake.read(model)
    if here.held or here.refused:
        intake.state(model)
    elif others := elsewhere(model):
        refusals.show(
            SiteError(
                "other_network",
                f"{others} films were read by another model. Pick it again, or add them anew here.",
            )
        )
    st.html(words.ladder(here.numbers(), negative, positive))
    wanted = fitted.ask(here, negative, positive)
    profile = fitted.fitted(model, negative, positive, wanted)
    if profile is not None:
        if profile.kind == "aligned":
            report.aligned(profile)
            saved_profiles.save(profile)
        else:
            report.labelled(profile)
            threshold.show(profile, model, here.usable())
    saved_profiles.show(model)


main()
