"""Study: films read alone and then with a call that is sometimes wrong on purpose."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ui.base import frame
from ui.review import reader
from ui.session import hospitals, studies
from ui.study import opening, results, room, setup, source
from ui.work.session_cache import workspace

HERE = Path(__file__).parents[1] / "ui"


def main() -> None:
    frame.require_notice()
    workspace().leave_job()
    st.html(HERE / "metrics" / "style.css")
    st.html(HERE / "study" / "style.css")
    model = hospitals.model()
    with st.sidebar:
        reader.show()
    plan = setup.current()
    if plan is None or plan.bundle != model.bundle.digest or not reader.name():
        setup.show(model)
        return
    answers = source.kept(plan.study)
    if any(answer.reader == reader.name() for answer in answers):
        studies.mark_answered(plan.study)
    if opening.as_instructor(plan):
        studies.let_go(plan.study)
        results.so_far(plan, answers)
        return
    if opening.wanted():
        opening.ask_instructor(plan)
        return
    if studies.given_up(plan.study):
        room.given_up()
        return
    here = room.waiting(plan, answers, reader.name())
    read = room.read_by(answers, reader.name())
    if here is None and not read:
        room.none_shown(plan)
        return
    if here is None and opening.asks(plan):
        opening.ask(plan, read)
        return
    if here is None:
        studies.let_go(plan.study)
        results.show(plan, answers, reader.name())
        return
    studies.open_to(plan.study, reader.name())  # who reads the last film here
    setup.hold(plan)
    if st.session_state.get(setup.STOPPED) == reader.name():
        room.stopped(plan, here[0])
    else:
        room.show(plan, answers, *here)


main()
