"""The list of films as a worklist: a row each, in an order, narrowed to what is wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from pathlib import Path

import streamlit as st

from cxr.model.classifier import Classifier
from ui.base.component import component
from ui.base.formatting import flag, told_short
from ui.panels import findings
from ui.session import films, hospitals, operating_points, own_calls, studies
from ui.session.films import Film, Reading
from ui.viewer.delivery import Parcels

GIVEN, NAME, ABNORMAL = "As given", "Name", "Abnormal first"
ALL, ABOVE = "All", "Above threshold"
KEY = "worklist"

HERE = Path(__file__).parent
_list = component(
    "cxr_worklist",
    html='<div class="list"></div>',
    js=(HERE / "worklist.js").read_text(encoding="utf-8"),
    css=(HERE / "worklist.css").read_text(encoding="utf-8"),
)

Read = Mapping[int, Reading | None]


def show(model: Classifier) -> None:
    """The list, and above it its order and what it holds."""
    held = films.films()
    films.looked_at().add(films.chosen().number)
    read = {number: films.known(film, model) for number, film in held.items()}
    choices = _choices(model)
    left, right = st.columns(2, gap="xsmall")
    with left:
        wanted = _choose("Show", list(choices))
    with right:
        order = _choose("Order", [GIVEN, NAME, *_orders(model)])
    in_order, chosen = _sorted(order, read, model), films.chosen().number
    kept = [n for n in in_order if choices[wanted](held[n], read[n])]
    films.list_as([n for n in in_order if n in kept or n == chosen])  # so that Next goes on from it
    here = films.listed()
    count = f"{len(kept)} of {len(held)}" if len(kept) < len(held) else str(len(held))
    st.html(f'<div class="cxr-heading">Films ({count})</div>')
    if wanted == ABOVE and (why := _no_threshold(held, model)):
        st.caption(why)
    names = told_short({number: held[number].name for number in here})
    same_files = _same_files(held)
    parcels = Parcels(KEY)
    rows = [_row(held[n], read[n], names[n], same_files.get(n, ""), model, parcels) for n in here]
    _list(
        key=KEY,
        data={"rows": rows, "chosen": films.chosen().number},
        on_pick_change=_pick,
    )


def _no_threshold(held: Mapping[int, Film], model: Classifier) -> str:
    """Why films of the list can be above no threshold; "" where one holds for all of them."""
    if model.site is not None or operating_points.chosen(model.bundle):
        return ""
    way = "or choose a threshold on Metrics."
    if all(operating_points.shipped(model.bundle, label) is None for label in model.labels):
        return f"This model brings no threshold: fit a profile of your hospital, {way}"
    if all(hospitals.at_home(film) for film in held.values()):
        return ""
    return (
        "No threshold holds for films of a hospital that is not declared: say under “Films from” "
        f"where they are from, {way}"
    )


def _pick() -> None:
    number = (st.session_state.get(KEY) or {}).get("pick")
    if number in films.films():
        films.choose(number)


def _choose(label: str, options: list[str]) -> str:
    return str(
        st.selectbox(
            label,
            options,
            key=f"worklist-{label.lower()}-{len(options)}",
            label_visibility="collapsed",
            persist_state="session",
        )
    )


def _choices(model: Classifier) -> dict[str, Callable[[Film, Reading | None], bool]]:
    """What may be wanted, and which films that is."""

    def above(film: Film, reading: Reading | None) -> bool:
        return bool(reading and not own_calls.waits(film) and findings.above(film, reading, model))

    return {
        ALL: lambda film, reading: True,
        ABOVE: above,
        "Flagged": lambda film, reading: bool(
            reading and reading.passport and reading.passport.flagged
        ),
        "Refused": lambda film, reading: bool(reading and reading.refusal),
        "Not looked at": lambda film, reading: film.number not in films.looked_at(),
        "Looked at": lambda film, reading: film.number in films.looked_at(),
    }


def _orders(model: Classifier) -> list[str]:
    """By what may be sorted, beside names."""
    abnormal = [ABNORMAL] if "N" in model.labels else []
    return [*abnormal, *(f"{label} first" for label in model.labels if label != "N")]


def _sorted(order: str, read: Read, model: Classifier) -> list[int]:
    """Numbers of films; what has no score comes last."""
    held = films.films()
    if order == GIVEN:
        return list(held)
    if order == NAME:
        return sorted(held, key=lambda number: held[number].name.casefold())

    def height(number: int) -> float:
        reading = read[number]
        if reading is None or reading.prediction is None or own_calls.waits(held[number]):
            return inf
        if order == ABNORMAL:
            return -reading.prediction.abnormal("N")
        return -findings.height(order.removesuffix(" first"), reading, model)

    return sorted(held, key=height)


def _same_files(held: Mapping[int, Film]) -> dict[int, str]:
    """Films whose bytes came before → the name that they came by."""
    first: dict[str, Film] = {}
    found = {}
    for number, film in held.items():
        earlier = first.setdefault(film.sha256, film)
        if earlier is not film and film.data:
            found[number] = earlier.name
    return found


def _row(
    film: Film,
    reading: Reading | None,
    name: str,
    same_as: str,
    model: Classifier,
    parcels: Parcels,
) -> dict[str, object]:
    picture = reading.thumbnail if reading is not None else b""
    return {
        "number": film.number,
        "name": name,
        "whole": film.name,
        "said": said(film, reading, same_as, model),
        "picture": parcels.file(picture, "image/jpeg") if picture else "",
        "quiet": reading is None or reading.prediction is None,
    }


def said(film: Film, reading: Reading | None, same_as: str, model: Classifier) -> str:
    """What is said of a film in a line."""
    parts = [film.change.said]
    if reading is None:
        parts.append("not scored yet")
    elif reading.prediction is None:
        assert reading.refusal is not None
        parts.append(f"Refused: {flag(reading.refusal.code)}")
    elif waits := own_calls.why(film):
        parts.append(waits)
    else:
        outside = reading.passport is not None and reading.passport.outside
        parts.insert(0, "outside what it knows" if outside else "")
        stands = hospitals.standing(film, reading, model)
        home = hospitals.at_home(film)
        parts.append(findings.brief(reading.prediction, model, stands, home))
    if same_as:
        parts.append(f"the same file as {same_as}")
    if own := own_calls.of(film):
        parts.append(f"you: {list(own.values())[-1].label}")
    if film.label and not film.source and not studies.in_study(film):
        parts.append(f"known to be {film.label}")
    return " · ".join(part for part in parts if part)
