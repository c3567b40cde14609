"""What the network says of one film, and what its saying so is worth."""

from __future__ import annotations

from html import escape

import streamlit as st

from cxr.metrics.calls import Calls, calls_of
from cxr.model.bundle import Bundle
from cxr.model.classifier import Classifier, Prediction
from cxr.model.decision import prediction_sets
from cxr.screening import words
from cxr.screening.standing import Standing, said_of
from ui.base.formatting import called_means, exact, odds, percent, score, told_apart
from ui.panels import standing, track_record
from ui.server import access
from ui.session import hospitals, operating_points
from ui.session.films import Film, Reading
from ui.session.models import line

ASK = (
    "Films of your hospital are called once it has a profile. If it does not stand under “Films "
    "from” in the sidebar, ask an instructor or admin: they set it up on the page Hospital."
)


def show_scores(
    prediction: Prediction,
    model: Classifier,
    stands: Standing | None = None,
    muted: bool = False,
    home: bool = True,
    judged: bool = False,
) -> None:
    """Abnormal or not, then which, then what that has been worth; a bar a class; the rest if asked.

    Which is said by a threshold that this session chose, else by where the film lies, or, for a
    film of a hospital that the model knows (`home`) and for a call that a reader is to judge
    (`judged`), by the class with its margin. Of any other film nothing is called. Sets and the
    bundle's operating points are promises of hospitals that it knows. Muted are the scores of a
    film outside what the model knows, which is said before them.
    """
    bundle, calls = model.bundle, calls_of(model.bundle)
    chosen = operating_points.chosen(bundle) if model.site is None else {}
    first = _abnormal(prediction, model)
    why = [_abnormal_means(model)]
    if chosen:
        first += _by_threshold(prediction, chosen)
    elif stands is not None:
        first += standing.line(stands, model)
    elif home or judged:
        first += _call(prediction)
    else:
        first += standing.unplaced()
    if stands is not None:
        why.append(f"<p>{escape(words.reading(stands))} The line on the strip is this film.</p>")
    if model.site is not None:
        why.append(f"<p>{escape(words.profile(model.site))} {escape(words.doubt(model.site))}</p>")
    elif home:
        why += [_sets(prediction, bundle), _operating_points(prediction, bundle)]
    why += [
        _raw(prediction),
        track_record.called_so(calls),
        track_record.figures(bundle),
        f"<p>{escape(words.caveat(bundle))}</p>",
    ]
    if model.site is not None:
        been = track_record.of_profile(model)
    else:
        been = track_record.line(calls, bundle, stands is None and home)
    called = "" if chosen else said_of(prediction, stands, home or judged)
    marks = {} if model.site is not None else chosen or (_shipped(bundle) if home else {})
    quiet = ' class="cxr-muted"' if muted else ""
    st.html(
        f"<div{quiet}>{first}{been}"
        f'<div class="cxr-bars" role="list">{_bars(prediction, bundle, marks, calls, called)}</div>'
        f'<details class="cxr-quiet"><summary>Why?</summary>{"".join(why)}</details></div>'
    )
    if model.site is None and not (home or judged):
        _way_to_a_profile()


def _way_to_a_profile() -> None:
    if access.may("instructor"):
        st.page_link("pages/hospital.py", label="Set up your hospital")
    else:
        st.html(f'<div class="cxr-quiet"><p>{escape(ASK)}</p></div>')


def brief(prediction: Prediction, model: Classifier, stands: Standing | None, home: bool) -> str:
    """What is said first, in a few words, for lists; see :func:`show_scores`."""
    chosen = operating_points.chosen(model.bundle) if model.site is None else {}
    if chosen:
        p = prediction.probabilities
        return " · ".join(
            f"{_sign(label, p[label], at)} {told_apart(p[label], at)}"
            for label, at in chosen.items()
        )
    if stands is not None:
        return standing.brief(stands)
    if not home:
        if not called_means("N", model.labels):
            return "no call"
        return f"abnormal {odds(prediction.abnormal('N'))} · no call"
    top = prediction.probabilities[prediction.label]
    return f"{prediction.label} {score(top)} · margin {score(prediction.margin)}"


def height(label: str, reading: Reading, model: Classifier) -> float:
    """By what films are sorted, samples among them on the same scale: the log-odds of the
    hospital's pair, else the score."""
    assert reading.prediction is not None
    stands = reading.standing if model.site is not None or not hospitals.all_at_home() else None
    if stands is not None and stands.positive == label:
        return stands.log_odds
    return reading.prediction.probabilities[label]


