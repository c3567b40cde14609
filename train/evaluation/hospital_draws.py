"""Profiles fitted on draws of one hospital's films, again and again, each judged on the films of
all other patients there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from cxr.metrics import curves, delong
from cxr.metrics.hospital_profiles import TOLERANCE
from cxr.model.classifier import Classifier
from cxr.model.reference import HospitalReference
from cxr.model.site_head import SiteHead
from cxr.site import alignment
from cxr.site.adaptation import Labelled, adapted
from cxr.site.fitting import WANTED
from cxr.site.thresholds import LEAST, out_of_fold_calls, share_of, threshold_for

Indices = NDArray[np.integer]

COUNTS, DRAWS = (5, 10, 20, 30, 50), 100
LEFT = 20
"""Patients of each label that must be left to judge on."""
UNLABELLED = alignment.LEAST
"""Films without labels that are drawn, each another patient's."""


def labelled(
    model: Classifier,
    known: HospitalReference | None,
    whole: Labelled,
    count: int,
    positive: str,
    negative: str,
) -> dict[str, Any]:
    """From `count` films of each label: a head where it would be offered, and a threshold."""
    rows = []
    for learn, others in tqdm(_draws(whole, count), f"{count} + {count}", DRAWS):
        drawn, ill = part(whole, learn), whole.positive[others]
        made = adapted(model, known, drawn, positive, negative)
        odds = _odds(model, made.head, whole, others, positive, negative)
        gain = delong.gain(made.out_of_fold, drawn.shipped, drawn.positive, drawn.patients)
        offered = bool(gain.low > 0) and count >= LEAST
        score, own = (odds, made.out_of_fold) if offered else (whole.shipped[others], drawn.shipped)
        rows.append(
            {
                "shipped": _area(whole.shipped[others], ill),
                "head": _area(odds, ill),
                "offered": float(offered),
                **_rates(score >= threshold_for(own, drawn.positive, WANTED), ill),
                **_reported(own, drawn.positive, drawn.patients),
            }
        )
    table = pd.DataFrame(rows)
    ahead = table["head"] - table["shipped"]
    return {
        "films": count,
        "draws": len(table),
        **_spread(table, "shipped", "head", "sensitivity", "specificity"),
        "worst_gain": float(ahead.min()),
        "offered": float(table.offered.mean()),
        "met": _met(table.specificity),
        **_held(table),
    }


def threshold_alone(whole: Labelled, count: int) -> dict[str, Any]:
    """From `count` known negatives alone."""
    rows = []
    for learn, others in _draws(whole, count):
        own = learn[~whole.positive[learn]]
        limit = threshold_for(whole.shipped[own], whole.positive[own], WANTED)
        judged = _rates(whole.shipped[others] >= limit, whole.positive[others])
        told = _reported(whole.shipped[own], whole.positive[own], whole.patients[own])
        rows.append({**judged, **told})
    table = pd.DataFrame(rows)
    return {
        "films": count,
        "draws": len(table),
        **_spread(table, *(name for name in ("sensitivity", "specificity") if name in table)),
        "met": _met(table.specificity),
        **_held(table),
    }


def unlabelled(
    model: Classifier,
    known: HospitalReference | None,
    whole: Labelled,
    positive: str,
    negative: str,
) -> list[dict[str, Any]]:
    """From films without labels, drawn as they come, at the hospital's own share of the positive
    label and at half and double of it; nothing where too few would be left to judge on."""
    share = float(whole.positive.mean())
    one_each = np.sort(np.unique(whole.patients, return_index=True)[1])
    if known is None or min(share, 1 - share) * (len(one_each) - UNLABELLED) < LEFT:
        return []
    found = []
    for stated in alignment.around(share):
        rows = []
        for draw in range(DRAWS):
            rng = np.random.default_rng([UNLABELLED, draw])
            learn = rng.choice(one_each, UNLABELLED, replace=False)
            others = _of_others(whole, learn)
            head = alignment.aligned_head(model, known, whole.averages[learn], stated)
            odds = _odds(model, head, whole, others, positive, negative)
            ill = whole.positive[others]
            rows.append({"area": _area(odds, ill), **_rates(odds >= 0, ill)})
        spread = _spread(pd.DataFrame(rows), "area", "sensitivity", "specificity")
        about = {"films": UNLABELLED, "draws": DRAWS, "share": share, "stated": stated}
        found.append({**about, **spread})
    return found


def part(whole: Labelled, places: Indices) -> Labelled:
    """Some of the films, their patients numbered anew."""
    people = np.unique(whole.patients[places], return_inverse=True)[1]
    return Labelled(
        [whole.films[place] for place in places],
        whole.averages[places],
        whole.shipped[places],
        whole.positive[places],
        people,
    )


def _draws(whole: Labelled, count: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Films that are learnt from, `count` of each label, and those of all other patients."""
    for draw in range(DRAWS):
        rng = np.random.default_rng([count, draw])
        sides = [np.flatnonzero(side) for side in (~whole.positive, whole.positive)]
        held = [side for side in sides if len(side)]
        learn = np.concatenate([rng.choice(side, count, replace=False) for side in held])
        yield learn, _of_others(whole, learn)


def _of_others(whole: Labelled, learn: Indices) -> NDArray[np.intp]:
    return np.flatnonzero(~np.isin(whole.patients, whole.patients[learn]))


def _odds(
    model: Classifier,
    head: SiteHead,
    whole: Labelled,
    places: Indices,
    positive: str,
    negative: str,
) -> NDArray[np.float64]:
    """Log-odds of the films at `places` under a head of the hospital's own."""
    first, second = model.labels.index(positive), model.labels.index(negative)
    logits = np.stack([whole.films[place].logits for place in places]).astype(np.float64)
    moved = logits + head.added(whole.averages[places])
    return np.asarray((moved[:, first] - moved[:, second]) / model.bundle.temperature)


def _rates(called: NDArray[np.bool_], ill: NDArray[np.bool_]) -> dict[str, float]:
    """Sensitivity, where there are films for it, and specificity."""
    found = {"specificity": float((~called[~ill]).mean())}
    return {**found, "sensitivity": float(called[ill].mean())} if ill.any() else found


def _area(score: NDArray[np.floating], ill: NDArray[np.bool_]) -> float:
    return curves.auroc(curves.count(score, ill))


def _met(specificity: pd.Series) -> float:
    return float(((specificity - WANTED["specificity"]).abs() <= TOLERANCE).mean())


def _reported(
    score: NDArray[np.floating], positive: NDArray[np.bool_], patients: Indices
) -> dict[str, float]:
    """The interval of the specificity that a profile of these films reports; NaN of fewer patients
    than one is fitted to."""
    people = np.unique(patients, return_inverse=True)[1]
    if len(np.unique(people[~positive])) < LEAST:
        return {"low": float("nan"), "high": float("nan")}
    called = out_of_fold_calls(score, positive, people, WANTED)
    told = share_of(~called[~positive], patients[~positive])
    return {"low": told.low, "high": told.high}


def _held(table: pd.DataFrame) -> dict[str, float]:
    """Share of draws whose reported interval holds the specificity on the films of all others;
    nothing where none reports one."""
    told = table[table.low.notna()]
    if told.empty:
        return {}
    return {"held": float(told.specificity.between(told.low, told.high).mean())}


def _spread(table: pd.DataFrame, *names: str) -> dict[str, dict[str, float]]:
    """The median and where nine draws of ten lie, of each column."""
    found = {}
    for name in names:
        middle, low, high = np.quantile(table[name], [0.5, 0.05, 0.95])
        found[name] = {"value": float(middle), "low": float(low), "high": float(high)}
    return found
