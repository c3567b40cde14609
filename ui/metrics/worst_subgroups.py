"""Subgroups of known and of other hospitals in one list, the worst on top."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from math import isnan

import streamlit as st

from cxr.metrics.evidence import MACRO, OF_CLASS, OVERALL, Figure, Name
from cxr.metrics.subgroups import SMALL, Subgroup, parts
from ui.base import keymap
from ui.base.formatting import site
from ui.metrics import cases
from ui.metrics.blocks import (
    SPLITS,
    Block,
    films,
    heading,
    named,
    quiet,
    ranged,
    said,
    table,
    written,
)
from ui.metrics.scope import Scope, subgroups_of
from ui.session.tables import Key
from ui.work.fragments import every
from ui.work.session_cache import Job, workspace

DIMENSIONS = {
    "source": "Source",
    "view": "View",
    "age_group": "Age group",
    "sex": "Sex",
    "flag": "Flag",
    "passport": "Input passport",
    "recommended": "Recommended",
}
FIRST = ("balanced_accuracy", "")
PATIENCE = 0.5
"""Seconds that the subgroups may take before their progress is shown."""
SUBGROUP_BYTES = 10_000
"""About what a subgroup's figures weigh."""

SubgroupsKey = tuple[str, Key, str, str]
Side = tuple[Scope, list[Subgroup]]
"""Some films and their subgroups."""


def show(scope: Scope) -> None:
    choices = [(figure, "") for figure in OVERALL]
    choices += [(figure, label) for label in scope.bundle.labels for figure in OF_CLASS]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        figure, label = st.selectbox(
            "Figure",
            choices,
            index=choices.index(FIRST),
            format_func=written,
            key="ev-figure",
            width=280,
        )
        by = st.selectbox("By", ["All", *DIMENSIONS], format_func=_by, key="ev-by", width=220)
    wanted = ("subgroups", scope.key, scope.split, scope.source)
    found = _found(scope, wanted)
    if found is None:
        _wait(wanted)
        return
    for block in listed(found, figure, label, "" if by == "All" else by):
        st.html(str(block))
    _behind(found, by)


def _behind(sides: list[Side], by: str) -> None:
    """The films of one subgroup: those called wrong first, the least expected label on top."""
    offered = [
        (side.split, each.by, each.name)
        for side, there in sides
        for each in there
        if by in ("All", each.by)
    ]
    asked = tuple(st.query_params.get("subgroup", "").split("|"))
    chosen = st.selectbox(
        "Films of",
        offered,
        index=offered.index(asked) if asked in offered else None,
        placeholder="Choose a subgroup to see its films",
        format_func=_named,
        key="ev-subgroup",
        width=420,
    )
    if chosen is None:
        return
    split, by, name = chosen
    scope = next(side for side, _ in sides if side.split == split)
    rows = scope.films[dict(parts(scope.films, by))[name]]
    wrong = int((rows.label.astype(str) != rows.called.astype(str)).sum())
    st.markdown(f"**{films(len(rows))}, {wrong:,} of them called wrong**")
    back = {"at": "Subgroups", "subgroup": "|".join(chosen)}
    cases.listed(scope, rows.sort_values("loss", ascending=False, kind="stable"), back)


def _named(chosen: tuple[str, str, str]) -> str:
    """As in "External · Source: Montgomery"."""
    split, by, name = chosen
    return f"{SPLITS[split]} · {DIMENSIONS[by]}: {site(name) if by == 'source' else name}"


def _found(scope: Scope, wanted: SubgroupsKey) -> list[Side] | None:
    """The subgroups of both sides; None while they are being worked out, and once that has been
    stopped."""
    sides = scope.both()
    held: list[list[Subgroup]] | None = workspace().shelf.find(wanted)
    if held is not None or st.session_state.get("ev-stopped") == wanted:
        return None if held is None else list(zip(sides, held, strict=True))
    job = workspace().job
    if job is None or job.key != wanted:
        workspace().leave_job()
        asked = [(side.key, side.split, side.source) for side in sides]
        job = workspace().job = Job(wanted, lambda step: _work_out(asked, step))
    if not job.wait(PATIENCE) or job.result is None:
        return None
    workspace().job = None
    many = sum(map(len, job.result))
    return list(
        zip(sides, workspace().shelf.put(wanted, job.result, SUBGROUP_BYTES * many), strict=True)
    )


