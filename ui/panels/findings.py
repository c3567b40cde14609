"""What the network says of one film, and what its saying so is worth."""

from __future__ import annotations

from html import escape

import streamlit as st

from cxr.model.bundle import Bundle
from cxr.model.classifier import Prediction
from cxr.model.decision import prediction_set
from ui.base.words import exact, figure, meaning, percent, score, site
from ui.session import operating_points
from ui.session.films import Film, Reading
from ui.session.models import line


def show_scores(prediction: Prediction, bundle: Bundle, muted: bool = False) -> None:
    """The class with its margin, and one bar a class; a mark on a bar is its operating point.

    Muted are the scores of a film outside what the model knows, which is said before them.
    """
    top = prediction.probabilities[prediction.label]
    quiet = ' class="cxr-muted"' if muted else ""
    st.html(
        f'<div{quiet}><div class="cxr-call"><b>{escape(prediction.label)} {score(top)}</b>'
        f"<span>margin {score(prediction.margin)}</span></div>"
        f'<div class="cxr-bars" role="list">{_bars(prediction, bundle)}</div>'
        f'<div class="cxr-quiet">{_sets(prediction, bundle)}{_operating_points(prediction, bundle)}'
        f"<p>{_caveat(bundle)}</p></div></div>"
    )


def _sets(prediction: Prediction, bundle: Bundle) -> str:
    """The film's conformal sets, and its scores before calibration."""
    lines = []
    for share, limits in bundle.conformal.items():
        held = prediction_set(prediction.probabilities, limits)
        said = escape(", ".join(held)) or "no class"
        lines.append(f"Not ruled out at {percent(share)}: <b>{said}</b>.")
    if lines:
        lines.append(
            "In hospitals that it knows, the film’s class is among these that often; elsewhere "
            "that is not promised."
        )
    raw = ", ".join(f"{escape(label)} {score(value)}" for label, value in prediction.raw.items())
    return f"<p>{' '.join(lines)}</p><p>Before calibration: {raw}.</p>"


def _caveat(bundle: Bundle) -> str:
    """What the figures above are, and are not."""
    labels = f"{', '.join(bundle.labels[:-1])} and {bundle.labels[-1]}"
    how = bundle.preprocessing
    rim = percent(round(how.rim / how.size, 3))
    edge = f"It is not shown the outer {rim} at each edge. " if how.rim else ""
    return (
        "The large letter is the class with the highest score. The network knows "
        f"{escape(labels)} alone: whatever else a picture shows is scored as one of them. "
        f"{edge}Probabilities are calibrated for hospitals that it knows. "
        "A score, never a diagnosis."
    )


def _bars(prediction: Prediction, bundle: Bundle) -> str:
    rows = []
    for label, value in prediction.probabilities.items():
        threshold = operating_points.threshold(bundle, label)
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
            point = bundle.operating_points[label]
            wanted = score(point["wanted_sensitivity"])
            said = (
                f"{escape(label)} is {side} its operating point {exact(threshold)}, chosen in "
                f"hospitals that it knows for a sensitivity of {wanted}."
            )
            if away := operating_points.unseen(bundle, label):
                there = "above" if prediction.probabilities[label] >= away["threshold"] else "below"
                said += f" {operating_points.needed(away, label)} {escape(label)} is {there} that."
        lines.append(f"<p>{said}</p>")
    return "".join(lines)


def show_worth(bundle: Bundle) -> None:
    """Figures from the bundle: where the model is at home, and where it isn't."""
    rows = []
    home = bundle.metrics.get("test") or {}
    if "macro_f1" in home:
        rows.append(
            f"<div>Macro-F1, hospitals it knows</div><div>{figure(home['macro_f1'])}</div>"
            f'<div class="cxr-quiet">{home["n"]:,} films of other patients</div>'
        )
    away = bundle.metrics.get("external") or {}
    scored = {k: v for k, v in away.items() if isinstance(v, dict) and "t_vs_n_auroc" in v}
    for place, found in scored.items():
        rows.append(
            "<div>T-versus-N AUROC, a hospital it doesn’t know</div>"
            f"<div>{figure(found['t_vs_n_auroc'])}</div>"
            f'<div class="cxr-quiet">{escape(site(place))}, '
            f"{found['n']:,} films; .50 is a coin toss</div>"
        )
        if there := found.get("recall", {}).get("T"):
            rows.append(
                f"<div>T films called T, {escape(site(place))}</div>"
                f"<div>{there['value'] * there['n']:.0f} of {there['n']:,}</div>"
            )
    if not away:
        rows.append("<div>In a hospital it doesn’t know</div><div>not measured</div>")
    st.html(
        '<div class="cxr-heading">What these scores are worth</div>'
        f'<div class="cxr-worth">{"".join(rows)}</div>'
        '<div class="cxr-quiet" style="margin-top:.3rem">In brackets: 95 % intervals.</div>'
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
