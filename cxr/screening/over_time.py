"""Scores of one patient's films, one after the other, and whether they differ by more than noise.

Noise is what small turns, shifts, crops, other greys and JPEG do to the same film
(:mod:`cxr.explain_eval.stability`): two exposures of a patient in whom nothing has changed differ
by as much, and a difference below it says nothing of the patient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..explain_eval.stability import Stability
from ..model.site_head import log_odds

NORMAL = "N"


def heights(probabilities: Mapping[str, float]) -> dict[str, float]:
    """How high a film lies, as log-odds, by what is told: everything but N against N, then each
    other label against N; where no label is N, each label against the rest.

    Parameters
    ----------
    probabilities : mapping
        Label → calibrated probability.
    """
    if NORMAL in probabilities:
        told = {"Abnormal": -_against_rest(probabilities, NORMAL)}
        others = [label for label in probabilities if label != NORMAL]
        return told | {f"{x} : {NORMAL}": log_odds(probabilities, x, NORMAL) for x in others}
    return {label: _against_rest(probabilities, label) for label in probabilities}


def _against_rest(probabilities: Mapping[str, float], label: str) -> float:
    rest = sum(p for other, p in probabilities.items() if other != label)
    return log_odds({"label": probabilities[label], "rest": rest}, "label", "rest")


def noise(found: Stability) -> dict[str, float]:
    """The most that any change which means nothing moves each of a film's :func:`heights`."""
    base = heights(found.base)
    moved = [heights(each) for each in found.changed.values()]
    return {name: max(abs(each[name] - at) for each in moved) for name, at in base.items()}


@dataclass(frozen=True)
class ScoreChange:
    """From one film to the next.

    Attributes
    ----------
    change : float
        Of the log-odds, later minus earlier.
    noise : float
        The larger of what noise does to either film.
    """

    change: float
    noise: float

    @property
    def more(self) -> bool:
        """Whether it is more than noise moves it."""
        return abs(self.change) > self.noise


def differences(
    before: tuple[Mapping[str, float], Mapping[str, float]],
    after: tuple[Mapping[str, float], Mapping[str, float]],
) -> dict[str, ScoreChange]:
    """What differs from an earlier film to a later one, for each of :func:`heights`.

    Parameters
    ----------
    before, after : (mapping, mapping)
        A film's heights and its :func:`noise`.
    """
    return {
        name: ScoreChange(height - before[0][name], max(after[1][name], before[1][name]))
        for name, height in after[0].items()
    }
