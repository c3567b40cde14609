"""A hospital's films without labels: their averages' moments moved to those of known hospitals."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SiteError
from ..model.classifier import Classifier
from ..model.reference import HospitalReference, reference_of
from ..model.site_head import SiteHead
from ..site_profiles import drift
from . import thresholds
from .films import SiteFilm

LEAST = 50
"""Patients of films without labels below which nothing is moved: their moments are too unsure."""


def aligned_head(
    model: Classifier, reference: HospitalReference, averages: NDArray[np.floating], share: float
) -> SiteHead:
    """The shipped head on averages moved so that mean and deviation of each are those that adults'
    films of known hospitals would have, were `share` of them positive.

    Parameters
    ----------
    model : Classifier
        As shipped, with a linear head.
    reference : HospitalReference
    averages : float32 (n, K)
        Of the hospital's films.
    share : float, 0 to 1
        Of the positive label, as stated by the user. An assumption that nothing here can check.
    """
    assert model.head_weights is not None
    return moved_head(*moments(reference, averages, share), model.head_weights)


def moments(
    reference: HospitalReference, averages: NDArray[np.floating], share: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """By what each average is multiplied, .2 to 5, and what is added then: float64 (K,) each."""
    r = reference
    mean = (1 - share) * r.negative_mean + share * r.positive_mean
    apart = share * (1 - share) * (r.positive_mean - r.negative_mean) ** 2
    within = (1 - share) * r.negative_deviation**2 + share * r.positive_deviation**2
    there = np.maximum(averages.std(0, dtype=np.float64), r.deviation / 10)
    scale = np.clip(np.sqrt(within + apart) / there, 0.2, 5.0)
    return scale, mean - scale * averages.mean(0, dtype=np.float64)


def moved_head(
    scale: NDArray[np.floating], shift: NDArray[np.floating], shipped: NDArray[np.floating]
) -> SiteHead:
    """What has to be added to the logits of the head `shipped`, (K, classes), for it to see
    ``scale * averages + shift``."""
    weights = shipped.astype(np.float64)
    return SiteHead(
        ((scale - 1)[:, None] * weights).astype(np.float32), (shift @ weights).astype(np.float32)
    )


def moved(
    model: Classifier,
    films: list[SiteFilm],
    patients: NDArray[np.integer],
    positive: str,
    negative: str,
    share: float | None,
) -> dict[str, Any]:
    """What a profile holds that rests on films without labels, but for its name; `patients`,
    int (n,), numbers theirs.

    Raises
    ------
    SiteError
        ``too_few_films``, ``bad_request``, ``no_averages``, ``no_reference``.
    """
    if (there := len(np.unique(patients))) < LEAST:
        raise SiteError(
            "too_few_films",
            f"There are films without labels of {there} patients; at least {LEAST} are needed, "
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

    def log_odds(rows: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.asarray((rows[:, first] - rows[:, second]) / model.bundle.temperature)

    def called(stated: float) -> dict[str, float]:
        """Of films whose patients had no part in the moments that they are called by."""
        found = np.zeros(len(films), bool)
        for held in thresholds.parts(patients):
            head = aligned_head(model, reference, averages[~held], stated)
            found[held] = log_odds(logits[held] + head.added(averages[held])) >= 0
        return asdict(thresholds.share_of(found, patients))

    head = aligned_head(model, reference, averages, share)
    return {
        "kind": "aligned",
        "threshold": 0.0,
        "wanted": {"share": float(share)},
        "films": {"": len(films)},
        "report": {
            "why": "",
            "called_at": [{"share": stated, **called(stated)} for stated in around(share)],
            "called_shipped": asdict(
                thresholds.share_of(logits[:, first] >= logits[:, second], patients)
            ),
        },
        "seen": drift.numbers(model, averages, log_odds(logits + head.added(averages))),
        "negatives": np.zeros(0, np.float32),
        "positives": np.zeros(0, np.float32),
        "head": head,
    }


def around(share: float) -> tuple[float, float, float]:
    """A stated share, between half of it and double; half the way to all where double would be all
    films or more."""
    return share / 2, share, 2 * share if share < 0.5 else (1 + share) / 2
