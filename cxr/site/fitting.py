"""A hospital profile from a hospital's own films: a threshold, a head, or moments, whichever its
labels allow. Every figure is out of fold, by patient where patients are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SiteError
from ..metrics import curves
from ..metrics.bootstrap import Estimate, draw, estimate
from ..model.classifier import Classifier
from ..model.reference import Reference, reference_of
from ..model.site_head import SiteHead
from ..screening.assess import Source
from . import alignment, ridge, thresholds
from .films import Film, distinct, gather
from .heads import WAYS, Values, bias_of
from .profile import LONGEST_NAME, Profile
from .shortcuts import shortcuts

WANTED = {"specificity": 0.7}
"""What the WHO asks of a triage test at least, beside a sensitivity of .9."""
MORE = (20, 50, 100)
"""Further films for which the widths of intervals are foretold."""
_ALONE = "a threshold on the shipped scores"


@dataclass(frozen=True, eq=False)
class Labelled:
    """Films of the two labels, and what the shipped network says of them.

    Attributes
    ----------
    films : list of Film
    averages : float32 (n, K)
    shipped : float64 (n,)
        Log-odds as shipped.
    positive : bool (n,)
    patients : int (n,)
    """

    films: list[Film]
    averages: NDArray[np.float32]
    shipped: NDArray[np.float64]
    positive: NDArray[np.bool_]
    patients: NDArray[np.int64]


def fit(
    model: Classifier,
    films: Sequence[Source | Film],
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
    """Fit a profile. Nothing is kept anywhere: see :func:`cxr.site.store.save`.

    From :data:`cxr.site.thresholds.LEAST` films of `negative`: a threshold. With as many of
    `positive`: a head of its own too, if it is ahead of the shipped one beyond doubt. From
    :data:`cxr.site.alignment.LEAST` films without labels and a stated `share`: moments.

    Parameters
    ----------
    model : Classifier
    films : sequence of path, bytes, Radiograph, or Film
    labels : sequence of str
        One of ``model.labels`` each; "" where there is none. Films of a third label, and films
        without a label beside those with one, are left aside, and counted.
    name : str
        At most :data:`cxr.site.profile.LONGEST_NAME` characters.
    positive, negative : str
        The two labels to tell apart.
    patients : sequence of str, optional
        Each film's; "" where it is not known. A patient's films stay on one side of every fold.
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
        ``films_refused``, ``bad_request``, ``no_averages``, ``no_reference``.
    """
    wanted = dict(wanted or WANTED)
    _asked_well(model, films, labels, patients, wanted, share, positive, negative, name)
    rows = _read(model, films)
    distinct(rows, labels)
    shipped = model.at(None)
    places = [i for i, row in enumerate(rows) if not (without_outside and row.outside)]
    outside = sum(row.outside for row in rows)
    known = [i for i in places if labels[i] in (positive, negative)]
    told = [labels[i] for i in known]
    numbers = {positive: told.count(positive), negative: told.count(negative)}
    common = {"outside": outside, "left_out": len(rows) - len(places)}
    if not known:
        found = _unlabelled(shipped, [rows[i] for i in places], positive, negative, share)
        common["aside"] = 0
    else:
        _enough(numbers, positive, negative)
        from threadpoolctl import threadpool_limits

        groups = np.unique(
            [(patients[i] if patients and patients[i] else f"film {i}") for i in known],
            return_inverse=True,
        )[1]
        data = labelled(shipped, [rows[i] for i in known], told, groups, positive, negative)
        with threadpool_limits(
            1, "blas"
        ):  # twenty times the work where threads share small matrices
            found = _labelled_fit(shipped, data, positive, negative, wanted)
        common["aside"] = len(places) - len(known)
    return Profile(
        name=name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        network=shipped.bundle.digest,
        preprocessing=asdict(shipped.preprocessing),
        labels=shipped.labels,
        positive=positive,
        negative=negative,
        seen=np.zeros((0, 0), np.float32),
        **{**found, "report": {**common, **found["report"]}},
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
    name: str,
) -> None:
    if len(films) != len(labels) or (patients is not None and len(patients) != len(films)):
        raise SiteError("bad_request", "There must be one label, and one patient, for each film.")
    if unknown := sorted({x for x in (positive, negative, *labels) if x} - set(model.labels)):
        raise SiteError(
            "unknown_label",
            f"The model has no label {', '.join(map(repr, unknown))}; it has "
            f"{', '.join(model.labels)}. Rename the labels, or leave those films out.",
        )
    if positive == negative:
        raise SiteError("bad_request", "The two labels to tell apart must differ.")
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise SiteError(
            "bad_request", f"A profile needs a name of 1 to {LONGEST_NAME} printable characters."
        )
    (goal,) = wanted.items() if len(wanted) == 1 else (("", 0.0),)
    if goal[0] not in ("sensitivity", "specificity") or not 0.5 <= goal[1] <= 0.99:
        raise SiteError(
            "bad_request", "State one wanted sensitivity or specificity, from .50 to .99."
        )
    if share is not None and not 0 < share < 1:
        raise SiteError("bad_request", "The stated share of films must lie between 0 and 1.")


def _read(model: Classifier, films: Sequence[Source | Film]) -> list[Film]:
    rows: list[Film] = []
    refused: list[str] = []
    for place, given in enumerate(films):
        if isinstance(given, Film):
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


def _enough(numbers: Mapping[str, int], positive: str, negative: str) -> None:
    least = thresholds.LEAST
    if not numbers[negative]:
        raise SiteError(
            "one_label",
            f"All labelled films are {positive}. A threshold needs films of {negative}, at least "
            f"{least}.",
        )
    if numbers[negative] < least:
        raise SiteError(
            "too_few_films",
            f"There are {numbers[negative]} films of {negative}; at least {least} are needed, and "
            f"{least} of {positive} as well for more than a threshold.",
        )


def labelled(
    model: Classifier,
    films: list[Film],
    labels: list[str],
    groups: NDArray[np.integer],
    positive: str,
    negative: str,
) -> Labelled:
    """Put films of the two labels together; `groups`, int (n,), numbers their patients."""
    logits = np.stack([film.logits for film in films]).astype(np.float64)
    first, second = model.labels.index(positive), model.labels.index(negative)
    return Labelled(
        films,
        np.stack([film.averages for film in films]),
        (logits[:, first] - logits[:, second]) / model.bundle.temperature,
        np.array([label == positive for label in labels]),
        groups.astype(np.int64),
    )


def _labelled_fit(
    model: Classifier,
    data: Labelled,
    positive: str,
    negative: str,
    wanted: Mapping[str, float],
) -> dict[str, Any]:
    people = [len(np.unique(data.patients[side])) for side in (data.positive, ~data.positive)]
    score, head, why = data.shipped, None, ""
    report: dict[str, Any] = {}
    if min(people) < thresholds.LEAST:
        why = f"There are fewer than {thresholds.LEAST} films of {positive}: {_ALONE}."
        if "sensitivity" in wanted:
            raise SiteError(
                "too_few_films",
                f"A threshold for a sensitivity needs films of {positive} of at least "
                f"{thresholds.LEAST} patients; there are {people[0]}. State a specificity.",
            )
    else:
        report["shipped_area"] = _figure(area_of(data.shipped, data.positive, data.patients))
        if model.head_weights is None:
            why = f"This network's head is not linear on averages: {_ALONE}."
        else:
            made = adapted(model, reference_of(model), data, positive, negative)
            gain = gain_of(made.out_of_fold, data.shipped, data.positive, data.patients)
            found = area_of(made.out_of_fold, data.positive, data.patients)
            report |= {"head_area": _figure(found), "gain": _figure(gain)}
            if gain.low > 0:
                score, head = made.out_of_fold, made.head
            else:
                why = (
                    "A head of this hospital's own is not ahead of the shipped one beyond doubt "
                    f"(AUROC {gain.value:+.3f}, {gain.low:+.3f} to {gain.high:+.3f}): {_ALONE}."
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
    threshold = threshold_for(score, data.positive, wanted)
    called = out_of_fold_calls(score, data, wanted)
    sides = {"sensitivity": called[data.positive], "specificity": ~called[~data.positive]}
    for figure, right in sides.items():
        if len(right):
            report[figure] = _figure(thresholds.share(int(right.sum()), len(right)))
    area = report.get("head_area" if head else "shipped_area")
    report |= {"why": why, "more": _more(sides, area)}
    return {
        "kind": "head" if head else "threshold",
        "threshold": threshold,
        "wanted": {key: float(value) for key, value in wanted.items()},
        "films": {
            negative: int((~data.positive).sum()),
            positive: int(data.positive.sum()),
        },
        "report": report,
        "negatives": np.sort(score[~data.positive]).astype(np.float32),
        "positives": np.sort(score[data.positive]).astype(np.float32),
        "head": head,
    }


@dataclass(frozen=True, eq=False)
class Adapted:
    """A head fitted on a site's films.

    Attributes
    ----------
    head : SiteHead
    out_of_fold : float64 (n,)
        Each film's log-odds from heads that were fitted without its patient.
    """

    head: SiteHead
    out_of_fold: NDArray[np.float64]


def adapted(
    model: Classifier,
    reference: Reference | None,
    data: Labelled,
    positive: str,
    negative: str,
) -> Adapted:
    """Fit a head, and what it would say of each film without having seen its patient."""
    values = Values(model, reference, data.averages, positive, negative)
    turned = [ridge.turned(values(data.averages, gain)) for gain, _ in WAYS]
    ways = [(films, strength) for (films, _), (_, strength) in zip(turned, WAYS, strict=True)]
    raw = ridge.out_of_fold(ways, data.positive, data.patients)
    scale = ridge.calibrate(raw, data.positive)
    best = ridge.choose(ways, data.positive, data.patients, 0)
    line, axes = ridge.fit(ways[best][0], data.positive, ways[best][1]), turned[best][1]
    a, b = float(scale.weights[0]), scale.intercept
    whole = ridge.Line(a * (axes.T @ line.weights), a * line.intercept + b)
    logits = np.stack([film.logits for film in data.films])
    head = values.head(whole, WAYS[best][0], bias_of(model, data.averages, logits))
    return Adapted(head, scale(raw[:, None]))


def area_of(
    score: NDArray[np.floating], positive: NDArray[np.bool_], patients: NDArray[np.integer]
) -> Estimate:
    """AUROC with its interval by patient."""
    again = curves.resample(score, positive, patients, draw(patients)).auroc
    return estimate(curves.auroc(curves.count(score, positive)), again)


def gain_of(
    score: NDArray[np.floating],
    other: NDArray[np.floating],
    positive: NDArray[np.bool_],
    patients: NDArray[np.integer],
) -> Estimate:
    """AUROC of `score` less that of `other`, in the same resamples."""
    counts = draw(patients)
    values = [curves.auroc(curves.count(each, positive)) for each in (score, other)]
    spread = [curves.resample(each, positive, patients, counts).auroc for each in (score, other)]
    return estimate(values[0] - values[1], spread[0] - spread[1])


def threshold_for(
    score: NDArray[np.floating], positive: NDArray[np.bool_], wanted: Mapping[str, float]
) -> float:
    """The log-odds from which films are called, for a wanted sensitivity or specificity."""
    if "sensitivity" in wanted:
        return thresholds.for_sensitivity(score[positive], wanted["sensitivity"])
    return thresholds.for_specificity(score[~positive], wanted["specificity"])


def out_of_fold_calls(
    score: NDArray[np.floating], data: Labelled, wanted: Mapping[str, float]
) -> NDArray[np.bool_]:
    """Whether each film is called by a threshold that other patients' films chose."""
    order = np.random.default_rng(0).permutation(int(data.patients.max()) + 1)
    part = order[data.patients] % min(ridge.FOLDS, len(order))
    called = np.zeros(len(score), bool)
    for number in np.unique(part):
        held = part == number
        called[held] = score[held] >= threshold_for(score[~held], data.positive[~held], wanted)
    return called


