"""A film's passport: what it is, as far as can be told, before any score of it is believed.

Each finding is a score in a stated unit against a limit that was fitted on ``train`` and ``val``
(:mod:`cxr.input_checks.fitted`). A film that shows no chest is refused; every other finding is said
with the scores, and nothing is changed in the film. :data:`CHECKS` says what is done about each.
Limits are fitted in ``train.evaluation``; what cannot be read at all is refused in ``cxr.imaging``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import NotARadiograph
from ..imaging.preprocessing import preprocess, reduce_film
from ..imaging.radiograph import Radiograph
from ..model import lungs
from ..model.lungs import LungFinder
from . import measures
from .fitted import Fitted, limits_of, load, roots

__all__ = [
    "CODES",
    "Finding",
    "Fitted",
    "Passport",
    "inspect",
    "limits_of",
    "load",
    "refuse",
    "scores",
    "written",
]

LONGER_SIDE = 256
"""Pixels of a film when it is measured: what the films of train have."""
ADULT = 18
"""Years."""
_SAID = "the film is scored as it is"


@dataclass(frozen=True)
class Check:
    """How a finding is said.

    Attributes
    ----------
    unit : str
        Of score and limit.
    score : str
        How the score is written, its place marked by {}.
    means : str
        What is said of a film that is flagged.
    below : bool
        Flagged below the limit, else above it.
    done : str
        What is done about a film that is flagged.
    """

    unit: str
    score: str
    means: str
    below: bool = False
    done: str = _SAID


_DISTANCE = "distance {}"
_PROBABILITY = "probability {}"
CHECKS = {
    "not_chest": Check("0 to 1", "lungs found {}", "No lungs are found", True, "refused"),
    "outside": Check(
        "no unit",
        _DISTANCE,
        "Outside what this model knows",
        done="this stands before its scores, which are muted",
    ),
    "child": Check("probability", _PROBABILITY, "A small child, it seems"),
    "inverted": Check(
        "probability",
        _PROBABILITY,
        "Black and white seem exchanged",
        done="the film is scored as it is: exchanged back, faint negatives scored worse",
    ),
    "noisy": Check("grey levels", "{} grey levels of noise", "Noisier than the films it knows"),
    "burnt_in_text": Check("% of the film", "{} % of the film", "Text or marks are burnt in"),
    "rotated": Check("degrees", "{} degrees", "Turned"),
    "cropped": Check("probability", _PROBABILITY, "Part of the lungs seems cut off"),
    "under_exposed": Check("grey level", "mean grey level {}", "Lighter than the films it knows"),
    "over_exposed": Check(
        "grey level", "mean grey level {}", "Darker than the films it knows", True
    ),
    "too_small": Check("pixels", "{} pixels long", "Smaller than the films it knows", True),
    "known_film": Check("bits", "{} bits apart", "A film that the model learnt from", True),
}
CODES = tuple(CHECKS)


@dataclass(frozen=True)
class Finding:
    """One check of one film.

    Attributes
    ----------
    code : str
        One of :data:`CODES`.
    score, limit : float
        In the unit of ``CHECKS[code]``.
    """

    code: str
    score: float
    limit: float

    @property
    def flagged(self) -> bool:
        below = CHECKS[self.code].below
        return self.score < self.limit if below else self.score > self.limit

    @property
    def measured(self) -> str:
        """Such as "12.3 grey levels of noise, limit 2.1"."""
        return f"{CHECKS[self.code].score.format(written(self.score))}, limit {written(self.limit)}"

    @property
    def said(self) -> str:
        """A sentence of a film that is flagged: what that means, and what was measured."""
        return f"{CHECKS[self.code].means}: {self.measured}."

    @property
    def done(self) -> str:
        """What is done about it; "" where nothing is flagged."""
        return CHECKS[self.code].done if self.flagged else ""


def written(value: float) -> str:
    """Three digits, as in ``.991``, ``6.51`` and ``194``."""
    return f"{value:.3g}".removeprefix("0") if 0 < value < 1 else f"{value:.3g}"


@dataclass(frozen=True)
class Passport:
    """What was found.

    Attributes
    ----------
    findings : tuple of Finding
        Everything that was measured, flagged or not, in the order of :data:`CODES`.
    unchecked : tuple of str
        What could not be checked and why, as sentences.
    """

    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...] = ()

    @property
    def flagged(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.flagged)

    @property
    def flags(self) -> tuple[str, ...]:
        """The codes of what is flagged."""
        return tuple(each.code for each in self.flagged)

    @property
    def outside(self) -> bool:
        """Whether no score of this film is to be relied on."""
        return "outside" in self.flags

    @property
    def before_scores(self) -> tuple[str, ...]:
        """What is said before any score, as sentences: that the film is outside, else nothing."""
        return tuple(each.said for each in self.flagged if each.code == "outside")


def inspect(
    film: Radiograph,
    features: NDArray[np.floating] | None,
    fitted: Fitted | None,
    finder: LungFinder | None,
) -> Passport:
    """Check one film.

    Parameters
    ----------
    film : Radiograph
    features : float (h, w, K) or None
        The network's last feature maps of the film, as a prediction holds them.
    fitted : Fitted or None
        Of the same network; without it all that is checked is whether the film shows a chest.
    finder : LungFinder or None
        Without it nothing that needs the lungs is.
    """
    if fitted is None:
        return _chest_alone(film, finder)
    averages = None if features is None else features.mean((0, 1))
    found = scores(film.eight_bit, averages, fitted, finder)
    limits = dict(fitted.limits)
    unchecked = []
    if finder is None:
        unchecked.append(
            "Not checked, as the network that finds lungs is missing: whether the film shows a "
            "chest, is turned or cut off."
        )
    else:
        limits["not_chest"] = _least_presence(finder)
    if averages is None or not len(fitted.mean):
        unchecked.append(
            "Not checked, as this network has no feature maps: whether the film is outside what "
            "it knows, and whether it shows a child."
        )
    if film.age_years is not None:
        found["child"], limits["child"] = float(film.age_years < ADULT), 0.5
    found_codes = [code for code in CODES if code in found]
    return Passport(
        tuple(Finding(code, found[code], limits[code]) for code in found_codes), tuple(unchecked)
    )


def scores(
    film: measures.Film,
    averages: NDArray[np.floating] | None,
    fitted: Fitted,
    finder: LungFinder | None,
) -> dict[str, float]:
    """What one film measures, by code: the scores of :func:`inspect`, without limits.

    Parameters
    ----------
    film : uint8 (height, width)
    averages : float (K,) or None
        Of the network's last feature maps; without them, as without `finder`, what needs them is
        left out.
    """
    small = reduce_film(film, LONGER_SIDE)
    found = film_scores(small, fitted) | {"too_small": float(max(film.shape))}
    if finder is not None:
        square = preprocess(small, finder.bundle.preprocessing)
        found |= lung_scores(finder.square(square), fitted)
    if averages is not None and len(fitted.mean):
        found |= feature_scores(averages, fitted)
    return found


def _chest_alone(film: Radiograph, finder: LungFinder | None) -> Passport:
    """For a network without a passport of its own."""
    why = ("No input checks were fitted for this model.",)
    if finder is None:
        return Passport((), why)
    presence = lungs.presence(finder.find(film))
    return Passport((Finding("not_chest", presence, _least_presence(finder)),), why)


def _least_presence(finder: LungFinder) -> float:
    return float(finder.bundle.operating_points["lung"]["threshold"])


def film_scores(small: measures.Film, fitted: Fitted) -> dict[str, float]:
    """Scores by code of what the film alone tells; `small` has 256 pixels at most."""
    light = measures.brightness(small)
    apart = measures.bits_apart(fitted.known, measures.fingerprint(small))
    return {
        "inverted": fitted.probability("inverted", measures.thumbnail(small)),
        "noisy": measures.grain(small),
        "burnt_in_text": measures.strokes(small),
        "under_exposed": light,
        "over_exposed": light,
        "known_film": float(apart.min(initial=measures.BITS)),
    }


def lung_scores(probability: lungs.Probability, fitted: Fitted) -> dict[str, float]:
    """Scores by code of what the map of the lungs tells."""
    grid = measures.lung_grid(probability)
    return {
        "not_chest": lungs.presence(probability),
        "rotated": abs(fitted.line("rotated", grid)),
        "cropped": fitted.probability("cropped", grid),
    }


def feature_scores(averages: NDArray[np.floating], fitted: Fitted) -> dict[str, float]:
    """Scores by code of what the network's averaged feature maps, (K,), tell."""
    return {
        "outside": float(fitted.distance(averages[None])[0]),
        "child": fitted.probability("child", roots(averages)),
    }


def refuse(passport: Passport) -> None:
    """Refuse a film that shows no chest.

    Raises
    ------
    NotARadiograph
        ``not_chest``, with the score.
    """
    if "not_chest" not in passport.flags:
        return
    found = {each.code: each for each in passport.findings}
    distance = f"; {found['outside'].measured}" if "outside" in found else ""
    raise NotARadiograph(
        "not_chest",
        "No lungs of a frontal chest film are found in this picture "
        f"({found['not_chest'].score:.3f} of the {found['not_chest'].limit:.3f} asked for"
        f"{distance}). Bring a chest film upright and whole.",
    )
