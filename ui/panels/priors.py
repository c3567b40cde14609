"""A patient's films on Read: one beside the other, and their scores over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from html import escape

import streamlit as st

from cxr.errors import AlignmentError
from cxr.explain_eval.stability import stability
from cxr.model.classifier import Classifier
from cxr.model.side_by_side import Alignment, aligned
from cxr.screening.over_time import Difference, differences, heights, noise
from ui.base.words import odds, plain, short, told_short
from ui.session import films, map_tasks, own_calls, patients
from ui.session.films import Film, radiograph_of
from ui.session.shelf import desk
from ui.viewer import Plate

ASKED = "prior-asked"
HERE = Alignment(1.0, 0.0, 0.0)

Scored = tuple[dict[str, float], dict[str, float]]
"""A film's log-odds and what noise does to each."""


def beside(film: Film, model: Classifier) -> Film | None:
    """The film that stands beside it: the one that its reader picked, else the one before it."""
    if not st.session_state.get(ASKED):
        return None
    group = _seen(film, model)
    if len(group) < 2:
        return None
    numbers = [each.number for each in group]
    picked, place = st.session_state.get(_picked(film)), numbers.index(film.number)
    if picked in numbers and picked != film.number:
        return group[numbers.index(picked)]
    return group[place - 1 if place else 1]


def _seen(film: Film, model: Classifier) -> list[Film]:
    """The patient's films that can be shown, the oldest first."""
    readings = [(each, films.known(each, model)) for each in patients.films_of(film)]
    return [each for each, reading in readings if each is film or (reading and reading.facts)]


def _picked(film: Film) -> str:
    return f"prior-of-{film.number}"


def plates(shown: list[Plate], film: Film, prior: Film | None) -> tuple[list[Plate], str]:
    """The other film, if there is one, after the plates of this one, laid over them by the lungs;
    and what is to be said where that could not be."""
    if prior is None:
        return shown, ""
    here, other = shown[0].radiograph, radiograph_of(prior)
    title = f"{_when(film, prior)} · {short(prior.name, 24)}"
    found, onto = map_tasks.lungs_of(other), map_tasks.lungs_of(here)
    try:
        laid = aligned(found, other.pixels.shape, onto, here.pixels.shape)
    except AlignmentError as refusal:
        return [*shown, Plate(other, title)], str(refusal)
    return [*(replace(plate, place=HERE) for plate in shown), Plate(other, title, place=laid)], ""


def _when(film: Film, prior: Film) -> str:
    """Whether the other film is older or newer, and by how much."""
    numbers = [each.number for each in patients.films_of(film)]
    order = "Earlier" if numbers.index(prior.number) < numbers.index(film.number) else "Later"
    dates = patients.dates_of([film, prior])
    if dates is None:
        return order
    days = abs((dates[0].date() - dates[1].date()).days)
    return f"{order} by {days:,} {'day' if days == 1 else 'days'}"


def show(film: Film, model: Classifier) -> None:
    """The patient's films with their scores, and which films are his."""
    if len(films.films()) < 2:
        return
    group = patients.films_of(film)
    if len(group) > 1:
        _over_time(group, film, model)
        _ask_beside(film, model)
    with st.popover("Films of one patient", type="tertiary"):
        _whose(group, film)


def _ask_beside(film: Film, model: Classifier) -> None:
    group = _seen(film, model)
    if len(group) < 2:
        return
    st.toggle("Another film of the patient beside it", key=ASKED, persist_state="session")
    others = [each.number for each in group if each.number != film.number]
    now = beside(film, model)
    if now is None or len(others) < 2:
        return
    names = told_short({each.number: each.name for each in group})
    st.selectbox(
        "Beside it",
        others,
        index=others.index(now.number),
        format_func=names.__getitem__,
        key=_picked(film),
        label_visibility="collapsed",
        persist_state="session",
    )


def _whose(group: list[Film], film: Film) -> None:
    """The reader's word on whose films these are."""
    names = told_short({number: each.name for number, each in films.films().items()})
    now = [each.number for each in group]
    key = f"patient-of-{film.number}-{'-'.join(map(str, now))}"
    st.multiselect(
        "Films of this patient, the oldest first",
        list(names),
        default=now,
        format_func=lambda number: plain(names[number]),
        key=key,
        on_change=_say,
        args=(film.number, key),
    )
    st.caption(
        "Films with dates stand by date, others as you pick them. Without a word from you, DICOM "
        "films are one patient’s where number, birth date and sex are the same."
    )


def _say(number: int, key: str) -> None:
    patients.say(number, st.session_state[key])


def _over_time(group: list[Film], film: Film, model: Classifier) -> None:
    """Plot and table of the scores, and whether they differ by more than noise."""
    scored = {each.number: found for each in group if (found := _scored(each, model)) is not None}
    dates = patients.dates_of(group)
    st.html('<div class="cxr-heading">The patient’s films over time</div>')
    if len(scored) > 1:
        st.html(_plot([each for each in group if each.number in scored], scored, film))
    st.html(_table(group, scored, dates, film) + _said(group, scored, film))
    if patients.differ(group):
        st.info("The files name more than one patient. These films are one patient’s on your word.")


