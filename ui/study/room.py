"""One film of a study: read alone, then with the call. Nothing of the call is sent to the browser
before the first answer is kept."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from cxr.errors import CxrError
from cxr.study import figures
from cxr.study.answers import STAGES, Answer
from cxr.study.plan import StudyFilm, StudyPlan
from ui.base import keymap
from ui.base.formatting import called_means, meaning, plain
from ui.review import reader
from ui.session import studies
from ui.session.own_calls import SURE
from ui.study import opening, setup, source
from ui.viewer import Plate, viewer

UNCALLED = (
    "Where it is the model’s own, it is the class with the highest score: nobody knows what that "
    "is worth in this film’s hospital."
)
"""Beside a call of a hospital that the model does not know; the same whether or not the call was
made wrong on purpose."""
_DRAFT, _FAILED = "study_draft", "study_not_kept"


def waiting(plan: StudyPlan, answers: list[Answer], name: str) -> tuple[int, str] | None:
    """Place and stage of what this reader has still to say; None once all is said."""
    said = {(a.film, a.stage) for a in answers if a.reader == name}
    passed = setup.passed_over(plan)
    for place, case in enumerate(plan.cases):
        for stage in STAGES:
            if (case.film, stage) not in said and case.film not in passed:
                return place, stage
    return None


def read_by(answers: list[Answer], name: str) -> int:
    """How many films this reader has read both ways."""
    return len(figures.pairs([answer for answer in answers if answer.reader == name]))


def none_shown(plan: StudyPlan) -> None:
    """Every film was passed over: who has read nothing is shown nobody's answers."""
    _no_films(
        "No film of this study could be shown here, so there are no figures. Figures, labels and "
        "other readers’ answers open to whoever has read a film of it both ways."
    )
    _way_out(plan)


def given_up() -> None:
    """In place of the films of a study that was given up here."""
    _no_films(
        "This study was given up in this session, where its films tell what they are, so it is not "
        "read on here. Another reader opens it in a tab of his own."
    )


def _no_films(why: str) -> None:
    with st.container(key="study-results"):
        st.info(why)
        with st.container(horizontal=True):
            st.button("Another study", key="study-again", on_click=setup.end)
            opening.offer()


def _way_out(plan: StudyPlan) -> None:
    if studies.answered(plan.study):  # else it is let go when another is begun
        setup.offer_to_give_up([plan.study])


def stopped(plan: StudyPlan, place: int) -> None:
    """Between films: no label, call or answer is told before this reader has given all of his."""
    with st.container(key="study-results"):
        st.info(
            f"Stopped at film {place + 1} of {len(plan.cases)}. What you said is kept. Figures, "
            "the films’ labels and other readers’ answers are told once you have read all of them; "
            "until then Read and the Lab tell nothing of these films either."
        )
        with st.container(horizontal=True):
            st.button("Go on", key="study-go-on", type="primary", on_click=setup.go_on)
            st.button("Another study", key="study-again", on_click=setup.end)
            opening.offer()
        _way_out(plan)


def show(plan: StudyPlan, answers: list[Answer], place: int, stage: str) -> None:
    """The film and the question."""
    case = plan.cases[place]
    with st.container(key="film-row"):
        left, right = st.columns([3, 1])
    with left:
        try:
            radiograph = st.session_state[setup.POOL].opened[case.film]()
        except CxrError as refusal:
            _not_shown(plan, case, place, refusal)
            return
        viewer(
            [Plate(radiograph, "The film")],
            key="study-film",
            caption=in_full_screen(plan, case, place, stage),
        )
    with right:
        first = [a for a in answers if (a.film, a.reader) == (case.film, reader.name())]
        _question(plan, case, place, stage, first)


def _not_shown(plan: StudyPlan, case: StudyFilm, place: int, refusal: CxrError) -> None:
    where = f"Film {place + 1} of {len(plan.cases)}"
    st.info(plain(f"{where}: This film cannot be shown. {refusal}"))
    with st.container(horizontal=True):
        st.button(
            "Pass it over", key="study-skip", on_click=setup.pass_over, args=(plan, case.film)
        )
        st.button("Stop here", key="study-stop", type="tertiary", on_click=setup.stop)


