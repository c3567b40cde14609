"""Slices, the worst on top."""

from __future__ import annotations

from html import escape
from math import isnan

import streamlit as st

from cxr.metrics.evidence import MACRO, OF_CLASS, OVERALL, Figure, Name
from cxr.metrics.subgroups import SMALL, Slice, parts
from ui.base import keymap
from ui.base.words import site
from ui.metrics import cases
from ui.metrics.blocks import Block, films, heading, named, quiet, ranged, said, table, written
from ui.metrics.scope import Scope, slices_of
from ui.session.tables import Key
from ui.work.fragments import every
from ui.work.shelf import Job, desk

DIMENSIONS = {
    "source": "Source",
    "view": "View",
    "age_group": "Age group",
    "sex": "Sex",
    "flag": "Flag",
    "passport": "Input passport",
    "recommended": "Recommended for training",
}
FIRST = ("balanced_accuracy", "")
PATIENCE = 0.5
"""Seconds that the slices may take before their progress is shown."""
SLICE_BYTES = 10_000
"""About what a slice's figures weigh."""

Wanted = tuple[str, Key, str, str]


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
    wanted = ("slices", scope.key, scope.split, scope.source)
    found = _found(scope, wanted)
    if found is None:
        _wait(wanted)
        return
    for block in listed(scope, found, figure, label, "" if by == "All" else by):
        st.html(str(block))
    _behind(scope, [each for each in found if by in ("All", each.by)])


def _behind(scope: Scope, there: list[Slice]) -> None:
    """The films of one slice: those called wrong first, the least expected label on top."""
    chosen = st.selectbox(
        "Films of",
        [(each.by, each.name) for each in there],
        index=None,
        placeholder="Choose a slice to see its films",
        format_func=lambda x: f"{DIMENSIONS[x[0]]}: {site(x[1]) if x[0] == 'source' else x[1]}",
        key="ev-slice",
        width=420,
    )
    if chosen is None:
        return
    by, name = chosen
    rows = scope.films[dict(parts(scope.films, by))[name]]
    wrong = int((rows.label.astype(str) != rows.called.astype(str)).sum())
    st.markdown(f"**{films(len(rows))}, {wrong:,} of them called wrong**")
    cases.listed(scope, rows.sort_values("loss", ascending=False, kind="stable"))


def _found(scope: Scope, wanted: Wanted) -> list[Slice] | None:
    """The slices; None while they are being worked out, and once that has been stopped."""
    held: list[Slice] | None = desk().shelf.find(wanted)
    if held is not None or st.session_state.get("ev-stopped") == wanted:
        return held
    job = desk().job
    if job is None or job.key != wanted:
        desk().leave_job()
        key, split, source = scope.key, scope.split, scope.source
        job = desk().job = Job(wanted, lambda step: slices_of(key, split, source, step))
    if not job.wait(PATIENCE) or job.result is None:
        return None
    desk().job = None
    return desk().shelf.put(wanted, job.result, SLICE_BYTES * len(job.result))


def _wait(wanted: Wanted) -> None:
    job = desk().job
    if job is not None and job.running:
        _watch(job, wanted)
    elif st.session_state.get("ev-stopped") == wanted:
        st.html(said("Stopped."))
        st.button("Work the slices out", key="ev-again", on_click=_again)
    else:
        st.info("The slices could not be worked out; the log says why.")


@every(0.25)
def _watch(job: Job, wanted: Wanted) -> None:
    if not job.running:
        st.rerun()
    st.progress(min(job.share, 1.0), "Resampling patients, slice by slice")
    if st.button("Cancel", key="ev-cancel", shortcut=keymap.of("stop")):
        desk().leave_job()
        st.session_state["ev-stopped"] = wanted
        st.rerun()


def _again() -> None:
    st.session_state.pop("ev-stopped", None)


def blocks(scope: Scope) -> list[Block]:
    """Balanced accuracy of every slice, at home and away, for the export."""
    sides = scope.both()
    return [block for each in sides for block in listed(each, each.slices(), *FIRST)]


def listed(scope: Scope, found: list[Slice], figure: str, label: str, by: str = "") -> list[Block]:
    """One figure of every slice, the worst on top."""
    name = (figure, label)
    chosen = [each for each in found if by in ("", each.by)]
    least = {id(each): rests_on(each, name, scope.bundle.labels) for each in chosen}
    chosen.sort(
        key=lambda each: (
            isnan(each.figures[name].value),
            least[id(each)] < SMALL,
            each.figures[name].value,
        )
    )
    rows = [
        (
            DIMENSIONS[each.by],
            escape(site(each.name) if each.by == "source" else each.name),
            f"{each.films:,}",
            f"{each.patients:,}",
            ranged(each.figures[name]),
            f"{least[id(each)]:,}",
            bar(each.figures[name]),
        )
        for each in chosen
    ]
    grey = [number for number, each in enumerate(chosen) if least[id(each)] < SMALL]
    head = ["By", "Slice", "Films", "Patients", named(name), "Rests on", ""]
    return [
        heading(scope.title),
        table(head, rows, grey, text=2),
        quiet(
            f"Slices whose figure rests on fewer than {SMALL} films are grey and stand below the "
            "rest: balanced accuracy rests on the films of the smallest class, a class’s figure on "
            "its own films. A film with two flags is in two slices; what the table doesn’t say is "
            "“unknown”. Balanced accuracy is the mean recall over the classes that a slice holds: "
            "of one class, its recall."
        ),
    ]


def rests_on(part: Slice, name: Name, labels: tuple[str, ...]) -> int:
    """Films of the smallest class that a figure of a slice divides by; of a figure that isn't taken
    class by class, the slice's films."""
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