def above(film: Film, reading: Reading, model: Classifier) -> bool:
    """Whether a film reaches the threshold that holds: the profile's, the session's own, or, in a
    hospital that the model knows, the bundle's."""
    if reading.prediction is None:
        return False
    if model.site is not None:
        return bool(reading.standing and reading.standing.called)
    p = reading.prediction.probabilities
    points = operating_points.chosen(model.bundle)
    if not points and hospitals.at_home(film):
        points = _shipped(model.bundle)
    return any(p[label] >= at for label, at in points.items())


def _abnormal(prediction: Prediction, model: Classifier) -> str:
    """Everything that is not N, as log-odds, where the labels are N, P and T."""
    if not called_means("N", model.labels):
        return ""
    return (
        f'<div class="cxr-abnormal">Abnormal <b>{odds(prediction.abnormal("N"))}</b>'
        "<span>log-odds</span></div>"
    )


def _abnormal_means(model: Classifier) -> str:
    if not called_means("N", model.labels):
        return ""
    return (
        "<p>Abnormal: log-odds of everything that is not N, P or T against N. 0 is as likely as "
        "not; each .7 more doubles the odds.</p>"
    )


def _sign(label: str, value: float, threshold: float) -> str:
    return f"{label}{'+' if value >= threshold else '−'}"


def _by_threshold(prediction: Prediction, chosen: dict[str, float]) -> str:
    """By the thresholds that this session chose on Metrics."""
    p = prediction.probabilities
    return "".join(
        f'<div class="cxr-stands"><b>{escape(_sign(label, p[label], at))}</b> '
        f"<span>{told_apart(p[label], at)}, your threshold {exact(at)}</span></div>"
        for label, at in chosen.items()
    )


def _call(prediction: Prediction) -> str:
    top = prediction.probabilities[prediction.label]
    return (
        f'<div class="cxr-call"><b>{escape(prediction.label)} {score(top)}</b>'
        f"<span>margin {score(prediction.margin)}</span></div>"
    )


def _sets(prediction: Prediction, bundle: Bundle) -> str:
    """The film's conformal sets."""
    lines = []
    for share, held in prediction_sets(prediction.probabilities, bundle.conformal).items():
        said = escape(", ".join(held)) or words.NO_LABEL
        lines.append(f"Not ruled out at {percent(share)}: <b>{said}</b>.")
    if not lines:
        return ""
    lines.append(words.NOT_RULED_OUT)
    return f"<p>{' '.join(lines)}</p>"


def _raw(prediction: Prediction) -> str:
    raw = ", ".join(f"{escape(label)} {score(value)}" for label, value in prediction.raw.items())
    return f"<p>Before calibration: {raw}.</p>"


def _bars(
    prediction: Prediction,
    bundle: Bundle,
    marks: dict[str, float],
    calls: Calls | None,
    called: str,
) -> str:
    """A bar a class; `called` is the one that the film is called, "" where none is."""
    rows = []
    for label, value in prediction.probabilities.items():
        threshold = marks.get(label)
        mark, written = "", score(value)
        if threshold is not None:
            mark = f'<i class="cxr-point" style="left:{100 * threshold:.2f}%"></i>'
            written = told_apart(value, threshold)
        marked = " cxr-called" if label == called else ""
        # The bar and the figure are for the eye: the first cell's name says both.
        rows.append(
            f'<div role="listitem" aria-label="{escape(label)} {written}">'
            f'<span class="label">{escape(label)}</span></div>'
            f'<div class="cxr-track{marked}" aria-hidden="true">'
            f'<div class="cxr-fill" style="width:{100 * value:.2f}%"></div>{mark}</div>'
            f'<div aria-hidden="true">{written}</div>'
            f'<div class="what">{called_means(label, bundle.labels)}'
            f"{track_record.others(label, calls)}</div>"
        )
    return "".join(rows)


def _operating_points(prediction: Prediction, bundle: Bundle) -> str:
    """On which side of the bundle's own the film is."""
    said = (
        words.operating_point(bundle, label, prediction.probabilities[label])
        for label in _shipped(bundle)
    )
    return "".join(f"<p>{escape(line)}</p>" for line in said)


def _shipped(bundle: Bundle) -> dict[str, float]:
    points = {label: operating_points.shipped(bundle, label) for label in bundle.labels}
    return {label: point for label, point in points.items() if point is not None}


def show_facts(film: Film, reading: Reading, bundle: Bundle) -> None:
    """The film's size and format; if asked what was assumed in reading it, and the model's line."""
    lines = list(reading.notes)
    if film.source:
        given = f", given as {film.label}" if film.label else ""
        lines.append(f"Sample: {film.source}{given}.")
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in lines)
    noted = f" · {len(reading.notes)} noted in reading" if reading.notes else ""
    st.html(
        f'<details class="cxr-quiet"><summary>{escape(reading.facts)}{noted}</summary>{paragraphs}'
        f"<p>Model {escape(line(bundle))}</p></details>"
    )
