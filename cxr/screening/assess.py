"""How a file becomes an answer: read, check, predict, decide. Every film that somebody brings is
scored here: by pages, command line, stories, and whoever uses the library for real films."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from functools import cache

from ..dicomweb.reference import Reference
from ..errors import BundleError, CxrError
from ..imaging.radiograph import Radiograph
from ..imaging.reader import read
from ..input_checks import Passport, inspect, limits_of, refuse
from ..model.classifier import Classifier, Prediction
from ..model.decision import prediction_sets
from ..model.lungs import LungFinder
from ..model.lungs import load as load_lungs
from .standing import Standing, standing_of

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | Radiograph | Reference


@dataclass(frozen=True, eq=False)
class Assessment:
    """What became of one film under one model: a refusal, or everything that is said of it.

    Attributes
    ----------
    refusal : CxrError or None
        Why there is no score; `prediction` is None then. It outranks everything else.
    film : Radiograph or None
        What was read; it is there too where a film was read and then refused.
    checks : Passport or None
        The input checks; None where nothing was read. What they say `before_scores` stands before
        any score.
    prediction : Prediction or None
        Calibrated scores.
    sets : dict of str to tuple of str
        Promised coverage → the labels that are not ruled out at it.
    above : dict of str to bool
        Label → whether its probability reaches the bundle's operating point. Both this and `sets`
        are promises of the network as shipped: none is made under a hospital profile.
    standing : Standing or None
        None without a profile where the bundle brings no films of unseen hospitals along.
    """

    refusal: CxrError | None = None
    film: Radiograph | None = None
    checks: Passport | None = None
    prediction: Prediction | None = None
    sets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    above: dict[str, bool] = field(default_factory=dict)
    standing: Standing | None = None

    @property
    def scored(self) -> tuple[Prediction, Passport]:
        """Scores and checks of a film that was not refused."""
        if self.refusal is not None:
            raise self.refusal
        assert self.prediction is not None
        assert self.checks is not None
        return self.prediction, self.checks

    @property
    def before_scores(self) -> tuple[str, ...]:
        """Sentences that stand before any score: that the film is outside what the model knows."""
        return self.checks.before_scores if self.checks else ()


@cache
def shipped_lungs() -> LungFinder | None:
    """The network that finds lungs, loaded once; None where its bundle is missing or altered."""
    try:
        return load_lungs()
    except BundleError:
        return None


def film_of(source: Source, all_the_same: bool = False) -> Radiograph:
    """Read a film, wherever it is; `all_the_same` as in :func:`cxr.imaging.reader.read`.

    Raises
    ------
    UnreadableFile, NotARadiograph, PacsError
    """
    if isinstance(source, Radiograph):
        return source
    if isinstance(source, Reference):
        from ..dicomweb.client import fetch

        return read(fetch(source), all_the_same)
    return read(source, all_the_same)


def assess(source: Source, model: Classifier, let_in: bool = False) -> Assessment:
    """Read one film, check it, score it; refuse what cannot be read and what shows no chest.

    Whether it shows one is asked of the network that finds lungs; where that is missing, the checks
    say what they could not look at.

    Parameters
    ----------
    source : path, the bytes of a file, a Radiograph that was read already, or a film in a PACS
    model : Classifier
        At a hospital, where there is a profile: ``model.at(site)``.
    let_in : bool
        Score also what would be refused as no frontal chest film, on the reader's word; what
        doubted it stands in its `film` and its `checks`.

    Returns
    -------
    Assessment
        A film's refusal is part of it, never raised.

    Raises
    ------
    BundleError
        ``bad_passport``, ``bad_reference``: the model's own limits, or what it brings along of
        hospitals, cannot be used.
    """
    fitted = limits_of(model)
    film = checks = None
    try:
        film = film_of(source, let_in)
        if film.doubts and not let_in:
            raise film.doubts[0]
        prediction = model.predict([film])[0]
        checks = inspect(film, prediction.features, fitted, shipped_lungs())
        if not let_in:
            refuse(checks)
    except CxrError as refusal:
        return Assessment(refusal, film, checks)
    scores = prediction.probabilities
    standing = standing_of(prediction, model)
    if model.site is not None:
        return Assessment(None, film, checks, prediction, standing=standing)
    return Assessment(
        None,
        film,
        checks,
        prediction,
        prediction_sets(scores, model.bundle.conformal),
        {
            label: scores[label] >= point["threshold"]
            for label, point in model.bundle.operating_points.items()
        },
        standing,
    )


def by_origin(found: Assessment, model: Classifier, known_hospital: bool) -> Assessment:
    """What may be said of a film by where it is from: sets and operating points are promises of
    hospitals that the model knows, where in turn its place among films of others is not asked."""
    if model.site is None and known_hospital:
        return replace(found, standing=None)
    return replace(found, sets={}, above={})
