"""The sentences that stand in the report and under the picture alike."""

from __future__ import annotations

from collections.abc import Mapping

from ..formatting import exact
from ..model.classifier import Classifier
from ..screening.assess import Assessment
from ..screening.words import UNPLACED


def scores(found: Assessment) -> str:
    """Each label's probability."""
    prediction, _ = found.scored
    return "Scores: " + ", ".join(f"{k} {p:.3f}" for k, p in prediction.probabilities.items())


def standing(
    found: Assessment, chosen: Mapping[str, float], known_hospital: bool = False
) -> list[str]:
    """Where the film lies between two labels, and what a hospital's profile calls it, or the
    thresholds of probabilities that its reader has chosen; that no class is called where nothing
    says what a call is worth, as in a hospital that the model does not know."""
    stands, probabilities = found.standing, found.scored[0].probabilities
    by_reader = [
        f"{label} is {'above' if probabilities[label] >= at else 'below'} the threshold "
        f"{exact(at)} of the session"
        for label, at in chosen.items()
    ]
    if stands is None and (by_reader or known_hospital):
        return by_reader
    if stands is None:
        return [f"{UNPLACED}. No class is called: the film's hospital has no profile"]
    said = f"Log-odds of {stands.positive} against {stands.negative}: {stands.log_odds:+.2f}"
    if by_reader:
        return [said, *by_reader]
    if stands.threshold is None:
        return [f"{said}. No class is called: the film's hospital has no profile"]
    called = stands.positive if stands.called else f"not {stands.positive}"
    return [f"{said}, threshold of {stands.hospital} {stands.threshold:+.2f}: {called}"]


def network(model: Classifier) -> str:
    """What the scores come from."""
    said = f"Model {model.bundle.name}, network {model.bundle.digest[:12]}"
    if model.site is not None:
        said += f", hospital profile {model.site.name} ({model.site.identity[:12]})"
    return said


def checks(found: Assessment) -> list[str]:
    """What reading changed, doubted and assumed, and what the input checks say or leave open."""
    _, passport = found.scored
    flags = ", ".join(passport.flags)
    said = [*found.before_scores]
    if found.film is not None:
        said += [f"Scored on its reader's word, although: {d.message}" for d in found.film.doubts]
        said += found.film.notes
    said += [f"Input checks that flag the film: {flags}"] if flags else []
    return [*said, *passport.unchecked]
