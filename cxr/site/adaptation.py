"""A head fitted on a hospital's films of both labels, and what it would say of each of them without
having seen its patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..model.classifier import Classifier
from ..model.reference import HospitalReference
from ..model.site_head import SiteHead
from . import ridge
from .films import SiteFilm
from .heads import CANDIDATES, Values, bias_of


@dataclass(frozen=True, eq=False)
class Labelled:
    """Films of the two labels, and what the shipped network says of them.

    Attributes
    ----------
    films : list of SiteFilm
    averages : float32 (n, K)
    shipped : float64 (n,)
        Log-odds as shipped.
    positive : bool (n,)
    patients : int (n,)
    """

    films: list[SiteFilm]
    averages: NDArray[np.float32]
    shipped: NDArray[np.float64]
    positive: NDArray[np.bool_]
    patients: NDArray[np.int64]


def labelled(
    model: Classifier,
    films: list[SiteFilm],
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
    reference: HospitalReference | None,
    data: Labelled,
    positive: str,
    negative: str,
) -> Adapted:
    """Fit a head, and what it would say of each film without having seen its patient."""
    values = Values(model, reference, data.averages, positive, negative)
    turned = [ridge.turned(values(data.averages, gain)) for gain, _ in CANDIDATES]
    candidates = [
        (films, strength) for (films, _), (_, strength) in zip(turned, CANDIDATES, strict=True)
    ]
    raw = ridge.out_of_fold(candidates, data.positive, data.patients)
    scale = ridge.calibrate(raw, data.positive)
    best = ridge.choose(candidates, data.positive, data.patients, 0)
    line, axes = ridge.fit(candidates[best][0], data.positive, candidates[best][1]), turned[best][1]
    a, b = float(scale.weights[0]), scale.intercept
    whole = ridge.Line(a * (axes.T @ line.weights), a * line.intercept + b)
    logits = np.stack([film.logits for film in data.films])
    head = values.head(whole, CANDIDATES[best][0], bias_of(model, data.averages, logits))
    return Adapted(head, scale(raw[:, None]))
