"""The list itself: filters, one page of rows, and the pages before and after it."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import takewhile
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from cxr.worklist.readings import Readings
from cxr.worklist.results import Numbers, ResultFilter, Results
from ui.base import keymap
from ui.base.formatting import flag
from ui.session import studies

ROWS = 50
HEIGHT = 640
"""Pixels of a whole page, as much as beside it a film takes."""
_PAGE, _ASKED = "worklist-page", "worklist-asked"


def ask(results: Results) -> ResultFilter:
    """The filters, in the sidebar."""
    with st.sidebar:
        decision = _one_of("Decision", results.decisions)
        refusal = _one_of("Refused", results.refusals)
        check = _one_of("Check", results.checks)
        without = _one_of("Without check", results.checks)
        left, right = st.columns(2)
        low = left.number_input("Log-odds from", value=None, step=0.5)
        high = right.number_input("to", value=None, step=0.5)
    return ResultFilter(decision, refusal, check, without, low, high)


def _one_of(label: str, counts: dict[str, int]) -> str | None:
    return st.selectbox(
        label,
        list(counts),
        index=None,
        placeholder="Any",
        format_func=lambda code: f"{flag(code)} · {counts[code]:,}",
        disabled=not counts,
    )


def telling(results: Results, found: Numbers) -> Numbers:
    """The films that no reader study waits for: their place in the list would tell their score."""
    held = studies.held()
    if not held:
        return found
    rows = [row for rows in results.find_values("sha256", held).values() for row in rows]
    if rows:
        st.caption(studies.left_out(len(rows)))
    return found[~np.isin(found, rows)]


def pair(results: Results) -> tuple[str, str]:
    """The labels of the log-odds, the one that is looked for first."""
    labels = results.about.get("log_odds") or ("T", "N")
    return str(labels[0]), str(labels[1])


def page_of(found: Numbers, asked: Hashable) -> Numbers:
    """The rows of the page that is shown; another question begins at its first."""
    if st.session_state.get(_ASKED) != asked:
        st.session_state[_ASKED], st.session_state[_PAGE] = asked, 0
    last = max(0, (len(found) - 1) // ROWS)
    page = min(st.session_state.get(_PAGE, 0), last)
    begin = page * ROWS
    with st.container(key="toolbar", horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Previous",
            shortcut=keymap.of("previous"),
            on_click=_go,
            args=(page - 1,),
            disabled=page == 0,
        )
        st.button(
            "Next",
            shortcut=keymap.of("next"),
            on_click=_go,
            args=(page + 1,),
            disabled=page == last,
        )
        shown = f"{begin + 1:,}–{min(begin + ROWS, len(found)):,} of " if len(found) else ""
        st.html(f'<div class="cxr-name">{shown}{len(found):,} films</div>', width="content")
    return found[begin : begin + ROWS]


def _go(page: int) -> None:
    st.session_state[_PAGE] = page


def show(results: Results, numbers: Numbers, readings: Readings | None = None) -> int | None:
    """One page, with a column for each reader; returns the row that was chosen."""
    positive, negative = pair(results)
    chance = f"p_{positive}"
    columns = ("log_odds", chance, "decision", "refusal", "flags", "path", "view")
    read = [_calls(readings, number) for number in numbers.tolist()]
    rows = list(results.rows(numbers, columns))
    names = _within([row["path"] for row in rows])
    brief = [_brief(*each, chance) for each in zip(rows, names, read, strict=True)]
    picked = st.dataframe(
        pd.DataFrame(brief),
        hide_index=True,
        height="content" if len(numbers) < 18 else HEIGHT,
        key=f"worklist-{numbers[0]}-{numbers[-1]}-{len(numbers)}",
        on_select="rerun",
        selection_mode="single-row",
        placeholder="",
        column_config={
            "odds": st.column_config.NumberColumn(
                f"{positive} : {negative}", format="%+.2f", width=70, help="log-odds"
            ),
            "p": st.column_config.NumberColumn(f"p({positive})", format="%.3f", width=70),
            "film": st.column_config.TextColumn(width="medium"),
        },
        alt="Films of this page",
    )
    chosen = picked["selection"]["rows"]
    return int(numbers[chosen[0]]) if chosen else None


def _calls(readings: Readings | None, number: int) -> dict[str, str]:
    """Reader → call; a reader's name stands for no column of the table."""
    if readings is None:
        return {}
    said = readings.of(number)
    return {
        f"{each.name} reads": said[each.name].call if each.name in said else ""
        for each in readings.readers
    }


def _within(paths: list[str]) -> list[str]:
    """Where a page's films lie in the folder that they share, which would fill the column."""
    parts = [path.split("/") for path in paths]
    levels = zip(*(each[:-1] for each in parts), strict=False)
    shared = sum(1 for _ in takewhile(lambda level: len(set(level)) == 1, levels))
    return ["/".join(each[shared:]) for each in parts]


def _brief(row: dict[str, Any], name: str, calls: dict[str, str], chance: str) -> dict[str, Any]:
    """In few columns, as the film lies beside them: a refused film has no decision."""
    return {
        "odds": row["log_odds"],
        "p": row.get(chance),
        "decision": "refused" if row["refusal"] else row["decision"],
        **calls,
        "checks": flag(row["refusal"] or ", ".join((row["flags"] or "").split())),
        "film": name,
        "view": row.get("view"),
    }
