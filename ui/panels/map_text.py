"""What is said of a map, on the page and under its saved picture."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

import cv2
import streamlit as st

from cxr.dicom_out.marks import Map
from cxr.errors import CxrError
from cxr.explain import overlay
from cxr.explain_eval import Faithfulness, Sanity, words
from cxr.imaging.radiograph import Radiograph
from cxr.model.classifier import Classifier
from cxr.model.lungs import Probability
from ui.base.formatting import score
from ui.panels.findings import brief
from ui.session import hospitals, map_tasks
from ui.session.films import Film, Reading
from ui.session.map_tasks import ComputedMap, MapRequest
from ui.viewer import MapDisplay


@dataclass(frozen=True, eq=False)
class MapEvidence:
    """What is there of a map and of what is known about it."""

    drawn: ComputedMap | None = None
    lungs: Probability | None = None
    tested: Faithfulness | None = None
    randomised: Sanity | None = None
    refusal: CxrError | None = None

    @property
    def coarse(self) -> ComputedMap | None:
        """The map, while a finer one is on its way."""
        drawn = self.drawn
        return drawn if drawn is not None and drawn.passes < drawn.full else None

    def map_of(self, what: MapRequest) -> Map | None:
        """The map as DICOM files hold it, once it is whole."""
        drawn = self.drawn
        if drawn is None or self.coarse is not None:
            return None
        return Map(drawn.values, what.method, what.label)


def say(what: MapRequest, found: MapEvidence) -> None:
    """What the map is, and what speaks for and against it; the figures if asked."""
    assert found.drawn is not None
    lines = [f"{words.CAVEAT} {map_tasks.passes(found.drawn)}", *evidence(what, found)]
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in lines)
    why = [words.faithful_why(found.tested)] if found.tested is not None else []
    why += [words.randomisation_why(found.randomised)] if found.randomised is not None else []
    told = "".join(f"<p>{escape(text)}</p>" for text in why if text)
    folded = f"<details><summary>Why?</summary>{told}</details>" if told else ""
    st.html(f'<div class="cxr-quiet">{paragraphs}{folded}</div>')


def evidence(what: MapRequest, found: MapEvidence) -> list[str]:
    """Each piece of evidence that is there, a sentence or two; plain text."""
    assert found.drawn is not None
    said = []
    if found.lungs is not None:
        said.append(words.lung_share(found.drawn.values, found.lungs))
    if found.tested is not None:
        said.append(words.faithful(found.tested, what.label))
    if found.randomised is not None:
        said.append(words.randomisation(found.randomised))
    return [text for text in said if text]


def picture(
    look: MapDisplay,
    radiograph: Radiograph,
    film: Film,
    reading: Reading,
    what: MapRequest,
    found: MapEvidence,
    model: Classifier,
) -> tuple[str, bytes]:
    """The whole film under its map with caption and notice, and a name for the file."""
    assert found.drawn is not None
    film8 = radiograph.eight_bit
    size = (film8.shape[1], film8.shape[0])
    whole: Any = cv2.resize(found.drawn.values, size, interpolation=cv2.INTER_LINEAR)
    named = [film.name] if st.session_state.get("name-in-picture") else []
    when = (
        f"Saved {datetime.now().astimezone():%Y-%m-%d %H:%M %Z}; films from: {_from(film, model)}"
    )
    changed = [f"Film {film.change.said}"] if film.change.said else []
    lines = [*named, when, *changed, *caption(film, reading, what, found, model)]
    scale = look.scale if look.layer == what.name else None
    picture = overlay.export_png(film8, whole, what.method, lines, look.opacity, scale)
    return f"map-{what.sha256[:12]}-{what.label}-{what.method}.png", picture


def _from(film: Film, model: Classifier) -> str:
    if model.site is not None:
        return model.site.name
    return film.source or (hospitals.KNOWN if hospitals.at_home(film) else hospitals.OTHER)


def caption(
    film: Film, reading: Reading, what: MapRequest, found: MapEvidence, model: Classifier
) -> list[str]:
    """What stands under it: first that a film is outside what the model knows."""
    prediction, bundle = reading.prediction, model.bundle
    assert prediction is not None
    stands = hospitals.standing(film, reading, model)
    details = (
        f"score {score(prediction.probabilities[what.label])}; "
        f"film: {brief(prediction, model, stands, hospitals.at_home(film))}"
    )
    if model.site is not None:
        details += f"; by the hospital profile {model.site.name} ({model.site.identity[:12]})"
    lines = overlay.caption(what.method, what.label, bundle.name, bundle.digest, details)
    first = reading.passport.before_scores if reading.passport else ()
    return [*first, *lines, *evidence(what, found), words.CAVEAT]
