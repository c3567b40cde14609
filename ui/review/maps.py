"""What moved the network on a case: the maps of the two classes that it lies between, and how they
lie against radiologists' boxes where there are any."""

from __future__ import annotations

from html import escape

import streamlit as st

from cxr.errors import CxrError
from cxr.explain import overlay, worth_a_map
from cxr.explain.target import CUT_OFF
from cxr.explain_eval import words
from cxr.explain_eval.localisation import against_boxes
from cxr.imaging.radiograph import Radiograph
from cxr.model.classifier import Classifier
from ui.base.formatting import plain, score
from ui.review import film_view
from ui.review.case import Case
from ui.review.queue import QueuePosition
from ui.session import map_tasks
from ui.session.map_tasks import ComputedMap, MapRequest
from ui.viewer import MapLayer, Plate
from ui.work import long_work

_HEIGHT = "calc(100dvh - 18rem)"
"""What the choice of the method and the lines below it leave of the films."""


def show(place: QueuePosition, case: Case, film: Radiograph, model: Classifier) -> str:
    """The film twice, under one map a class, linked; gives the mark that was drawn on it."""
    method = map_tasks.choose_method(model, "review-method")
    wanted = [map_tasks.wanted(film, model, label, method) for label in case.classes]
    tasks = [map_tasks.map_task(film, model, what) for what in wanted]
    waiting = long_work.go_on(tasks)
    held = [long_work.done(task.key) or long_work.so_far(task.key) for task in tasks]
    seen = held[tasks.index(waiting)] if waiting in tasks else None
    plates = [_plate(case, film, what, each) for what, each in zip(wanted, held, strict=True)]
    mark = film_view.show(place, plates, case.told, _HEIGHT, film)
    long_work.show(waiting, seen)
    for refusal in {str(each): None for each in held if isinstance(each, CxrError)}:
        st.info(plain(refusal))
    said = [
        text for what, each in zip(wanted, held, strict=True) for text in _said(case, what, each)
    ]
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in (words.CAVEAT, *said))
    st.html(f'<div class="cxr-quiet">{paragraphs}</div>')
    return mark


def _plate(case: Case, film: Radiograph, what: MapRequest, held: object) -> Plate:
    if not isinstance(held, ComputedMap):
        return Plate(film, f"{what.name}: not ready", boxes=case.outlined, dim=True)
    coarse = ", still coarse" if held.passes < held.full else ""
    layer = MapLayer(overlay.KINDS[what.method].title, held.values, what.method, what.label)
    return Plate(film, f"{what.title}{coarse}", (layer,), case.outlined)


def _said(case: Case, what: MapRequest, held: object) -> list[str]:
    """Whether the class is likely enough for its map, and where the map lies."""
    lines = []
    probability = float(case.row[f"p_{what.label}"])
    if not worth_a_map(probability) and what.label != case.row.called:
        lines.append(
            f"{what.label} scores {score(probability)}: maps of a class below {score(CUT_OFF)} are "
            "mostly false alarms."
        )
    if case.boxes and isinstance(held, ComputedMap):
        found = against_boxes(held.values, case.boxes, what.method)
        lines.append(f"{what.name}: {words.boxes(found)}")
    return lines
