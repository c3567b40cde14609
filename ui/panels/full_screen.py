"""What full screen shows of a page beside the notice: which film, and its scores."""

from __future__ import annotations

from collections.abc import Mapping

from cxr.model.classifier import Classifier
from ui.base.formatting import odds, score, short
from ui.panels.findings import brief
from ui.session import hospitals, own_calls
from ui.session.films import Film, Reading


def lines(film: Film, reading: Reading, model: Classifier) -> list[str]:
    """Name and scores; what stands before the scores comes before them. No score while a film
    waits for its reader's own call."""
    before = reading.passport.before_scores if reading.passport else ()
    said = [short(film.name), film.change.said, *before]
    if reading.prediction is not None and not own_calls.waits(film):
        stands, home = hospitals.standing(film, reading, model), hospitals.at_home(film)
        if "N" in model.labels and (home or stands is not None):  # else it is said in brief
            said.append(f"Abnormal {odds(reading.prediction.abnormal('N'))}")
        said.append(brief(reading.prediction, model, stands, home))
        said.append(scores(reading.prediction.probabilities))
    return [line for line in said if line]


def moved(before: Mapping[str, float], after: Mapping[str, float] | None = None) -> list[str]:
    """The film's scores, and what they become by what is done to it."""
    return [scores(before), *([f"Then {scores(after)}"] if after is not None else [])]


def scores(probabilities: Mapping[str, float]) -> str:
    """Such as "N .02 · P .01 · T .97"."""
    return " · ".join(f"{label} {score(value)}" for label, value in probabilities.items())