def _work_out(
    asked: list[tuple[Key, str, str]], step: Callable[[float], bool]
) -> list[list[Subgroup]]:
    """The subgroups of each side, one after the other."""

    def share(at: int) -> Callable[[float], bool]:
        return lambda done: step((at + done) / len(asked))

    return [subgroups_of(*each, share(at)) for at, each in enumerate(asked)]


def _wait(wanted: SubgroupsKey) -> None:
    job = workspace().job
    if job is not None and job.running:
        _watch(job, wanted)
    elif st.session_state.get("ev-stopped") == wanted:
        st.html(said("Stopped."))
        st.button("Work the subgroups out", key="ev-again", on_click=_again)
    else:
        st.info("The subgroups could not be worked out; the log says why.")


@every(0.25)
def _watch(job: Job, wanted: SubgroupsKey) -> None:
    if not job.running:
        st.rerun()
    st.progress(min(job.share, 1.0), "Resampling patients, subgroup by subgroup")
    if st.button("Cancel", key="ev-cancel", shortcut=keymap.of("stop")):
        workspace().leave_job()
        st.session_state["ev-stopped"] = wanted
        st.rerun()


def _again() -> None:
    st.session_state.pop("ev-stopped", None)


def blocks(scope: Scope) -> list[Block]:
    """Balanced accuracy of every subgroup, at home and away, for the export."""
    return listed([(side, side.subgroups()) for side in scope.both()], *FIRST)


def listed(sides: list[Side], figure: str, label: str, by: str = "") -> list[Block]:
    """One figure of every subgroup, the worst on top."""
    name = (figure, label)
    chosen = [(side, each) for side, there in sides for each in there if by in ("", each.by)]
    least = {id(each): rests_on(each, name, side.bundle.labels) for side, each in chosen}
    chosen.sort(
        key=lambda pair: (
            isnan(pair[1].figures[name].value),
            least[id(pair[1])] < SMALL,
            pair[1].figures[name].value,
        )
    )
    rows = [
        (
            SPLITS[side.split],
            DIMENSIONS[each.by],
            escape(site(each.name) if each.by == "source" else each.name),
            f"{each.films:,}",
            "–" if each.patients is None else f"{each.patients:,}",
            ranged(each.figures[name]),
            f"{least[id(each)]:,}",
            bar(each.figures[name]),
        )
        for side, each in chosen
    ]
    grey = [number for number, (_, each) in enumerate(chosen) if least[id(each)] < SMALL]
    head = ["", "By", "Subgroup", "Films", "Patients", named(name), "Rests on", ""]
    return [
        *(heading(side.title) for side, _ in sides),
        table(head, rows, grey, text=3),
        quiet(
            f"Subgroups whose figure rests on fewer than {SMALL} films are grey and stand below "
            "the rest: balanced accuracy rests on the films of the smallest class, a class’s "
            "figure on its own films. A film with two flags is in two subgroups; what the table "
            "doesn’t say is “unknown”. Balanced accuracy is the mean recall over the classes that "
            "a subgroup holds: of one class, its recall."
        ),
    ]


def rests_on(part: Subgroup, name: Name, labels: tuple[str, ...]) -> int:
    """Films of the smallest class that a figure of a subgroup divides by; of a figure that isn't
    taken class by class, the subgroup's films."""
    figure, label = name
    of_class = {x: part.figures["recall", x].films for x in labels}
    if label in of_class:
        others = part.films - of_class[label]
        sides = {"specificity": (others,), "auroc": (of_class[label], others)}
        return min(sides.get(figure, (of_class[label],)))
    if label == MACRO or figure == "balanced_accuracy":
        return min((n for n in of_class.values() if n), default=0)
    return part.films


def bar(found: Figure) -> str:
    """The figure on a line from 0 to 1, its interval behind it."""
    if isnan(found.value):
        return ""
    ends = (found.value, found.value) if isnan(found.low) else (found.low, found.high)
    left, right, spot = (100 * min(max(x, 0), 1) for x in (*ends, found.value))
    line = f"left:{left:.1f}%;width:{right - left:.1f}%"
    return (
        f'<div class="ev-bar" aria-hidden="true"><i style="{line}"></i>'
        f'<b style="left:{spot:.1f}%"></b></div>'
    )


def _by(name: str) -> str:
    return DIMENSIONS.get(name, "Everything")
