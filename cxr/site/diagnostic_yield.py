"""What a threshold of a profile does at a hospital: found, missed, tests and their cost, and how it
differs from group to group. After the tool for calibrating CAD that WHO and TDR publish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import isnan

import numpy as np
from numpy.typing import NDArray

from ..metrics import operating_points as op
from ..metrics.bootstrap import Estimate
from ..model.classifier import Classifier
from ..model.reference import reference_of
from ..site_profiles.profile import Profile
from . import thresholds
from .adaptation import adapted, labelled
from .films import SiteFilm, people

STEP = 0.1
"""Between two thresholds to try, in log-odds."""
MOST_GROUPS = 6
"""Values of a column up to which it parts the films into groups."""
_OLD = 55.0


@dataclass(frozen=True)
class Yield:
    """A threshold, and what follows if its figures hold.

    Attributes
    ----------
    sensitivity, specificity : Estimate
        NaN without films of that side.
    of_thousand, worst, best : PerThousand
        Each call leads to one confirmatory test; worst and best are with both figures at the ends
        of their intervals.
    cost, cost_per_found : float
        Of the tests on 1,000 films, and of them for each film of the positive label that is found;
        NaN where it cannot be told.
    """

    sensitivity: Estimate
    specificity: Estimate
    of_thousand: op.PerThousand
    worst: op.PerThousand
    best: op.PerThousand
    cost: float
    cost_per_found: float


def scored(profile: Profile) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Its films' log-odds out of fold, and which are of the positive label."""
    score = np.r_[profile.negatives, profile.positives].astype(np.float64)
    return score, np.arange(len(score)) >= len(profile.negatives)


def tried(profile: Profile) -> list[float]:
    """Thresholds to choose from: the profile's own among steps from its lowest film to its
    highest, rising."""
    score, _ = scored(profile)
    low, high = np.floor(score.min() / STEP), np.ceil(score.max() / STEP) + 1
    steps = (float(x) for x in np.round(np.arange(low, high + 1) * STEP, 6))
    return sorted({*steps, profile.threshold})


def rates(profile: Profile, threshold: float) -> tuple[Estimate, Estimate]:
    """Sensitivity and specificity. At the profile's own threshold as they were measured when it was
    fitted, with thresholds that other films chose; at another by counting its films."""
    if threshold == profile.threshold:
        figures = [profile.report.get(name) for name in ("sensitivity", "specificity")]
        return _estimate(figures[0]), _estimate(figures[1])
    point = op.at_threshold(*scored(profile), threshold)
    counts = {
        "sensitivity": (point.found, point.found + point.missed),
        "specificity": (point.passed, point.passed + point.alarms),
    }
    worth = independent(profile)
    sensitivity, specificity = (
        thresholds.share(part, whole, worth[figure]) for figure, (part, whole) in counts.items()
    )
    return sensitivity, specificity


def independent(profile: Profile) -> dict[str, float]:
    """How many films its two figures rest on, see :func:`cxr.site.thresholds.independent`."""
    return {**_films(profile), **profile.report.get("independent", {})}


def _films(profile: Profile) -> dict[str, int]:
    return {"sensitivity": len(profile.positives), "specificity": len(profile.negatives)}


def _estimate(figure: Mapping[str, float] | None) -> Estimate:
    return Estimate(**figure) if figure else Estimate(float("nan"), float("nan"), float("nan"))


def at_threshold(profile: Profile, threshold: float, prevalence: float, test: float) -> Yield:
    """
    Parameters
    ----------
    profile : Profile
    threshold : float
    prevalence : float, 0 to 1
    test : float
        Cost of one confirmatory test.
    """
    return expected_of(*rates(profile, threshold), prevalence, test)


def expected_of(
    sensitivity: Estimate, specificity: Estimate, prevalence: float, test: float
) -> Yield:
    """What follows from the figures of a threshold; see :func:`at_threshold`."""
    expected, worst, best = (
        op.per_thousand(*ends, prevalence)
        for ends in (
            (sensitivity.value, specificity.value),
            (sensitivity.low, specificity.low),
            (sensitivity.high, specificity.high),
        )
    )
    cost = test * expected.called
    found = 1000 * prevalence * sensitivity.value
    per_found = cost / found if found > 0 else float("nan")
    return Yield(sensitivity, specificity, expected, worst, best, cost, per_found)


