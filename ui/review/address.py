"""The page's address: it alone restores the queue and the case.

It holds a case by the hash of its path, never a file's name. What it says is checked against the
model's table; anything else is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import ParamSpec

import pandas as pd
import streamlit as st

from cxr.metrics.predictions import flag_names
from cxr.review import queue as order
from cxr.review.queue import SAID, SHOWN, SORTS, Queue, QueueFilter
from cxr.screening.own_films import OWN

_LAST, _ASIDE, _FIRST = "review_address", "review_aside", "review_first"
_TELLING = ("truth", "called", "passport", "sort", "shown")
SPLITS = (OWN, "test", "external", "val", "train")
"""Never pooled: the first that there is is shown until another is chosen."""
_OF_METRICS = ("at", "labelled", "subgroup")
"""What a cell or a subgroup of Metrics says here of itself. It is left where it is: another address
would be another place in the browser's history, and Back would end there."""
_P = ParamSpec("_P")


def held(act: Callable[_P, None]) -> Callable[_P, None]:
    """Decorator: a callback that finds the address that was given last.

    A press that leaves the browser before a step has reached its address line brings the address
    from before the step, and would undo the step.
    """

    @wraps(act)
    def acted(*args: _P.args, **kwargs: _P.kwargs) -> None:
        last = st.session_state.get(_LAST)
        if last is not None and st.query_params.to_dict() != last:
            st.query_params.from_dict(last)
        act(*args, **kwargs)
        st.session_state[_LAST] = st.query_params.to_dict()

    return acted


def restore(model: str) -> None:
    """Whoever comes back to the page without an address finds the queue as it was left."""
    last = st.session_state.get(_LAST, {})
    if not st.query_params.to_dict() and last.get("model") == model:
        st.query_params.from_dict(last)


def split(splits: list[str]) -> str:
    """Which of the splits that there are the address asks for."""
    return _one_of("split", splits) or splits[0]


def wanted(table: pd.DataFrame, labels: tuple[str, ...]) -> QueueFilter:
    """The queue that the address asks for."""
    splits = splits_of(table)
    here = split(splits)
    source = _one_of("source", sources(table, here))
    blind = st.query_params.get("blind") == "1"
    shown, said = _one_of("shown", SHOWN) or _usual(blind), _one_of("said", SAID)
    if blind:
        said = "" if said in order.TELLING else said
        return QueueFilter(here, source, shown=shown, blind=True, said=said)  # the rest would tell
    truth, called = _one_of("truth", labels), _one_of("called", labels)
    flag, sort = _one_of("passport", flags_of(table)), _one_of("sort", SORTS) or SORTS[0]
    return QueueFilter(here, source, truth, called, sort, shown, passport=flag, said=said)


def splits_of(table: pd.DataFrame) -> list[str]:
    there = set(table.split.unique())
    return [split for split in SPLITS if split in there]


def sources(table: pd.DataFrame, split: str) -> list[str]:
    """The sources of a split, by name."""
    return sorted(table.source[table.split == split].unique())


def flags_of(table: pd.DataFrame) -> list[str]:
    """What input passports found on any film, by name; none where the table has no passports."""
    return list(flag_names(table, "passport"))


def case(queue: Queue, table: pd.DataFrame, first: str) -> str:
    """The case that the address asks for, else `first`."""
    asked = st.query_params.get("case", "")
    if asked and (queue.position(asked) is not None or bool((table.case == asked).any())):
        return asked
    st.session_state[_FIRST] = first
    return first


@held
def resume() -> None:
    """Now that the reader is known, the first case that he hasn't judged, unless he chose one."""
    if here() == st.session_state.get(_FIRST):
        _set("case", "")


def write(model: str, queue: QueueFilter, case: str) -> None:
    """Let the address say what is shown, and no more than differs from the default."""
    given = {field.name: getattr(queue, field.name) for field in fields(queue)}
    given["blind"] = "1" if queue.blind else ""
    plain = {"sort": SORTS[0], "shown": _usual(queue.blind)}
    said = {"model": model, **{k: v for k, v in given.items() if v and plain.get(k) != v}}
    if case:
        said["case"] = case
    st.session_state[_LAST] = said
    given_own = {k: v for k, v in st.query_params.to_dict().items() if k not in _OF_METRICS}
    if given_own != said:
        st.query_params.from_dict(said)


@held
def go(case: str) -> None:
    """To another case, from a button's callback."""
    st.query_params["case"] = case


def here() -> str:
    """The case that is shown."""
    return st.query_params.get("case", "")


@held
def change(name: str, value: str) -> None:
    """Another queue, from a filter's callback: it begins with its first open case."""
    _set(name, value)
    _set("case", "")
    if name == "split":
        _set("source", "")


@held
def blind(on: bool) -> None:
    """Read blind, or no longer: what would tell is put aside meanwhile, and comes back after."""
    given = st.query_params.to_dict()
    aside = {} if on else st.session_state.pop(_ASIDE, {})
    if on:
        st.session_state[_ASIDE] = {name: given[name] for name in _TELLING if name in given}
    for name in _TELLING:
        _set(name, aside.get(name, ""))
    _set("blind", "1" if on else "")
    _set("case", "")


def _usual(blind: bool) -> str:
    """That a case was called wrong would tell a blind reader something: there it is asked for."""
    return "all" if blind else "errors"


def _set(name: str, value: str) -> None:
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)


def _one_of(name: str, known: tuple[str, ...] | list[str]) -> str:
    given = st.query_params.get(name, "")
    return given if given in known else ""
