"""The page Study without a browser: opened, begun and answered."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import appwalk
from appwalk import click
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from cxr.study.answers import Answer, Answers
from cxr.study.plan import StudyPlan
from ui.study import setup

PAGE = str(Path(__file__).parents[2] / "pages" / "study.py")


def opened(reader: str = "A. Reader") -> AppTest:
    named = {"reader": reader} if reader else {}
    return appwalk.opened("study", **named)


def begun(films: int = 4, **more: str) -> AppTest:
    at = opened(**more)
    at.number_input(key="study-films").set_value(films)
    return click(at, "study-begin")


def said(at: AppTest, read: str, sure: int = 3) -> AppTest:
    """Answer the question that is asked."""
    keep = keeper(at).key
    form = keep.removeprefix("study-keep-")
    whose = {"form": form, "reader": at.session_state["reader"]}
    at.session_state["study_draft"] = {**whose, "read": read, "confidence": sure}
    at.run()
    return click(at, keep)


def keeper(at: AppTest) -> Button:
    (found,) = (b for b in at.button if b.key and b.key.startswith("study-keep-"))
    return found


def told(at: AppTest, place: Path, reader: str, first: int = 0) -> StudyPlan:
    """Keep both reads of the films from `first` on, as right as can be and then as called."""
    plan: StudyPlan = at.session_state[setup.PLAN]
    store = Answers(place)
    for case in plan.cases[first:]:
        for stage, read in (("alone", case.truth), ("aided", case.advice)):
            about = (plan.study, plan.bundle, reader, *astuple(case))
            store.keep(Answer(*about, stage, read, 4))
    return plan


def go(at: AppTest, page: str) -> AppTest:
    at.switch_page(f"pages/{page}.py").run()
    assert not at.exception
    return at


def named(at: AppTest, reader: str) -> AppTest:
    """Another reader in the same session."""
    click(at, "reader-change")
    at.text_input(key="reader-name").set_value(reader)
    next(button for button in at.button if button.label == "Begin").click().run()
    assert not at.exception
    return at
