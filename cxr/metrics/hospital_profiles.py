"""What hospital profiles are worth at hospitals that a network never learnt from, as its bundle
keeps it: ``hospitals.json``, written by ``python -m train hospitals``, holds for one network."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from ..errors import BundleError
from ..model.bundle import Bundle
from .bootstrap import Estimate

FILE = "hospitals.json"
TOLERANCE = 0.08
"""How far a specificity may be from the one that was asked for, to count as met."""


@dataclass(frozen=True)
class Limit:
    """Thresholds on the shipped scores, from films of the negative label alone.

    Attributes
    ----------
    films, draws : int
        Films learnt from, and how often so many were drawn.
    specificity : Estimate
        Of the other films: the median, and where nine draws of ten lie.
    met : float
        Share of draws whose specificity is within :data:`TOLERANCE` of the one that was asked for.
    held : float or None
        Share of draws whose profile reports an interval that holds it; None where an earlier
        version measured.
    """

    films: int
    draws: int
    specificity: Estimate
    met: float
    held: float | None


@dataclass(frozen=True)
class Alone(Limit):
    """The same where there are positive films too.

    Attributes
    ----------
    sensitivity : Estimate
    """

    sensitivity: Estimate


@dataclass(frozen=True)
class CurvePoint(Alone):
    """Profiles from `films` films of each label; their shares are at the threshold of a head of
    the hospital's own where that is offered, else of the shipped scores.

    Attributes
    ----------
    head : Estimate
        AUROC of a head of the hospital's own, offered or not.
    least_gain : float
        Of that head over the shipped one, in the worst draw.
    offered : float
        Share of draws in which the head is offered.
    """

    head: Estimate
    least_gain: float
    offered: float


@dataclass(frozen=True)
class Unlabelled:
    """Averages moved by `films` films without labels, at a share of the positive label that was
    stated.

    Attributes
    ----------
    films, draws : int
    share, stated : float
        Of the positive label among the hospital's films, and as it was stated.
    area, sensitivity, specificity : Estimate
        Of the other films, called by the higher score: the median, and where nine draws of ten lie.
    """

    films: int
    draws: int
    share: float
    stated: float
    area: Estimate
    sensitivity: Estimate
    specificity: Estimate


@dataclass(frozen=True)
class Crude:
    """What a crude look at the films tells: its AUROC, and whether that is about the network's."""

    what: str
    area: float
    trips: bool


@dataclass(frozen=True)
class Hospital:
    """One that was never learnt from.

    Attributes
    ----------
    name : str
        As the manifest calls its source.
    negatives, positives : int
        Films.
    area, sensitivity, specificity : float
        As shipped, of all its films; called by the higher score of the two labels.
    crude : tuple of Crude
    alone : tuple of Alone
    steps : tuple of CurvePoint
        By rising number of films; one at least.
    unlabelled : tuple of Unlabelled
        By rising share that was stated; none where it was not measured.
    """

    name: str
    negatives: int
    positives: int
    area: float
    sensitivity: float
    specificity: float
    crude: tuple[Crude, ...]
    alone: tuple[Alone, ...]
    steps: tuple[CurvePoint, ...]
    unlabelled: tuple[Unlabelled, ...]


@dataclass(frozen=True)
class HeldOutHospital:
    """A hospital that the network learnt from, as another network saw it that was kept from it.

    Attributes
    ----------
    hospital : Hospital
    by : str
        The other network's sha256, 64 hexadecimal digits.
    """

    hospital: Hospital
    by: str


@dataclass(frozen=True)
class OneLabel:
    """A hospital that was never learnt from and lacks one of the two labels, or both.

    Attributes
    ----------
    name : str
    films : mapping
        Label → films.
    called : mapping
        Label → share of them that is called positive as shipped.
    alone : tuple of Limit
        Thresholds from its own films of the negative label; none where it has too few.
    """

    name: str
    films: Mapping[str, int]
    called: Mapping[str, float]
    alone: tuple[Limit, ...]


@dataclass(frozen=True)
class HospitalFigures:
    """What the bundle keeps.

    Attributes
    ----------
    negative, positive : str
        Labels.
    wanted : float
        The specificity that was asked for.
    hospitals : tuple of Hospital
    one_label : tuple of OneLabel
    left_out : tuple of HeldOutHospital
    """

    negative: str
    positive: str
    wanted: float
    hospitals: tuple[Hospital, ...]
    one_label: tuple[OneLabel, ...]
    left_out: tuple[HeldOutHospital, ...]


