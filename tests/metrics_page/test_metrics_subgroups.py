"""Subgroups, the worst first."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterator
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import tables
from metricspage import go, opened, ran, text

from cxr.metrics import evidence, subgroups
from cxr.metrics.predictions import select
from ui.metrics import scope as scopes
from ui.metrics import worst_subgroups
from ui.metrics.blocks import ranged


@pytest.fixture
def _worked_out_anew() -> Iterator[None]:
    """For tests that put something else in the place of what works subgroups out."""
    scopes.subgroups_of.clear()
    yield
    scopes.subgroups_of.clear()


@pytest.mark.usefixtures("_worked_out_anew")
def test_subgroups_that_take_long_can_be_stopped_and_asked_for_again(
    rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, pressed_twice: None
) -> None:
    going = threading.Event()
    real = scopes.all_subgroups

    def slow(*asked: Any, **also: Any) -> Any:
        going.wait(60)
        return real(*asked, **also)

    monkeypatch.setattr(scopes, "all_subgroups", slow)
    monkeypatch.setattr(worst_subgroups, "PATIENCE", 0)
    at = go(opened(), "Subgroups")
    assert "Subgroups whose figure rests on fewer than 30 films" not in text(at)
    ran(at.button(key="ev-cancel").click().run())
    assert "Stopped." in text(at)
    going.set()
    monkeypatch.setattr(worst_subgroups, "PATIENCE", 60)
    ran(at.button(key="ev-again").click().run())
    assert "Subgroups whose figure rests on fewer than 30 films" in text(at)


def test_the_worst_subgroup_is_on_top(rows: pd.DataFrame) -> None:
    at = go(opened(), "Subgroups")
    found = [
        each
        for split in ("test", "external")
        for each in subgroups.all_subgroups(select(rows, split=split), tables.LABELS)
    ]
    for name in (("balanced_accuracy", ""), ("recall", "T")):
        ran(at.selectbox(key="ev-figure").set_value(name).run())
        there = [each for each in found if not isnan(each.figures[name].value)]
        large = [
            each
            for each in there
            if worst_subgroups.rests_on(each, name, tables.LABELS) >= subgroups.SMALL
        ]
        worst = sorted(large or there, key=lambda each: each.figures[name].value)
        values = [ranged(each.figures[name]) for each in worst]
        places = [text(at).find(value) for value in values]
        assert -1 not in places
        assert places[0] == min(places)
    ran(at.selectbox(key="ev-by").set_value("sex").run())
    assert "<td class=ev-text>View</td>" not in text(at)
    assert "<td class=ev-text>unknown</td>" in text(at)


def test_a_subgroup_is_as_small_as_the_class_that_its_figure_rests_on() -> None:
    def figure(films: int) -> evidence.Figure:
        return evidence.Figure(0.5, 0.4, 0.6, films, films)

    recalls = {("recall", "N"): figure(1), ("recall", "P"): figure(0), ("recall", "T"): figure(200)}
    part = subgroups.Subgroup("source", "one normal", 201, 201, recalls)
    rests = {
        ("balanced_accuracy", ""): 1,
        ("recall", evidence.MACRO): 1,
        ("recall", "T"): 200,
        ("recall", "N"): 1,
        ("specificity", "T"): 1,
        ("auroc", "T"): 1,
        ("accuracy", ""): 201,
    }
    for name, films_of_it in rests.items():
        assert worst_subgroups.rests_on(part, name, tables.LABELS) == films_of_it, name


def test_figures_of_one_film_of_a_class_are_grey(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = tables.raw(900)
    few = drawn[(drawn.split == "test") & (drawn.label == "N")].index[1:]
    tables.bundle(tmp_path / "one", drawn.drop(few))
    monkeypatch.setenv("CXR_MODELS", str(tmp_path))
    at = go(opened(), "Subgroups")
    assert re.search(
        r"<tr class=ev-grey><td class=ev-text>Test</td><td class=ev-text>Recommended.*?<td>1</td>",
        text(at),
    )
    ran(at.selectbox(key="ev-figure").set_value(("recall", "T")).run())
    yes = re.search(
        r"<tr[^>]*><td class=ev-text>Test</td><td class=ev-text>Recommended[^/]*</td>"
        r"<td class=ev-text>yes",
        text(at),
    )
    assert yes is not None
    assert "ev-grey" not in yes[0]
    go(at, "Classes")
    assert "smallest class: 1 film" in text(at)
    assert "<tr class=ev-grey><td class=ev-text>Macro</td>" in text(at)


@pytest.mark.usefixtures("_worked_out_anew")
def test_the_films_behind_a_subgroup_are_listed(
    rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = scopes.all_subgroups
    few = functools.partial(real, dimensions=("sex",), resamples=9)
    monkeypatch.setattr(scopes, "all_subgroups", few)
    at = go(opened(), "Subgroups")
    for split in ("test", "external"):
        ran(at.selectbox(key="ev-subgroup").set_value((split, "sex", "F")).run())
        shown = select(rows, split=split, sex="F").sort_values("loss", ascending=False)
        assert at.dataframe[0].value.case.tolist() == shown.case.tolist()
        wrong = (shown.label.astype(str) != shown.called.astype(str)).sum()
        assert f"{len(shown)} films, {wrong} of them called wrong" in text(at)


def test_subgroups_of_test_and_external_stand_in_one_list(rows: pd.DataFrame) -> None:
    at = go(opened(), "Subgroups")
    for where in ("Test", "External"):
        assert f"<td class=ev-text>{where}</td><td class=ev-text>Sex</td>" in text(at)
    assert "Test, hospitals it knows" in text(at)
    assert "External, hospitals it doesn’t know" in text(at)
