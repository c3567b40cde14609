"""A patient's films on Read: their scores over time, and what noise does to them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape

import streamlit as st

from cxr.explain_eval.stability import stability
from cxr.model.classifier import Classifier
from cxr.screening.over_time import ScoreChange, differences, heights, noise
from ui.base.formatting import odds, told_short
from ui.session import films, own_calls, patients
from ui.session.films import Film, radiograph_of
from ui.work.session_cache import workspace

OUTSIDE = "outside what this model knows"

Scored = tuple[dict[str, float], dict[str, float]]
"""A film's log-odds and what noise does to each."""


def show(group: list[Film], film: Film, model: Classifier) -> None:
    """Plot and table of the scores, and whether they differ by more than noise."""
    withheld = {each.number: why for each in group if (why := _withheld(each, model))}
    shown = [each for each in group if each.number not in withheld]
    scored = {each.number: _scored(each, model) for each in shown}
    st.html('<div class="cxr-heading">The patient’s films over time</div>')
    if len(shown) > 1:
        st.html(_plot(shown, scored, film))
    st.html(_table(group, scored, withheld, film) + _said(group, scored, film))
    if patients.differ(group):
        st.info("The files name more than one patient. These films are one patient’s on your word.")


def _withheld(film: Film, model: Classifier) -> str:
    """Why no score of a film is told here; "" where there is one to tell."""
    reading = films.known(film, model)
    if reading is None:
        return "not scored yet"
    if reading.prediction is None:
        return "refused"
    if waits := own_calls.why(film):
        return waits
    return OUTSIDE if reading.passport is not None and reading.passport.outside else ""


def _scored(film: Film, model: Classifier) -> Scored:
    """Of a film that has a score; working out what noise does takes a second, once a film."""

    def worked_out() -> dict[str, float]:
        bar, said = st.empty(), "Working out: what noise does to the scores"
        found = stability(model, radiograph_of(film), lambda share: bar.progress(share, said))
        bar.empty()
        return noise(found)

    moved = workspace().shelf.get(
        ("noise", film.sha256, film.change, model.identity), worked_out, len
    )
    prediction = films.reading(film, model).prediction
    assert prediction is not None
    return heights(prediction.probabilities), moved


def _plot(shown: list[Film], scored: Mapping[int, Scored], film: Film) -> str:
    """The first of the log-odds over time; the line through a film is what noise does to it."""
    dates = patients.dates_of(shown)
    at = [float(i) for i in range(len(shown))] if dates is None else [d.timestamp() for d in dates]
    span = (at[-1] - at[0]) or 1.0
    name = next(iter(scored[shown[0].number][0]))
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
    withheld: Mapping[int, str],
    film: Film,
) -> str:
    """A row a film, the oldest first; below each height how it differs from the film before."""
    names = list(next(iter(scored.values()))[0]) if scored else []
    dates = patients.dates_of(group)
    cut = told_short({each.number: each.name for each in group}, 18)
    rows, before = [], None
    for place, each in enumerate(group):
        when = f"{place + 1}." if dates is None else _day(dates[place])
        why = withheld.get(each.number, "")
        named = escape(each.told(cut[each.number]))
        told = f"{when}<small>{named}{' · ' * bool(why)}{why}</small>"
        now = scored.get(each.number)
        if now is None:
            cells = "<td>–</td>" * len(names)
        else:
            found: dict[str, ScoreChange] = differences(before, now) if before is not None else {}
            cells = "".join(
                f"<td>{odds(now[0][name])}{_changed(found.get(name))}</td>" for name in names
            )
            before = now
        here = ' class="now" aria-current="true"' if each.number == film.number else ""
        rows.append(f'<tr{here}><th scope="row">{told}</th>{cells}</tr>')
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    return f'<table class="cxr-over-time"><tr><td></td>{heads}</tr>{"".join(rows)}</table>'


def _changed(found: ScoreChange | None) -> str:
    if found is None:
        return "<small>&nbsp;</small>"
    return f"<small{'' if found.more else ' class=dim'}>{odds(found.change)}</small>"


def _said(group: list[Film], scored: Mapping[int, Scored], film: Film) -> str:
    """In words, from the film before to this one; and what the small figures are."""
    order = [each.number for each in group if each.number in scored]
    lines = ""
    if film.number in order and (place := order.index(film.number)):
        found = differences(scored[order[place - 1]], scored[film.number])
        lines = _told("More than noise moves it", found, True)
        lines += _told("No more than noise moves it", found, False)
    order_said = "By the dates in the files." if patients.dates_of(group) else "In your order."
    return (
        f'<div class="cxr-quiet">{lines}<details><summary>Log-odds, and below them the '
        f"change since the film before. {order_said}</summary><p>In brackets, noise: the most "
        "that 20 changes which mean nothing (small turns, shifts and crops, lighter, darker, JPEG) "
        "move either film. A change in grey is no more than that, and says nothing of the patient. "
        "Another machine, position or depth of breath may move scores by more.</p></details></div>"
    )


def _told(what: str, found: Mapping[str, ScoreChange], more: bool) -> str:
    """Since the film before, what differs by more than noise or by no more."""
    each = [
        f"{escape(name)} {odds(one.change)} ({one.noise:.1f})"
        for name, one in found.items()
        if one.more is more
    ]
    return f"<p><b>{what}</b>: {', '.join(each)}.</p>" if each else ""


def _day(date: datetime) -> str:
    return f"{date:%Y-%m-%d}"
