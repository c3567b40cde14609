"""What the network says of one film, and what its saying so is worth."""

from __future__ import annotations

from html import escape

import streamlit as st

from cxr.model.bundle import Bundle
from cxr.model.classifier import Classifier, Prediction
from cxr.model.decision import prediction_set
from cxr.screening import words
from cxr.screening.standing import Standing
from ui.base.words import exact, meaning, percent, score
from ui.panels import standing
from ui.session import operating_points
from ui.session.films import Film, Reading
from ui.session.models import line


def show_scores(
    prediction: Prediction,
    model: Classifier,
    stands: Standing | None = None,
    muted: bool = False,
) -> None:
    """What is said of the film, one bar a class, and why it means what it means, if asked.

    First stands where the film lies, or, for a film of a hospital that the model knows, the class
    with its margin; a mark on a bar is then the class's operating point. Muted are the scores of a
    film outside what the model knows, which is said before them.
    """
    bundle = model.bundle
    if stands is not None:
        standing.show(prediction, stands, model, muted)
    quiet = ' class="cxr-muted"' if muted else ""
    bars = _bars(prediction, bundle, stands is None)
    worth = f"{_worth(bundle)}<p>{escape(words.caveat(bundle))}</p>"
    if model.site is not None:
        told = f"<p>{escape(words.profile(model.site))}</p>{worth}"
    else:
        told = f"{_sets(prediction, bundle)}{_operating_points(prediction, bundle)}{worth}"
    call = _call(prediction) if stands is None else ""
    st.html(
        f'<div{quiet}>{call}<div class="cxr-bars" role="list">{bars}</div>'
        '<details class="cxr-quiet">'
        f"<summary>Why, and what the scores are worth</summary>{told}</details></div>"
    )


def _call(prediction: Prediction) -> str:
    top = prediction.probabilities[prediction.label]
    return (
        f'<div class="cxr-call"><b>{escape(prediction.label)} {score(top)}</b>'
        f"<span>margin {score(prediction.margin)}</span></div>"
    )


def _sets(prediction: Prediction, bundle: Bundle) -> str:
    """The film's conformal sets, and its scores before calibration."""
    lines = []
    for share, limits in bundle.conformal.items():
        held = prediction_set(prediction.probabilities, limits)
        said = escape(", ".join(held)) or "no class"
        lines.append(f"Not ruled out at {percent(share)}: <b>{said}</b>.")
    if lines:
        lines.append(words.NOT_RULED_OUT)
    raw = ", ".join(f"{escape(label)} {score(value)}" for label, value in prediction.raw.items())
    return f"<p>{' '.join(lines)}</p><p>Before calibration: {raw}.</p>"


def _bars(prediction: Prediction, bundle: Bundle, marked: bool) -> str:
    rows = []
    for label, value in prediction.probabilities.items():
        threshold = operating_points.threshold(bundle, label) if marked else None
        mark = ""
        if threshold is not None:
            mark = f'<i class="cxr-point" style="left:{100 * threshold:.2f}%"></i>'
        called = " cxr-called" if label == prediction.label else ""
        # The bar and the figure are for the eye: the first cell's name says both.
        rows.append(
            f'<div role="listitem" aria-label="{escape(label)} {score(value)}">'
            f'<span class="label">{escape(label)}</span>'
            f'<span class="what">{meaning(label, bundle.labels)}</span></div>'
            f'<div class="cxr-track{called}" aria-hidden="true">'
            f'<div class="cxr-fill" style="width:{100 * value:.2f}%"></div>{mark}</div>'
            f'<div aria-hidden="true">{score(value)}</div>'
        )
    return "".join(rows)


def _operating_points(prediction: Prediction, bundle: Bundle) -> str:
    lines = []
    for label in bundle.labels:
        threshold = operating_points.threshold(bundle, label)
        if threshold is None:
            continue
        side = "above" if prediction.probabilities[label] >= threshold else "below"
        if operating_points.is_chosen(bundle, label):
            said = f"{escape(label)} is {side} the threshold {exact(threshold)} of this session."
        else:
            said = escape(words.operating_point(bundle, label, prediction.probabilities[label]))
        lines.append(f"<p>{said}</p>")
    return "".join(lines)


def _worth(bundle: Bundle) -> str:
    """Figures from the bundle: where the model is at home, and where it isn't."""
    rows = [
        f"<div>{escape(what)}</div><div>{value}</div>"
        + (f'<div class="cxr-quiet">{escape(of)}</div>' if of else "")
        for what, value, of in words.worth(bundle)
    ]
    return (
        '<div class="cxr-heading">What the scores of the model as shipped are worth</div>'
        f'<div class="cxr-worth">{"".join(rows)}</div><p>In brackets: 95 % intervals.</p>'
    )


def show_facts(film: Film, reading: Reading, bundle: Bundle) -> None:
    """The film's size and format, what was assumed in reading it, and the model's line."""
    lines = [reading.facts, *reading.notes]
    if film.source:
        given = f", given as {film.label}" if film.label else ""
        lines.append(f"Sample: {film.source}{given}.")
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in lines)
    st.html(
        f'<div class="cxr-heading">Film and model</div><div class="cxr-quiet">{paragraphs}'
        f"<p>Model {escape(line(bundle))}</p></div>"
    )