def load(bundle: Bundle) -> HospitalFigures | None:
    """That of a checked bundle; None if it has none.

    Raises
    ------
    BundleError
        ``bad_hospitals``: it is another network's, or not what it should be.
    """
    path = bundle.folder / FILE
    if not path.is_file():
        return None
    try:
        return _found(json.loads(path.read_text(encoding="utf-8")), bundle)
    except (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError) as error:
        why = f"it lacks {error}" if isinstance(error, KeyError) else error
        raise BundleError(
            "bad_hospitals",
            f"The bundle's {FILE} cannot be used: {why}. Make it again with: "
            "python -m train hospitals --data DIR --out models/NAME --at HOSPITALS",
        ) from error


def _found(text: Any, bundle: Bundle) -> HospitalFigures:
    if text["network"] != bundle.digest:
        raise ValueError("it was made for another network or version")
    left_out = text.get("left_out", {})
    pairs = {tuple(each["films"]) for each in (*text["hospitals"].values(), *left_out.values())}
    if len(pairs) != 1:
        raise ValueError("it does not hold one pair of labels for all hospitals")
    (pair,) = pairs
    if len(pair) != 2 or not set(pair) <= set(bundle.labels):
        raise ValueError("labels that the network does not have")
    hospitals = tuple(_hospital(name, each, *pair) for name, each in text["hospitals"].items())
    others = tuple(_one_label(name, each) for name, each in text.get("one_label", {}).items())
    elsewhere = tuple(_left_out(name, each, *pair) for name, each in left_out.items())
    return HospitalFigures(
        *pair, _share(text["wanted"]["specificity"]), hospitals, others, elsewhere
    )


def _left_out(name: str, text: Mapping[str, Any], negative: str, positive: str) -> HeldOutHospital:
    if not re.fullmatch("[0-9a-f]{64}", text["network"]):
        raise ValueError("a network is named by no sha256")
    return HeldOutHospital(_hospital(name, text, negative, positive), text["network"])


def _one_label(name: str, text: Mapping[str, Any]) -> OneLabel:
    films = {str(label): _count(n) for label, n in text["films"].items()}
    return OneLabel(
        name,
        films,
        {label: _share(text["called"][label]) for label in films},
        tuple(Limit(**_limit(each)) for each in text["threshold_alone"]),
    )


def _hospital(name: str, text: Mapping[str, Any], negative: str, positive: str) -> Hospital:
    steps = tuple(_step(each) for each in text["steps"])
    numbers = [step.films for step in steps]
    if not numbers or numbers != sorted(set(numbers)):
        raise ValueError("numbers of films do not rise")
    shipped = {key: _share(text["shipped"][key]) for key in ("area", "sensitivity", "specificity")}
    return Hospital(
        name=name,
        negatives=_count(text["films"][negative]),
        positives=_count(text["films"][positive]),
        crude=tuple(
            Crude(what, _share(each["area"]), each["trips"] is True)
            for what, each in text["shortcuts"].items()
        ),
        alone=tuple(Alone(**_of_draws(each)) for each in text["threshold_alone"]),
        steps=steps,
        unlabelled=tuple(_unlabelled(each) for each in text.get("unlabelled", ())),
        **shipped,
    )


def _unlabelled(text: Mapping[str, Any]) -> Unlabelled:
    return Unlabelled(
        _count(text["films"]),
        _count(text["draws"]),
        _share(text["share"]),
        _share(text["stated"]),
        *(_band(text[name]) for name in ("area", "sensitivity", "specificity")),
    )


def _step(text: Mapping[str, Any]) -> CurvePoint:
    return CurvePoint(
        **_of_draws(text),
        head=_band(text["head"]),
        least_gain=_share(text["worst_gain"], -1),
        offered=_share(text["offered"]),
    )


def _of_draws(text: Mapping[str, Any]) -> dict[str, Any]:
    return {**_limit(text), "sensitivity": _band(text["sensitivity"])}


def _limit(text: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "films": _count(text["films"]),
        "draws": _count(text["draws"]),
        "specificity": _band(text["specificity"]),
        "met": _share(text["met"]),
        "held": _share(text["held"]) if "held" in text else None,
    }


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{value!r} is no number of films or draws")
    return value


def _share(value: Any, least: float = 0) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value):
        raise ValueError(f"{value!r} is no figure")
    if not least <= value <= 1:
        raise ValueError(f"{value!r} is not between {least:g} and 1")
    return float(value)


def _band(text: Mapping[str, Any]) -> Estimate:
    found = Estimate(*(_share(text[end]) for end in ("value", "low", "high")))
    if not found.low <= found.value <= found.high:
        raise ValueError("a median lies outside its band")
    return found
