"""A hospital profile from a hospital's own films: a threshold, a head, or moments, whichever its
labels allow. Every figure is out of fold, by patient where patients are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SiteError
from ..metrics import delong
from ..metrics.bootstrap import Estimate
from ..model.classifier import Classifier
from ..model.reference import reference_of
from ..screening.assess import Source
from ..site_profiles import drift
from ..site_profiles.profile import Profile, named, now
from . import alignment, thresholds
from .adaptation import Labelled, adapted, labelled
from .films import SiteFilm, distinct, gather, people
from .shortcuts import shortcuts

WANTED = {"specificity": 0.7}
"""What the WHO asks of a triage test at least, beside a sensitivity of .9."""
MORE = (20, 50, 100)
"""Further films for which the widths of intervals are foretold."""
_ALONE = "a threshold on the shipped scores"


def fit(
    model: Classifier,
    films: Sequence[Source | SiteFilm],
    labels: Sequence[str],
    *,
    name: str = "My hospital",
    positive: str = "T",
    negative: str = "N",
    patients: Sequence[str] | None = None,
    wanted: Mapping[str, float] | None = None,
    share: float | None = None,
    without_outside: bool = False,
) -> Profile:
    """Fit a profile. Nothing is kept anywhere: see :func:`cxr.site_profiles.store.save`.

    From :data:`cxr.site.thresholds.LEAST` films of `negative`: a threshold. With as many of
    `positive`: a head of its own too, if it is ahead of the shipped one beyond doubt. From
    :data:`cxr.site.alignment.LEAST` patients' films without labels and a stated `share`: moments.

    Parameters
    ----------
    model : Classifier
    films : sequence of path, bytes, Radiograph, or SiteFilm
    labels : sequence of str
        One of ``model.labels`` each; "" where there is none. Films of a third label, and films
        without a label beside those with one, are left aside, and counted.
    name : str
        At most :data:`cxr.site_profiles.profile.LONGEST_NAME` characters.
    positive, negative : str
        The two labels to tell apart.
    patients : sequence of str, optional
        Each film's; "" where it is not known: then what its DICOM file says holds, see
        :func:`cxr.site.films.people`. A patient's films stay on one side of every fold.
    wanted : mapping, optional
        ``{"sensitivity": s}`` or ``{"specificity": s}``, 0 to 1; :data:`WANTED` by default.
    share : float, optional
        Of `positive` among films without labels.
    without_outside : bool
        Leave out films that the input checks call outside what the network knows. They are
        counted either way.

    Raises
    ------
    SiteError
        ``unknown_label``, ``one_label``, ``too_few_films``, ``film_twice``, ``two_labels``,
        ``films_refused``, ``bad_request``, ``other_network``, ``no_averages``, ``no_reference``.
    """
    wanted = dict(wanted or WANTED)
    _asked_well(model, films, labels, patients, wanted, share, positive, negative)
    name = named(name)
    rows = _read(model, films)
    distinct(rows, labels)
    shipped = model.at(None)
    places = [i for i, row in enumerate(rows) if not (without_outside and row.outside)]
    outside = sum(row.outside for row in rows)
    known = [i for i in places if labels[i] in (positive, negative)]
    told = [labels[i] for i in known]
    common = {"outside": outside, "left_out": len(rows) - len(places)}
    if not known:
        used = [i for i in places if not labels[i]]
        groups = people(rows, patients, used)
        none = [rows[i] for i in used]
        found = alignment.moved(shipped, none, groups, positive, negative, share)
    else:
        from threadpoolctl import threadpool_limits

        groups = people(rows, patients, known)
        data = labelled(shipped, [rows[i] for i in known], told, groups, positive, negative)
        _enough(data, positive, negative)
        # Threads that share small matrices take twenty times as long.
        with threadpool_limits(1, "blas"):
            found = _labelled_fit(shipped, data, positive, negative, wanted)
        used = known
    common["aside"] = len(places) - len(used)
    return Profile(
        name=name,
        created=now(),
        network=shipped.bundle.digest,
        preprocessing=asdict(shipped.preprocessing),
        labels=shipped.labels,
        positive=positive,
        negative=negative,
        **{**found, "report": {**common, **found["report"]}},
    )


def refuse_unknown(model: Classifier, labels: Iterable[str]) -> None:
    """Refuse labels that the model does not have; "" is none.

    Raises
    ------
    SiteError
        ``unknown_label``.
    """
    if unknown := sorted({x for x in labels if x} - set(model.labels)):
        raise SiteError(
            "unknown_label",
            f"The model has no label {', '.join(map(repr, unknown))}; it has "
            f"{', '.join(model.labels)}. Rename the labels, or leave those films out.",
        )


def _asked_well(
    model: Classifier,
    films: Sequence[object],
    labels: Sequence[str],
    patients: Sequence[str] | None,
    wanted: Mapping[str, float],
    share: float | None,
    positive: str,
    negative: str,
) -> None:
    if len(films) != len(labels) or (patients is not None and len(patients) != len(films)):
        raise SiteError("bad_request", "There must be one label, and one patient, for each film.")
    refuse_unknown(model, (positive, negative, *labels))
    if positive == negative:
        raise SiteError("bad_request", "The two labels to tell apart must differ.")
    (goal,) = wanted.items() if len(wanted) == 1 else (("", 0.0),)
    if goal[0] not in ("sensitivity", "specificity") or not 0.5 <= goal[1] <= 0.99:
        raise SiteError(
            "bad_request", "State one wanted sensitivity or specificity, from .50 to .99."
        )
    if share is not None and not 0 < share < 1:
        raise SiteError("bad_request", "The stated share of films must lie between 0 and 1.")


def _read(model: Classifier, films: Sequence[Source | SiteFilm]) -> list[SiteFilm]:
    rows: list[SiteFilm] = []
    refused: list[str] = []
    for place, given in enumerate(films):
        if isinstance(given, SiteFilm):
            if given.network not in ("", model.bundle.digest):
                raise SiteError(
                    "other_network",
                    f"Film {place + 1} was scored by another network, whose averages mean "
                    "something else. Read it by this one.",
                )
            rows.append(given)
            continue
        (row,), why = gather(model, [given])
        if row is None:
            refused.append(f"film {place + 1}: {why[0]}")
        else:
            rows.append(row)
    if refused:
        more = f" And {len(refused) - 3} more." if len(refused) > 3 else ""
        raise SiteError(
            "films_refused",
            f"{len(refused)} of {len(films)} films cannot be used; leave them out. "
            f"{' '.join(refused[:3])}{more}",
        )
    return rows


def _people(data: Labelled) -> tuple[int, int]:
    """How many patients the films of either label are of: negative, positive."""
    negatives, positives = (
        len(np.unique(data.patients[side])) for side in (~data.positive, data.positive)
    )
    return negatives, positives


def _enough(data: Labelled, positive: str, negative: str) -> None:
    least, (there, _) = thresholds.LEAST, _people(data)
    if not there:
        raise SiteError(
            "one_label",
            f"All labelled films are {positive}. A threshold needs films of {negative}, of at "
            f"least {least} patients.",
        )
    if there < least:
        raise SiteError(
            "too_few_films",
            f"There are films of {negative} of {there} patients; at least {least} are needed, and "
            f"{least} of {positive} as well for more than a threshold.",
        )


def _labelled_fit(
    model: Classifier,
    data: Labelled,
    positive: str,
    negative: str,
    wanted: Mapping[str, float],
) -> dict[str, Any]:
    ill = _people(data)[1]
    score, head, why = data.shipped, None, ""
    report: dict[str, Any] = {}
    if ill < thresholds.LEAST:
        why = f"There are films of {positive} of fewer than {thresholds.LEAST} patients: {_ALONE}."
        if "sensitivity" in wanted:
            raise SiteError(
                "too_few_films",
                f"A threshold for a sensitivity needs films of {positive} of at least "
                f"{thresholds.LEAST} patients; there are {ill}. State a specificity.",
            )
    else:
        report["shipped_area"] = _figure(delong.area(data.shipped, data.positive, data.patients))
        if model.head_weights is None:
            why = f"This network's head is not linear on averages: {_ALONE}."
        else:
            made = adapted(model, reference_of(model), data, positive, negative)
            gain = delong.gain(made.out_of_fold, data.shipped, data.positive, data.patients)
            found = delong.area(made.out_of_fold, data.positive, data.patients)
            report |= {"head_area": _figure(found), "gain": _figure(gain)}
            if gain.low > 0:
                score, head = made.out_of_fold, made.head
            else:
                by, low, high = (
                    f"{x:+.3f}".replace("-", "−").replace("0.", ".")
                    for x in (gain.value, gain.low, gain.high)
                )
                why = (
                    "A head of this hospital's own is not ahead of the shipped one beyond doubt "
                    f"(AUROC {by}, {low} to {high}): {_ALONE}."
                )
        report["shortcuts"] = [
            {
                "what": each.what,
                "area": _figure(each.area),
                "behind": _figure(each.behind),
                "trips": each.trips,
            }
            for each in shortcuts(
                data.films,
                data.positive,
                data.patients,
                data.shipped if model.head_weights is None else made.out_of_fold,
            )
        ]
    threshold = thresholds.threshold_for(score, data.positive, wanted)
    called = thresholds.out_of_fold_calls(score, data.positive, data.patients, wanted)
    sides: dict[str, tuple[int, float]] = {}
    for figure, side in (("sensitivity", data.positive), ("specificity", ~data.positive)):
        if side.any():
            right = called[side] == data.positive[side]
            report[figure] = _figure(thresholds.share_of(right, data.patients[side]))
            sides[figure] = int(side.sum()), thresholds.independent(data.patients[side])
    area = report.get("head_area" if head else "shipped_area")
    independent = {figure: worth for figure, (_, worth) in sides.items()}
    report |= {"why": why, "independent": independent, "more": _more(report, sides, area)}
    return {
        "kind": "head" if head else "threshold",
        "threshold": threshold,
        "wanted": {key: float(value) for key, value in wanted.items()},
        "films": {
            negative: int((~data.positive).sum()),
            positive: int(data.positive.sum()),
        },
        "report": report,
        "seen": _seen(model, data, score),
        "negatives": np.sort(score[~data.positive]).astype(np.float32),
        "positives": np.sort(score[data.positive]).astype(np.float32),
        "head": head,
    }


def _seen(model: Classifier, data: Labelled, score: NDArray[np.float64]) -> drift.Rows:
    """Negatives first."""
    order = np.argsort(data.positive, kind="stable")
    return drift.numbers(model, data.averages[order], score[order])


def _more(
    report: Mapping[str, Any],
    sides: Mapping[str, tuple[int, float]],
    area: Mapping[str, float] | None,
) -> list[dict[str, float]]:
    """How wide intervals would be of more films of each label, each another patient's, were the
    figures the same. `sides`: figure → its films, and what they are worth."""
    found = []
    for extra in MORE:
        line: dict[str, float] = {"films": float(extra)}
        for figure, side in sides.items():
            then = thresholds.with_more(*side, extra)
            line[figure] = thresholds.width(report[figure]["value"], then)
        if area is not None:
            films, fewest = min(sides.values(), key=lambda side: side[1])
            shrink = float(np.sqrt(fewest / thresholds.with_more(films, fewest, extra)))
            line["area"] = (area["high"] - area["low"]) * shrink
        found.append(line)
    return found


def _figure(found: Estimate) -> dict[str, float]:
    return {"value": found.value, "low": found.low, "high": found.high}
