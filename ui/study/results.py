"""After a study: what the call was worth, and whether it was followed where it was wrong."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import isnan

import streamlit as st

from cxr.study import figures
from cxr.study.answers import STAGES, Answer
from cxr.study.export import to_csv
from cxr.study.figures import PairedReads, Reliance
from cxr.study.plan import StudyFilm, StudyPlan
from ui.base.formatting import meaning
from ui.metrics import blocks
from ui.metrics.blocks import ranged
from ui.session.own_calls import SURE
from ui.study import setup

NAMES = {"sensitivity": "Sensitivity", "specificity": "Specificity", "auc": "AUC"}


def show(plan: StudyPlan, answers: list[Answer], name: str) -> None:
    """Figures of this reader and, where there are others, of all; the films; the export."""
    read = figures.pairs(answers)
    own = [pair for pair in read if pair.alone.reader == name]
    readers = sorted({pair.alone.reader for pair in read})
    with st.container(key="study-results"):
        whose = own
        if len(readers) > 1:
            mine, every = "Your answers", f"All {len(readers)} readers"
            shown = st.segmented_control(
                "Whose", [mine, every], default=mine, required=True, key="study-whose"
            )
            whose = own if shown == mine else read
        _passed_over(plan, own)
        everyone = len({pair.alone.reader for pair in whose}) > 1
        more = [_readers(whose), _each_film(plan, whose)] if everyone else [_films(plan, own)]
        _show(plan, answers, whose, more)


def so_far(plan: StudyPlan, answers: list[Answer]) -> None:
    """Figures of all readers, finished or not, for an instructor who has not read every film."""
    read = figures.pairs(answers)
    with st.container(key="study-results"):
        st.info(
            "Shown to an instructor who has not read all of this study: what all readers have said "
            "so far, of each the films that he has read both ways."
        )
        _show(plan, answers, read, [_readers(read), _each_film(plan, read)])


def _show(plan: StudyPlan, answers: list[Answer], read: list[PairedReads], more: list[str]) -> None:
    """Figures of some reads, what follows them, and the export; a sentence where there are none."""
    if read:
        blocks.show([_reliance(read), _figures(plan, read), *more])
    else:
        st.info("No film has been read both ways: there are no figures.")
    with st.container(horizontal=True):
        if read:
            st.download_button(
                "Answers (CSV)",
                to_csv(answers),
                f"cxr-lens-study-{plan.study}.csv",
                "text/csv",
                key="study-download",
                on_click="ignore",
            )
        st.button("Another study", key="study-again", on_click=setup.end)


def _passed_over(plan: StudyPlan, own: list[PairedReads]) -> None:
    many = len(plan.cases) - len(own)
    if many:
        films = "1 film" if many == 1 else f"{many} films"
        st.info(f"{films} could not be shown: the figures are of the others.")


def _reliance(read: list[PairedReads]) -> str:
    seeded, own = figures.reliance(read, True), figures.reliance(read, False)
    return (
        blocks.heading("Wrong calls that were followed")
        + blocks.numbers(
            {
                "of calls wrong on purpose": _share(seeded),
                "of the model’s own mistakes": _share(own),
            }
        )
        + blocks.quiet(_told(seeded))
    )


def _share(found: Reliance) -> str:
    if not found.films:
        return "–"
    interval = "" if isnan(found.share.low) else f" {ranged(found.share)}"
    return f"{found.followed} of {found.films}{interval}"


def _told(found: Reliance) -> str:
    if not found.films:
        return "No call was wrong on purpose."
    return (
        "Over-reliance is the share of films with a wrong call whose second read is that call. "
        f"Alone, {found.turned} of these {found.followed} had been read otherwise."
        if found.followed
        else "Over-reliance is the share of films with a wrong call whose second read is that call."
    )


def _figures(plan: StudyPlan, read: list[PairedReads]) -> str:
    found = figures.compare(read, plan.labels)
    rows = []
    for label in plan.labels:
        for figure, title in NAMES.items():
            both = found[figure, label]
            what = f"{title}, {label}"
            cells = (ranged(e) for e in (both.alone, both.aided, both.gain))
            rows.append(
                f"<tr><th>{escape(what)}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
            )
    head = "<tr><th></th><th>Alone</th><th>With the call</th><th>Difference</th></tr>"
    note = (
        "95 % intervals over films, and over readers where there are several. AUC of how sure the "
        "reader was, from certain of another label to certain of this one. On few films the "
        "intervals are wide, or there are none; nothing here says how good a reader is."
    )
    table = f'<table class="study-table">{head}{"".join(rows)}</table>'
    return blocks.heading("Alone and with the call") + table + blocks.quiet(note)


def _readers(read: list[PairedReads]) -> str:
    """Right alone and with the call, and wrong calls followed, a reader each."""
    rows = []
    for name in sorted({pair.alone.reader for pair in read}):
        own = [pair for pair in read if pair.alone.reader == name]
        rows.append([name, str(len(own)), *_counted(own)])
    return blocks.heading("Reader by reader") + _table(
        ("Reader", "Films", "Right alone", "Right with the call", "Wrong calls followed"), rows
    )


def _each_film(plan: StudyPlan, read: list[PairedReads]) -> str:
    """The same a film each."""
    rows = []
    for place, case in enumerate(plan.cases, 1):
        own = [pair for pair in read if pair.alone.film == case.film]
        label = f"{case.truth} {meaning(case.truth, plan.labels)}".strip()
        rows.append([str(place), label, _call(case), str(len(own)), *_counted(own)])
    names = ("Film", "Label", "Call shown", "Readers", "Right alone", "Right with the call")
    return blocks.heading("Film by film") + _table((*names, "Wrong call followed"), rows)


def _counted(read: list[PairedReads]) -> list[str]:
    wrong = [pair for pair in read if pair.aided.advice != pair.aided.truth]
    followed = sum(pair.aided.read == pair.aided.advice for pair in wrong)
    right = [sum(getattr(pair, at).read == pair.alone.truth for pair in read) for at in STAGES]
    return [*map(str, right), f"{followed} of {len(wrong)}" if wrong else "–"]


def _call(case: StudyFilm) -> str:
    why = "wrong on purpose" if case.seeded else "" if case.advice == case.truth else "wrong"
    return f"{case.advice} {why}".strip()


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in names)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>" for cells in rows
    )
    return f'<table class="study-table study-films"><tr>{head}</tr>{body}</table>'


def _films(plan: StudyPlan, own: list[PairedReads]) -> str:
    by_film = {pair.alone.film: pair for pair in own}
    rows = []
    for place, case in enumerate(plan.cases, 1):
        pair = by_film.get(case.film)
        if pair is None:
            continue
        said = [f"{a.read}, {SURE[a.confidence].lower()}" for a in (pair.alone, pair.aided)]
        truth = f"{case.truth} {meaning(case.truth, plan.labels)}".strip()
        rows.append([str(place), truth, said[0], _call(case), said[1]])
    names = ("Film", "Label", "Alone", "Call shown", "With the call")
    return blocks.heading("Your films") + _table(names, rows)