def _scored(film: Film, model: Classifier) -> Scored | None:
    """Of a film whose scores may be seen."""
    reading = films.known(film, model)
    if reading is None or reading.prediction is None or own_calls.waits(film):
        return None

    def worked_out() -> dict[str, float]:
        bar, said = st.empty(), "Working out: what noise does to the scores"
        found = stability(model, radiograph_of(film), lambda share: bar.progress(share, said))
        bar.empty()
        return noise(found)

    moved = desk().shelf.get(("noise", film.sha256, film.change, model.identity), worked_out, len)
    return heights(reading.prediction.probabilities), moved


def _plot(shown: list[Film], scored: Mapping[int, Scored], film: Film) -> str:
    """The first of the log-odds over time; the line through a film is what noise does to it."""
    dates = patients.dates_of(shown)
    at = [float(i) for i in range(len(shown))] if dates is None else [d.timestamp() for d in dates]
    span = (at[-1] - at[0]) or 1.0
    name = next(
        iter(scored[film.number][0] if film.number in scored else scored[shown[0].number][0])
    )
    values = [scored[each.number][0][name] for each in shown]
    moves = [scored[each.number][1][name] for each in shown]
    low = min(v - m for v, m in zip(values, moves, strict=True))
    high = max(v + m for v, m in zip(values, moves, strict=True))
    room = (high - low) or 1.0
    marks = "".join(
        f'<i{" class=now" if each.number == film.number else ""} style="left:{place:.2f}%;'
        f'bottom:{100 * (value - move - low) / room:.2f}%;height:{200 * move / room:.2f}%"></i>'
        for each, place, value, move in zip(
            shown, [4 + 92 * (x - at[0]) / span for x in at], values, moves, strict=True
        )
    )
    ends = (_day(dates[0]), _day(dates[-1])) if dates is not None else ("first", "last")
    said = f"{name} over time: {', '.join(map(odds, values))}"
    return (
        f'<div class="cxr-time" role="img" aria-label="{escape(said)}">{marks}</div>'
        f'<div class="cxr-ends"><span>{ends[0]}</span><span>{escape(name)}, log-odds '
        f"{odds(low)} to {odds(high)}</span><span>{ends[1]}</span></div>"
    )


def _table(
    group: list[Film],
    scored: Mapping[int, Scored],
    dates: Sequence[datetime] | None,
    film: Film,
) -> str:
    """A row a film, the oldest first; below each height how it differs from the film before."""
    names = list(next(iter(scored.values()))[0]) if scored else []
    cut = told_short({each.number: each.name for each in group}, 18)
    rows, before = [], None
    for place, each in enumerate(group):
        when = f"{place + 1}." if dates is None else _day(dates[place])
        told = f"{when}<small>{escape(cut[each.number])}</small>"
        now = scored.get(each.number)
        if now is None:
            cells = "<td>–</td>" * len(names)
        else:
            found = differences(before, now) if before is not None else {}
            cells = "".join(
                f"<td>{odds(now[0][name])}{_changed(found.get(name))}</td>" for name in names
            )
            before = now
        here = ' class="now" aria-current="true"' if each.number == film.number else ""
        rows.append(f'<tr{here}><th scope="row">{told}</th>{cells}</tr>')
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    return f'<table class="cxr-over-time"><tr><td></td>{heads}</tr>{"".join(rows)}</table>'


def _changed(found: Difference | None) -> str:
    if found is None:
        return "<small>&nbsp;</small>"
    return f"<small{'' if found.more else ' class=dim'}>{odds(found.change)}</small>"


def _said(group: list[Film], scored: Mapping[int, Scored], film: Film) -> str:
    """In words, from the film before to this one; and what the small figures are."""
    order = [each.number for each in group if each.number in scored]
    lines = []
    if film.number in order and (place := order.index(film.number)):
        found = differences(scored[order[place - 1]], scored[film.number])
        lines = [
            f"<p>{escape(name)} {odds(each.change)} since the film before: "
            f"{'more' if each.more else 'no more'} than noise moves it "
            f"({each.noise:.1f}).</p>"
            for name, each in found.items()
        ]
    order_said = "By the dates in the files." if patients.dates_of(group) else "In your order."
    return (
        f'<div class="cxr-quiet">{"".join(lines)}<details><summary>Log-odds, and below them the '
        f"change since the film before. {order_said}</summary><p>Noise: the most that 20 changes "
        "which mean nothing (small turns, shifts and crops, lighter, darker, JPEG) move either "
        "film. A change in grey is no more than that, and says nothing of the patient. Another "
        "machine, position or depth of breath may move scores by more.</p></details></div>"
    )


def _day(date: datetime) -> str:
    return f"{date:%Y-%m-%d}"