def _more(
    sides: Mapping[str, NDArray[np.bool_]], area: Mapping[str, float] | None
) -> list[dict[str, float]]:
    """How wide intervals would be of more films of each label, were the figures the same."""
    found = []
    for extra in MORE:
        line: dict[str, float] = {"films": float(extra)}
        for figure, right in sides.items():
            if len(right):
                line[figure] = thresholds.width(float(right.mean()), len(right) + extra)
        if area is not None:
            fewest = min(len(right) for right in sides.values())
            shrink = float(np.sqrt(fewest / (fewest + extra)))
            line["area"] = (area["high"] - area["low"]) * shrink
        found.append(line)
    return found


def _unlabelled(
    model: Classifier, films: list[Film], positive: str, negative: str, share: float | None
) -> dict[str, Any]:
    if len(films) < alignment.LEAST:
        raise SiteError(
            "too_few_films",
            f"There are {len(films)} films without labels; at least {alignment.LEAST} are needed, "
            f"or {thresholds.LEAST} labelled {negative}.",
        )
    if share is None:
        raise SiteError(
            "bad_request",
            f"State which share of these films you take to be {positive}: it cannot be found out "
            "from films without labels.",
        )
    if model.head_weights is None:
        raise SiteError(
            "no_averages",
            "This network's head is not linear on averages, so films without labels say nothing. "
            f"Label {thresholds.LEAST} films of {negative}.",
        )
    reference = reference_of(model)
    if reference is None or (reference.positive, reference.negative) != (positive, negative):
        raise SiteError(
            "no_reference",
            "This bundle brings no reference of known hospitals for these labels. Make one with: "
            "python -m train reference --data DIR --out models/NAME",
        )
    averages = np.stack([film.averages for film in films])
    logits = np.stack([film.logits for film in films]).astype(np.float64)
    first, second = model.labels.index(positive), model.labels.index(negative)

    def called(stated: float) -> tuple[SiteHead, float]:
        head = alignment.aligned_head(model, reference, averages, stated)
        moved = logits + head.added(averages)
        return head, float((moved[:, first] >= moved[:, second]).mean())

    head, there = called(share)
    others = {
        f"{stated:g}": called(stated)[1] for stated in (share / 2, min(2 * share, (1 + share) / 2))
    }
    return {
        "kind": "aligned",
        "threshold": 0.0,
        "wanted": {"share": float(share)},
        "films": {"": len(films)},
        "report": {
            "why": "",
            "called": there,
            "called_shipped": float((logits[:, first] >= logits[:, second]).mean()),
            "called_if": others,
        },
        "negatives": np.zeros(0, np.float32),
        "positives": np.zeros(0, np.float32),
        "head": head,
    }


def _figure(found: Estimate) -> dict[str, float]:
    return {"value": found.value, "low": found.low, "high": found.high}
