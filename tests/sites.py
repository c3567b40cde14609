"""Hospitals made of numbers: films that a fit sees, without any picture."""

from __future__ import annotations

import hashlib
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

import cxr
from cxr.model.reference import HospitalReference
from cxr.model.site_head import SiteHead
from cxr.site import Profile
from cxr.site.films import SiteFilm


def hospital(
    model: cxr.Classifier,
    negatives: int,
    positives: int,
    apart: float = 1.5,
    crude: float = 0.0,
    seed: int = 0,
) -> tuple[list[SiteFilm], list[str]]:
    """Films of N, then of T. The averages of the first eight maps are `apart` deviations higher in
    T, which the shipped head does not know; `crude` deviations part the thumbnails."""
    rng = np.random.default_rng(seed)
    assert model.head_weights is not None
    bias = np.zeros(len(model.labels))
    films = []
    for number in range(negatives + positives):
        ill = number >= negatives
        averages = rng.normal(1, 0.2, model.maps)
        averages[:8] += 0.2 * apart * ill / np.sqrt(8)
        looks = [rng.normal(0, 1, n) + crude * ill for n in (256, 112, 400, 4)]
        films.append(
            SiteFilm(
                hashlib.sha256(averages.tobytes()).hexdigest(),
                averages.astype(np.float32),
                (averages @ model.head_weights + bias).astype(np.float32),
                tuple(look.astype(np.float32) for look in looks),
                False,
            )
        )
    return films, ["N"] * negatives + ["T"] * positives


def profile(model: cxr.Classifier, head: SiteHead | None = None, **changed: object) -> Profile:
    """A profile that fits `model`; its threshold is a log-odds of .25."""
    values: dict[str, object] = {
        "name": "Drawn hospital",
        "created": "2026-01-01T00:00:00+00:00",
        "network": model.bundle.digest,
        "preprocessing": asdict(model.preprocessing),
        "labels": model.labels,
        "positive": "T",
        "negative": "N",
        "kind": "head" if head else "threshold",
        "threshold": 0.25,
        "wanted": {"specificity": 0.7},
        "films": {"N": 3, "T": 2},
        "report": {"why": ""},
        "negatives": np.array([-3, -1, 0.5], np.float32),
        "positives": np.array([0.0, 2.0], np.float32),
        "seen": np.zeros((0, 0), np.float32),
        "head": head,
    }
    return Profile(**(values | changed))  # type: ignore[arg-type]


def some_head(model: cxr.Classifier, seed: int = 0) -> SiteHead:
    rng = np.random.default_rng(seed)
    shape = (model.maps, len(model.labels))
    return SiteHead(
        rng.normal(0, 0.3, shape).astype(np.float32),
        rng.normal(0, 0.3, shape[1]).astype(np.float32),
    )


def reference(model: cxr.Classifier) -> HospitalReference:
    """Of known hospitals like :func:`hospital`, where it is the first eight maps that tell."""
    rng = np.random.default_rng(5)
    direction = np.zeros(model.maps, np.float32)
    direction[:8] = 1 / np.sqrt(8)
    level = np.ones(model.maps, np.float32)
    spread = np.full(model.maps, 0.2, np.float32)
    shift = (0.2 * 1.5 * direction).astype(np.float32)
    scores: list[NDArray[np.float32]] = [
        np.sort(rng.normal(m, 1, 200)).astype(np.float32) for m in (-2, 1)
    ]
    return HospitalReference(
        *("T", "N", level + shift / 2, spread, direction),
        *(level, spread, level + shift, spread, *scores),
        {"far": {"N": 200, "T": 200}},
        ("near",),
    )
