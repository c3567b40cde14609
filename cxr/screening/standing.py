"""Where a film stands among others: its log-odds of T against N (or of a profile's two labels)
beside those of films whose label is known, from the hospital's own profile or, without one, from
hospitals that the network was kept from. Read draws it as the strip below the scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..model.classifier import Classifier, Prediction
from ..model.reference import reference_of

BINS = 48


@dataclass(frozen=True, eq=False)
class Ground:
    """The films that a film is held against.

    Attributes
    ----------
    positive, negative : str
    negatives, positives : float32 (n,)
        Their log-odds, rising; none where a profile was fitted without labels.
    hospital : str
        Name of the profile; "" where they are of hospitals that the network never learnt from.
    threshold : float or None
        The profile's; None without one.
    like : bool
        Whether some of them were scored by another network like this one, which never learnt from
        their hospital, since this one did.
    """

    positive: str
    negative: str
    negatives: NDArray[np.float32]
    positives: NDArray[np.float32]
    hospital: str = ""
    threshold: float | None = None
    like: bool = False


@dataclass(frozen=True)
class Standing:
    """A film's place among them.

    Attributes
    ----------
    positive, negative : str
    log_odds : float
        Of `positive` against `negative`; a score, never a diagnosis.
    below_negatives, below_positives : float
        Share of the ground's films of either label that lie below it, 0 to 1; NaN where there are
        none.
    hospital : str
    threshold : float or None
    like : bool
        See :class:`Ground`.
    """

    positive: str
    negative: str
    log_odds: float
    below_negatives: float
    below_positives: float
    hospital: str = ""
    threshold: float | None = None
    like: bool = False

    @property
    def called(self) -> bool | None:
        """Whether it reaches the profile's threshold; None without one."""
        return None if self.threshold is None else self.log_odds >= self.threshold


@dataclass(frozen=True, eq=False)
class Strip:
    """Both labels' films along one axis of log-odds.

    Attributes
    ----------
    low, high : float
        Ends of the axis; a film beyond stands at its end.
    negatives, positives : float64 (BINS,)
        Share of a label's films in each bin, of the fullest bin of both, 0 to 1.
    """

    low: float
    high: float
    negatives: NDArray[np.float64]
    positives: NDArray[np.float64]

    def position(self, log_odds: float) -> float:
        """Along the axis, 0 to 1."""
        return float(np.clip((log_odds - self.low) / (self.high - self.low), 0, 1))


def ground_of(model: Classifier) -> Ground | None:
    """By the model's profile, else by its bundle's unseen hospitals; None where it has neither.

    Raises
    ------
    BundleError
        ``bad_reference``.
    """
    if (site := model.site) is not None:
        return Ground(
            site.positive, site.negative, site.negatives, site.positives, site.name, site.threshold
        )
    if (known := reference_of(model)) is None:
        return None
    return Ground(
        known.positive,
        known.negative,
        known.unseen_negatives,
        known.unseen_positives,
        like=bool(known.left_out),
    )


def standing_of(prediction: Prediction, model: Classifier) -> Standing | None:
    """Where a film's prediction lies; None where there is no ground.

    Raises
    ------
    BundleError
        ``bad_reference``.
    """
    if (ground := ground_of(model)) is None:
        return None
    odds = prediction.log_odds(ground.positive, ground.negative)
    return Standing(
        ground.positive,
        ground.negative,
        odds,
        _below(odds, ground.negatives),
        _below(odds, ground.positives),
        ground.hospital,
        ground.threshold,
        ground.like,
    )


def calls(standing: Standing | None, label: str) -> bool:
    """Whether a profile's threshold calls the film `label`, however low its probability."""
    return standing is not None and bool(standing.called) and label == standing.positive


def call_of(prediction: Prediction, standing: Standing | None) -> str:
    """The label that is called: by the threshold of a profile where there is one, and below it the
    most likely of the others; else the one with the highest score."""
    if standing is None or standing.called is None:
        return prediction.label
    if standing.called:
        return standing.positive
    others = {k: p for k, p in prediction.probabilities.items() if k != standing.positive}
    return max(others, key=lambda label: others[label])


def said_of(prediction: Prediction, standing: Standing | None, known_hospital: bool) -> str:
    """The label that a film is said to be of; "" where nothing says what a call is worth: in a
    hospital that the model does not know and that has no profile."""
    by_profile = standing is not None and standing.called is not None
    known = known_hospital and standing is None
    return call_of(prediction, standing) if by_profile or known else ""


def strip_of(ground: Ground) -> Strip | None:
    """What there is to draw; None without films."""
    films = np.concatenate([ground.negatives, ground.positives])
    if not len(films):
        return None
    marks = films if ground.threshold is None else np.append(films, ground.threshold)
    low, high = float(marks.min()), float(marks.max())
    room = max(0.05 * (high - low), 0.1)
    low, high = low - room, high + room
    sides = [
        np.histogram(side, BINS, (low, high))[0] / max(len(side), 1)
        for side in (ground.negatives, ground.positives)
    ]
    most = max(float(side.max()) for side in sides)
    return Strip(low, high, sides[0] / most, sides[1] / most)


def _below(odds: float, films: NDArray[np.floating]) -> float:
    return float((films < odds).mean()) if len(films) else float("nan")