def in_full_screen(plan: StudyPlan, case: StudyFilm, place: int, stage: str) -> list[str]:
    """Which film it is; the call only where it has been shown."""
    where = f"Film {place + 1} of {len(plan.cases)}"
    return [f"{where} · alone" if stage == "alone" else f"{where} · with the call {case.advice}"]


def _question(
    plan: StudyPlan, case: StudyFilm, place: int, stage: str, first: list[Answer]
) -> None:
    of = f"Film {place + 1} of {len(plan.cases)}"
    judged = keymap.judged(in_full_screen(plan, case, place, stage)[0])
    said = "alone" if stage == "alone" else "with the call"
    st.html(f'<div class="cxr-name" {judged}>{of} · {said}</div>')
    if stage == "aided":
        st.html(
            '<div class="cxr-heading">The call shown</div>'
            f'<div class="cxr-call"><b>{escape(case.advice)}</b>'
            f"<span>{escape(called_means(case.advice, plan.labels))}</span></div>"
        )
        if case.film in st.session_state[setup.POOL].uncalled:
            st.html(f'<div class="cxr-quiet">{escape(UNCALLED)}</div>')
    for answer in first:
        said = f"Alone you said {answer.read}, {SURE[answer.confidence].lower()}."
        st.html(f'<div class="cxr-quiet">{escape(said)}</div>')
    form = f"{plan.study}-{place}-{stage}"
    draft = _draft(form)
    st.html('<div class="cxr-heading">Your read</div>')
    keys = keymap.labels(plan.labels)
    titles = {label: meaning(label, plan.labels).capitalize() or label for label in plan.labels}
    _choices(form, "read", titles, keys, draft)
    st.html('<div class="cxr-heading">How sure</div>')
    _choices(form, "confidence", SURE, keymap.several("sure", SURE), draft)
    st.button(
        "Keep and go on",
        key=f"study-keep-{form}",
        type="primary",
        shortcut=keymap.of("keep"),
        width="stretch",
        disabled=not {"read", "confidence"} <= set(draft),
        on_click=_keep,
        args=(plan, case, stage, form),
    )
    st.button("Stop here", key="study-stop", type="tertiary", on_click=setup.stop)
    if failed := st.session_state.pop(_FAILED, ""):
        st.error(plain(failed))


def _choices(
    form: str,
    what: str,
    titles: Mapping[Any, str],
    keys: Mapping[Any, str | None],
    draft: dict[str, Any],
) -> None:
    with st.container(horizontal=True, gap="small"):
        for value, title in titles.items():
            st.button(
                plain(title),
                key=f"study-{what}-{value}-{form}",
                shortcut=keys[value],
                type="primary" if draft.get(what) == value else "secondary",
                on_click=_pick,
                args=(form, what, value),
            )


def _draft(form: str) -> dict[str, Any]:
    """What this reader has chosen so far on this form."""
    whose = {"form": form, "reader": reader.name()}
    draft = st.session_state.get(_DRAFT, {})
    return draft if whose.items() <= draft.items() else whose


def _pick(form: str, what: str, value: str | int) -> None:
    st.session_state[_DRAFT] = {**_draft(form), what: value}


def _keep(plan: StudyPlan, case: StudyFilm, stage: str, form: str) -> None:
    draft = _draft(form)  # as it stands at the press, not as it was drawn
    if not {"read", "confidence"} <= set(draft):
        return
    answer = Answer(
        plan.study,
        plan.bundle,
        reader.name(),
        case.film,
        case.truth,
        case.advice,
        case.seeded,
        stage,
        draft["read"],
        draft["confidence"],
    )
    try:
        source.answers().keep(answer)
    except CxrError as refusal:
        st.session_state[_FAILED] = str(refusal)
        return
    studies.mark_answered(plan.study)
    st.session_state.pop(_DRAFT, None)