def moved(profile: Profile, threshold: float) -> Profile:
    """The profile with another threshold, and the figures that it has there."""
    if threshold == profile.threshold:
        return profile
    figures = dict(zip(("sensitivity", "specificity"), rates(profile, threshold), strict=True))
    known = {name: asdict(found) for name, found in figures.items() if not isnan(found.value)}
    worth, films = independent(profile), _films(profile)
    more = [
        {
            **line,
            **{
                name: thresholds.width(
                    found["value"],
                    thresholds.with_more(films[name], worth[name], int(line["films"])),
                )
                for name, found in known.items()
            },
        }
        for line in profile.report["more"]
    ]
    report = {**profile.report, **known, "more": more}
    return replace(profile, threshold=threshold, wanted={"threshold": threshold}, report=report)


def film_scores(
    model: Classifier,
    profile: Profile,
    films: Sequence[SiteFilm],
    labels: Sequence[str],
    patients: Sequence[str],
) -> NDArray[np.float64]:
    """Each film's log-odds out of fold, which the profile keeps without saying whose they are.

    Parameters
    ----------
    profile : Profile
    films, labels, patients
        Just what it was fitted with.

    Returns
    -------
    float64 (n,)
        NaN for films that it does not rest on.
    """
    pair = profile.positive, profile.negative
    left_out = bool(profile.report["left_out"])
    known = [
        place
        for place, film in enumerate(films)
        if labels[place] in pair and not (left_out and film.outside)
    ]
    groups = people(films, patients, known)
    data = labelled(
        model.at(None), [films[i] for i in known], [labels[i] for i in known], groups, *pair
    )
    found = np.full(len(films), np.nan)
    if profile.kind == "threshold":
        found[known] = data.shipped
        return found
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):
        found[known] = adapted(model.at(None), reference_of(model), data, *pair).out_of_fold
    return found


@dataclass(frozen=True)
class Group:
    """Films that a column parts off.

    Attributes
    ----------
    column, value : str
    negatives, positives : int
    sensitivity, specificity : Estimate
        By counting, at the threshold that was asked for.
    """

    column: str
    value: str
    negatives: int
    positives: int
    sensitivity: Estimate
    specificity: Estimate


def groups(
    score: NDArray[np.floating],
    positive: NDArray[np.bool_],
    patients: NDArray[np.integer],
    columns: Mapping[str, Sequence[str]],
    threshold: float,
) -> list[Group]:
    """The figures by group, for each column that parts the films into a few.

    Parameters
    ----------
    patients : int (n,)
        See :func:`cxr.site.films.people`.
    columns : mapping
        Column → each film's value; "" where there is none. Ages are parted at 55.
    """
    found = []
    for column, values in columns.items():
        told = np.array(_ages(values) if column.startswith("age") else list(values))
        kinds = sorted({str(value) for value in told if value})
        if not 1 < len(kinds) <= MOST_GROUPS:
            continue
        for kind in kinds:
            there = told == kind
            ill, well = there & positive, there & ~positive
            called = score >= threshold
            found.append(
                Group(
                    column,
                    kind,
                    int(well.sum()),
                    int(ill.sum()),
                    thresholds.share_of(called[ill], patients[ill]),
                    thresholds.share_of(~called[well], patients[well]),
                )
            )
    return found


def _ages(values: Sequence[str]) -> list[str]:
    """Ages as "55 or under" and "over 55"; what is no number stays as it is."""
    parted = []
    for value in values:
        try:
            age = float(value.upper().removesuffix("Y").replace(",", "."))
        except ValueError:
            parted.append(value)
            continue
        said = f"over {_OLD:g}" if age > _OLD else f"{_OLD:g} or under"
        parted.append("" if isnan(age) else said)
    return parted
